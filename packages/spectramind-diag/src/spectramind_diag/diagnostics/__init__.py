"""One diagnostic a file: each looks at a run's evidence and returns findings as data."""
