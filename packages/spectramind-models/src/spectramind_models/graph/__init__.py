"""Encoders on the graph of spectral bins: edges, and attention or messages along them."""
