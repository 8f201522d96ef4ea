"""Why two traces differ: preflight, self-consistency, ratios, hypotheses, attribution."""
