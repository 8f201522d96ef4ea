"""Two traces compared field by field, to the first divergence."""
