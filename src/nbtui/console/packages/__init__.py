"""The packages screen: evidence packages of a reports folder."""
