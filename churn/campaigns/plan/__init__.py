"""The plan of a campaign: who may be contacted, with what, and why; read and approved before anything is sent."""
