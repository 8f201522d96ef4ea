"""The set-up: `Options` and input files to an `Experiment` (detector, beam, crystal, sampling)."""
