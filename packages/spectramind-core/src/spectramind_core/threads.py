"""How threads wait, and how many, for whoever starts a process; before numpy or torch is imported.

os.environ.update(THREADS | os.environ)  # what the user has set stays
"""

from __future__ import annotations

THREADS = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Idle threads of torch's and numba's two OpenMP runtimes spin against each other unless told to
wait passively; those of numpy's BLAS spin against the threads that planets are worked on in, and
its matrices here are small."""
