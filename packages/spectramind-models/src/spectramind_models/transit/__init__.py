"""The physics estimate: transit depths by least squares, and their Gaussian posterior."""
