"""A search result as ranked causes: attribution, evidence in the logs, remedies, text and JSON."""
