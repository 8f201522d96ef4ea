"""Presentation of a search result: ranked causes, attribution of the gap, remedies, text and JSON."""
