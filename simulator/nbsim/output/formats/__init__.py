"""Image formats of nanoBragg: SMV, PGM. Source: nanobragg_pixel_loop.md section 10."""
