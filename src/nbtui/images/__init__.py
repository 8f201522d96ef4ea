"""Detector images: reading, comparing, locating and explaining the difference, drawing. numpy only."""
