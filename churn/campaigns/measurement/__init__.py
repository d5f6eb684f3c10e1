"""What a campaign did: what became of its customers, treated against held out, in words, tables and a picture."""
