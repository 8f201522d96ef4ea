"""The raw log screen: both logs side by side."""
