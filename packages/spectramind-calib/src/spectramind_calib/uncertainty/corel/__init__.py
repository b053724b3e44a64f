"""Relational conformal calibration over the graph of bins."""
