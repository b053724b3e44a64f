"""Estimator v50: physics first, then a network that corrects what physics left."""
