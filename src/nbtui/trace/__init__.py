"""Trace logs of every dialect, read into one `Trace`."""
