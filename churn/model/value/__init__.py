"""What a customer is worth: net spend within the horizon, and over a lifetime that the settings state."""
