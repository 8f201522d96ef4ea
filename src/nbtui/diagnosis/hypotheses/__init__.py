"""The hypotheses: known ways in which implementations go wrong."""
