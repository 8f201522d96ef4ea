"""For refinement: parametrisations of crystal, cell and F, several panels, background, standard errors."""
