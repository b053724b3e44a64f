"""Symbolic rules: what physics and instrument allow of a spectrum, one rule a file."""
