"""Helpers of the tests: toys, traces, terminals, reference cases."""
