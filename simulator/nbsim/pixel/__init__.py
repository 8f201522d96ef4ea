"""The pixel loop as one formula: an `Experiment` to terms, pixel values and trace lines."""
