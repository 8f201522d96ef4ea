"""Files and summary lines that the C program leaves, noise included."""
