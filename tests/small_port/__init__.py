"""A small, wrong torch port, and its bugs: for tests of what a user of a port does."""
