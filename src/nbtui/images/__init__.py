"""Diffraction images: reading, comparing, showing. numpy only; see docs/architecture.md."""
