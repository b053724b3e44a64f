"""The instrument: what it does to light, how to undo it, and how its files are read.

One file per effect, in the order light meets them; each has its forward direction ``apply`` (the
simulator's) beside its inverse ``undo`` (the calibration's). All of them are pure functions of
arrays laid out pixel-major: ``[row, column, frame]`` with time contiguous, calibration frames
``[row, column]``.

    background -> flat -> dark -> cosmic -> ramps -> pixels -> linearity -> noise -> adc

`fused` is the inverse of the electronic ones as a single compiled pass.
"""
