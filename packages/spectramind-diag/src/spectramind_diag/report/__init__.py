"""Reports: they draw any diagnostic's findings and know none of them by name."""
