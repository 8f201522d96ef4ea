"""The parameters of a case: their table, edits of the command line, typed values, tuning, values read from a C log."""
