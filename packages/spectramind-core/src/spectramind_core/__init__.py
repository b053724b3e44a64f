"""SpectraMind V50: the contracts, plugins and runner behind ``smv50 run spec.yaml``."""

__version__ = "0.1.0"
