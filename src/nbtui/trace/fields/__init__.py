"""The field catalogue: one row per named trace value."""
