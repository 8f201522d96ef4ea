"""Structure factors: HKL text, cache, MTZ and CIF files, and lookup."""
