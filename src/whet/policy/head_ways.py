"""Which way the head's probabilities are made: a row of a table.

| way | probabilities | where |
|---|---|---|
| `BY_TORCH` | in float32, rounded to the layers' dtype where they are kept (`head_probabilities.py`) | everywhere |
| `IN_PLACE` | written over the logits, in one kernel (`triton_softmax.py`) | CUDA with Triton, without a soft cap |
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec

import torch
from torch import Tensor

from whet.policy.head_probabilities import BY_TORCH, Way


def way_of(hidden_ND: Tensor, soft_cap: float | None) -> Way:
    """Returns the way for hidden states of this device and dtype."""
    serves = SERVES.get(hidden_ND.device.type)
    if soft_cap is not None or serves is None or not serves(hidden_ND.device, hidden_ND.dtype):
        return BY_TORCH
    from whet.policy.triton_softmax import IN_PLACE

    return IN_PLACE


def _with_triton(device: torch.device, dtype: torch.dtype) -> bool:
    if dtype == torch.float64 or find_spec("triton") is None:
        return False
    from whet.policy.triton_softmax import softmax_works

    return softmax_works(device, dtype)


SERVES: Mapping[str, Callable[[torch.device, torch.dtype], bool]] = {"cuda": _with_triton}
"""By device type, whether `IN_PLACE` works."""
