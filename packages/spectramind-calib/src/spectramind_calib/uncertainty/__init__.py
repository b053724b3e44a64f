"""Uncertainty that can be trusted: calibrators of sigma, intervals and bands."""
