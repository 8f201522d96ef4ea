"""The runs screen: the runs of a port, what moved, and the output of its command."""
