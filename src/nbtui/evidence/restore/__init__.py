"""A package as a living session: its case with the input files found again, its settings and logs."""
