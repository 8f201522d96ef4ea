"""Panes of the main screen: state and size to lines."""
