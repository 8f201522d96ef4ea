"""The image screen: the detector, reference and simulation."""
