"""What a campaign can show, before anyone starts: of numbers alone."""
