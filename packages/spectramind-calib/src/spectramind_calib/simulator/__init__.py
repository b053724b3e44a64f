"""The simulator: the forward model that detector calibration inverts."""
