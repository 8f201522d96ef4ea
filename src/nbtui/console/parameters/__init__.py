"""The parameters screen: a form that simulates every change."""
