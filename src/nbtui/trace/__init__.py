"""Reading trace logs."""
