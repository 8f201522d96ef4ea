"""A search result explained: ranked causes, attribution of the gap, remedies."""
