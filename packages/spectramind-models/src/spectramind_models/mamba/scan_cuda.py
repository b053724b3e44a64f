"""The selective scan by mamba-ssm's CUDA kernel, imported only where it is used."""

from __future__ import annotations

from torch import Tensor


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Shapes as in `selective_scan`; everything must be on one GPU.

    Raises
    ------
    RuntimeError
        If mamba-ssm is not installed, or the tensors are not on a GPU.
    """
    if u.device.type != "cuda":
        raise RuntimeError("the scan backend 'cuda' needs a GPU; use 'auto', or 'numba' on a CPU")
    try:
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except ImportError as error:
        raise RuntimeError(
            "the scan backend 'cuda' needs mamba-ssm: pip install 'spectramind-models[cuda]'"
        ) from error
    channels_first = [tensor.transpose(1, 2).contiguous() for tensor in (u, delta, B, C)]
    u_, delta_, b_, c_ = channels_first
    result: Tensor = selective_scan_fn(u_, delta_, A, b_, c_)
    return result.transpose(1, 2)
