"""The whole detector: tiles of pixels, the fused kernel and threads."""
