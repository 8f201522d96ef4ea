"""The parameters of a case: table, edits of the command line, typed values, tuning, values in a C log."""
