"""Moves gradients to float32 masters during the backward, a bucket of weights at a time.

Each gradient goes once it is complete, so that no second gradient of the model exists. On a GPU two small kernels for
each of hundreds of weights would keep the host busy; there they go by the bucket, in a few kernels for many weights.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from whet.models.divided_rows import own_rows

BUCKETS: Mapping[str, int] = {"cuda": 64 << 20}
"""By device type, bytes of gradients that are moved together; elsewhere each goes by itself."""


class MasterGradients:
    """The gradients of weights that are narrower than their masters."""

    def __init__(self, pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
        """`pairs` of weight and master; a weight that is its own master keeps its gradient where it is."""
        self.pairs = [(weight, master) for weight, master in pairs if weight is not master]
        self._waiting: list[tuple[Tensor, Tensor]] = []
        self._bytes = 0

    @contextmanager
    def moving(self) -> Iterator[None]:
        """In the block, a backward's gradients are added to the masters' as they come."""
        hooks = [
            weight.register_post_accumulate_grad_hook(partial(self._arrived, master)) for weight, master in self.pairs
        ]
        try:
            yield
            self._move()
        finally:
            self._waiting, self._bytes = [], 0
            for hook in hooks:
                hook.remove()

    def _arrived(self, master: Tensor, weight: Tensor) -> None:
        if weight.grad is None:
            return
        self._waiting.append((weight, master))
        self._bytes += weight.grad.nbytes
        if self._bytes >= BUCKETS.get(weight.device.type, 0):
            self._move()

    @torch.no_grad()
    def _move(self) -> None:
        """Adds the waiting gradients to their masters' in float32, and frees them."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if not waiting:
            return
        wide = [torch.empty_like(master) for _, master in waiting]
        narrow = [own_rows(weight.grad) for weight, _ in waiting if weight.grad is not None]
        torch._foreach_copy_([own_rows(new) for new in wide], narrow)
        for weight, _ in waiting:
            weight.grad = None
        again = [(master.grad, new) for (_, master), new in zip(waiting, wide, strict=True) if master.grad is not None]
        if again:
            torch._foreach_add_([own_rows(total) for total, _ in again], [own_rows(new) for _, new in again])
        for (_, master), new in zip(waiting, wide, strict=True):
            if master.grad is None:
                master.grad = new
