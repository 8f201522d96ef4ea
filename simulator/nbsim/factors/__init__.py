"""Structure factors: text, cache, MTZ and CIF files, and looking one up."""
