"""Output files and summary lines of the C program, noise included."""
