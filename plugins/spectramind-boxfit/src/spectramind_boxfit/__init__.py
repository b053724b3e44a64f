"""Box-shaped transits: an example plugin for SpectraMind V50."""
