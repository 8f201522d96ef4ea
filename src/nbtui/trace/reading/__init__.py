"""Log files of every dialect to a `Trace`."""
