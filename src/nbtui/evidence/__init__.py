"""Evidence packages: writing, reading, verifying and following them."""
