"""The sweeps screen: sweeps and hunts as they grow, their findings, and flags against findings."""
