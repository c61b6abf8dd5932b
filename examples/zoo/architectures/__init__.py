"""Architectures that no library has in a small size, written out with the block names of their papers or first repositories."""
