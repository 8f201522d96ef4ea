"""Lines, numbers, curves, tones: drawing without Textual."""
