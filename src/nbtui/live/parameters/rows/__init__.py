"""Rows of the parameter table, by the group of the form that shows them."""
