"""nbsim: nanoBragg's diffraction model in PyTorch."""
