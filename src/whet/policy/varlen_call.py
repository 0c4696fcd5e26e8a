"""Calls `torch.nn.attention.varlen.varlen_attn`, whose signature changed twice.

| torch | causal | scale | sliding window | grouped query heads |
|---|---|---|---|---|
| 2.10 | `is_causal` | that of the head size | none | as they are |
| 2.11 | `window_size=(-1, 0)` | `scale` | `window_size` | as they are |
| 2.12 on | `window_size=(-1, 0)` | `scale` | `window_size` | `enable_gqa` |
"""

import inspect
import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from whet.text import first_line

MODULE = "torch.nn.attention.varlen"


def varlen_function() -> Callable[..., Any]:
    """Returns torch's function. Raises `ImportError` before torch 2.10."""
    from torch.nn.attention.varlen import varlen_attn

    return varlen_attn


def has_windows() -> bool:
    """Whether torch's function knows sliding windows; False too where there is none."""
    return find_spec(MODULE) is not None and "window_size" in _names(varlen_function())


def varlen(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    starts: tuple[Tensor, Tensor],
    longest: tuple[int, int],
    scale: float,
    window: int | None,
) -> Tensor:
    """Causal attention of sequences laid end to end: query `[N, H, D]`, key and value `[M, K, D]`. Returns `[N, H, D]`.

    `starts` and `longest` are those of queries and of keys. A sequence's last query sees all of its keys, or those of
    the last `window` positions, its own counted. Raises `ValueError` for a window before torch 2.11.
    """
    attend = varlen_function()
    names = _names(attend)
    if "window_size" in names:
        more: dict[str, Any] = {"window_size": (-1 if window is None else window - 1, 0), "scale": scale}
        if "enable_gqa" in names:
            more["enable_gqa"] = True
    elif window is not None:
        raise ValueError("varlen_attn of this torch has no sliding window")
    else:
        more = {"is_causal": True}
        query = query * (scale * query.shape[-1] ** 0.5)  # it divides by the root of the head size itself
    seen: Tensor = attend(query, key, value, *starts, *longest, **more)
    return seen


def _names(function: Callable[..., Any]) -> frozenset[str]:
    found = _KNOWN.get(function)
    if found is None:
        found = _KNOWN[function] = frozenset(inspect.signature(function).parameters)
    return found


_KNOWN: dict[Callable[..., Any], frozenset[str]] = {}


def flash_works(device: torch.device, dtype: torch.dtype, head_size: int) -> bool:
    """Whether a tiny attention runs on the device, forward and backward: a build may lack the kernels, which is logged.

    Whoever asks may be computing without gradients.
    """
    try:
        with torch.inference_mode(False), torch.enable_grad():
            starts = torch.tensor([0, 8], dtype=torch.int32, device=device)
            x = torch.zeros(8, 1, head_size, dtype=dtype, device=device, requires_grad=True)
            varlen(x, x, x, starts=(starts, starts), longest=(8, 8), scale=1.0, window=None).sum().backward()
    except (RuntimeError, NotImplementedError, ImportError) as error:
        logging.getLogger("whet").warning(
            "flash attention does not run here (%s): the learner writes attention scores down, whose memory grows with "
            "the square of a completion's length",
            first_line(error),
        )
        return False
    return True
