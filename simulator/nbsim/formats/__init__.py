"""The files nanoBragg writes: float image, SMV integer image, PGM. Source: nanobragg_pixel_loop.md section 10."""
