"""Verdicts in the formats of CI systems: GitHub annotations and JUnit XML."""
