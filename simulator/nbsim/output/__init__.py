"""Output files and printed lines of the C program, noise included."""
