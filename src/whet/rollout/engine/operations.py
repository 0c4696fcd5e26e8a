"""What differs by device in the sampling loop: attention over the cache, drawing a token, and copies to and fro."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from whet.rollout.engine.fused_weights import FusedWeights
from whet.rollout.engine.gathered_cache import GatheredCache
from whet.rollout.engine.kv_cache import PromptCache
from whet.rollout.engine.mlp_gate import gate
from whet.rollout.engine.norms import Norm, add_norm
from whet.rollout.engine.paged_cache import PagedCache
from whet.rollout.engine.shared_cache import SharedCache
from whet.rollout.sampling import draw_by_counter
from whet.types import SamplingParams

Draw = Callable[[Tensor, Tensor, Tensor, SamplingParams], tuple[Tensor, Tensor]]
"""Logits `[R, V]`, keys and positions of the random numbers `[R]` to tokens and log-probabilities `[R]`."""

AddNorm = Callable[[Tensor, Tensor, Norm], tuple[Tensor, Tensor]]
"""x and delta `[…, hidden]` to x + delta and its norm."""

Gate = Callable[[Tensor, FusedWeights], Tensor]
"""(gate ‖ up) `[…, 2 I]` to activation(gate) · up `[…, I]`."""

Fetch = Callable[[Sequence[Tensor]], Callable[[], Sequence[Tensor]]]
"""Begins to copy tensors to the host; what it returns waits for them."""


Send = Callable[[Tensor, torch.device], Tensor]
"""Begins to copy a tensor of the host to a device; returns the copy, for operations that come after."""


@dataclass(frozen=True, slots=True)
class Operations:
    """A row of the table: how a device attends, draws, copies from and to the host, and computes between products."""

    cache: Callable[..., PromptCache]
    """Plays `PromptCache`, whose `attend` is the attention, for steps one by one."""
    pages: Callable[..., PagedCache]
    """A cache for steps that are recorded."""
    draw: Draw
    fetch: Fetch
    send: Send
    add_norm: AddNorm
    gate: Gate


def at_once(tensors: Sequence[Tensor]) -> Callable[[], Sequence[Tensor]]:
    """Copies what is on the host already, so that the next burst does not write over it."""
    copies = [tensor.clone() for tensor in tensors]
    return lambda: copies


def in_background(tensors: Sequence[Tensor]) -> Callable[[], Sequence[Tensor]]:
    """Copies from a GPU to pinned memory while the GPU goes on; the wait is for that copy alone."""
    copies = [torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True) for tensor in tensors]
    for copy, tensor in zip(copies, tensors, strict=True):
        copy.copy_(tensor, non_blocking=True)
    copied = torch.cuda.Event()
    copied.record()

    def waited() -> Sequence[Tensor]:
        copied.synchronize()
        return copies

    return waited


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Copies at once."""
    return tensor.to(device)


def sent_in_background(tensor: Tensor, device: torch.device) -> Tensor:
    """Copies from pinned memory, whose allocator knows when the copy is over, while host and GPU go on."""
    return tensor.pin_memory().to(device, non_blocking=True)


TORCH = Operations(SharedCache, GatheredCache, draw_by_counter, at_once, sent, add_norm, gate)
"""PyTorch's own operations, everything on the host."""

TORCH_ON_GPU = replace(TORCH, fetch=in_background, send=sent_in_background)
"""PyTorch's own operations on a GPU."""

BY_DEVICE: Mapping[str, Operations] = {"cpu": TORCH, "cuda": TORCH_ON_GPU}
"""What works on a device wherever PyTorch does."""


def triton_operations() -> Operations:
    """Returns the operations by Triton kernels. Raises `ImportError` where Triton is not installed."""
    from whet.rollout.engine.triton_block import triton_add_norm, triton_gate
    from whet.rollout.engine.triton_cache import TritonCache
    from whet.rollout.engine.triton_draw import triton_draw

    return replace(TORCH_ON_GPU, pages=TritonCache, draw=triton_draw, add_norm=triton_add_norm, gate=triton_gate)
