"""The help screen: keys, signs, preflight findings."""
