"""The parameters screen: a form whose every change is simulated."""
