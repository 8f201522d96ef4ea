"""Writing an evidence package."""
