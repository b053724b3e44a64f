"""The selective scan by mamba-ssm's CUDA kernel, imported only where it is used."""

from __future__ import annotations

from torch import Tensor

from spectramind_core.errors import PluginError


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Shapes as in `selective_scan`; everything must be on one GPU, in single precision.

    Raises
    ------
    PluginError
        If mamba-ssm is not installed.
    """
    try:
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except ImportError as error:
        raise PluginError(
            "the scan backend 'cuda' needs mamba-ssm, which cannot be imported",
            where="selective scan",
            hint="pip install 'spectramind-models[cuda]', or set backend to 'auto'",
        ) from error
    u, delta, B, C = (tensor.transpose(1, 2).contiguous() for tensor in (u, delta, B, C))
    result: Tensor = selective_scan_fn(u, delta, A, B, C)
    return result.transpose(1, 2)
