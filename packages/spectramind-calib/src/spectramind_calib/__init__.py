"""The instrument (reader, detector calibration, simulator) and calibrated uncertainty."""
