"""The instrument: what it does to light, how to undo it, and how its files are read.

One file per effect. The electronic ones have the forward direction ``apply`` (the simulator's)
beside its inverse ``undo`` (the calibration's): pure functions of arrays laid out pixel-major,
``[row, column, frame]`` with time contiguous and calibration frames ``[row, column]``.

    light -> background -> flat -> dark -> cosmic -> ramps -> pixels -> linearity -> adc -> counts

`visit` undoes them in reverse, then extracts and bins (`extraction`, `jitter`, `binning`, `noise`).
What of it touches every sample (`work`) is there in numpy (`calibration`), a correction at a time,
and compiled (`fused`, `kernels`), in one pass.
"""
