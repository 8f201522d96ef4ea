"""Following a reports folder: new, changed and removed packages."""
