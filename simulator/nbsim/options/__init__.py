"""nanoBragg's command line: the table of flags, the parser that walks it, and `Options`, the values as typed."""
