"""Heads: from hidden states to mu, sigma and covariance, starting at the physics posterior."""
