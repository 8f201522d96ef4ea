"""Reading evidence packages, old formats included."""
