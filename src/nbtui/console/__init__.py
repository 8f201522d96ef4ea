"""The terminal console: one folder per screen, pure state and drawing, thin Textual widgets."""
