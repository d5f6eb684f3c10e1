"""What saved models share: listed files with hashes, and trees as checked text; nothing in them is run."""
