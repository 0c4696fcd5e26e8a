"""AdamW over float32 master weights on one device, whatever dtype the layers compute in.

At a learning rate of 1e-6 the update of a bfloat16 weight is below its precision and rounds to zero. So each weight has
a float32 master that accumulates gradients and takes the step; the layers get a rounded copy. Where masters begin, so
that the rounded copies move from the first step on, is in `spread_masters.py`.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from whet.compute.master_gradients import MasterGradients
from whet.compute.oom import Stage, smaller_micro_batch
from whet.compute.schedule import learning_rate
from whet.compute.spread_masters import masters_of
from whet.config import OptimizerConfig
from whet.models.divided_rows import own_rows, whole_tensor
from whet.protocols import Part, Result


class MasterAdamW:
    """AdamW (arXiv:1711.05101) with the schedule and clipping of an `OptimizerConfig`."""

    def __init__(
        self,
        weights: Iterable[torch.nn.Parameter],
        config: OptimizerConfig,
        total_steps: int,
        micro_batch_tokens: int = sys.maxsize,
        inside: Callable[[], AbstractContextManager[None]] = nullcontext,
        stage: Stage = "grpo",
    ) -> None:
        """Gradients are computed, and steps taken, `inside()`; `stage` is named where memory does not suffice."""
        self.inside, self.stage = inside, stage
        self.micro_batch_tokens = micro_batch_tokens
        """Tokens per micro-batch; halved at every out-of-memory error."""
        self.weights = list(weights)
        self.masters = masters_of(self.weights)
        self.gradients = MasterGradients(zip(self.weights, self.masters, strict=True))
        self.config = config
        self.total_steps = total_steps
        self.adam = torch.optim.AdamW(
            self.masters,
            lr=config.learning_rate,
            betas=config.betas,
            weight_decay=config.weight_decay,
            fused=True,
        )

    def accumulate(self, batches: Sequence[Part], loss: Callable[[Part], tuple[Tensor, Result]]) -> list[Result]:
        """Adds the gradient of Σ `loss` over micro-batches of `batches`; returns the results of `loss`, in order.

        Raises `UserError` where even the smallest micro-batch runs out of memory.
        """
        while True:
            try:
                with self.inside():
                    return self._accumulated(batches, loss)
            except (RuntimeError, MemoryError) as error:
                smallest = min(batch.smallest for batch in batches)
                self.micro_batch_tokens = smaller_micro_batch(error, self.micro_batch_tokens, smallest, self.stage)
            self.zero_grad()  # outside of the handler: the error holds on to the tensors of the failed attempt

    def _accumulated(self, batches: Sequence[Part], loss: Callable[[Part], tuple[Tensor, Result]]) -> list[Result]:
        results = []
        for batch in batches:
            for micro_batch in batch.micro_batches(self.micro_batch_tokens):
                value, result = loss(micro_batch)
                self.backward(value)
                results.append(result)
        return results

    def backward(self, loss: Tensor) -> None:
        """Adds ∇loss to the masters' gradients, weight by weight, so that no second gradient of the model exists."""
        with self.gradients.moving():
            loss.backward()

    def step(self, index: int) -> Mapping[str, float]:
        """Clips the gradient's norm, steps at the schedule's rate and clears the gradient; returns norm and rate.

        Without a gradient (no group had a signal) or a finite one, weights and moments stay as they are.
        """
        rate = learning_rate(index, self.total_steps, self.config)
        gradients = [master for master in self.masters if master.grad is not None]
        if not gradients:
            return {"grad_norm": 0.0, "learning_rate": rate}
        with self.inside():
            norm = whole_tensor(torch.nn.utils.clip_grad_norm_(gradients, self.config.max_grad_norm, foreach=True))
        if not torch.isfinite(norm):
            self.zero_grad()
            return {"grad_norm": float(norm), "learning_rate": rate}
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self._round()
        return {"grad_norm": float(norm), "learning_rate": rate}

    def zero_grad(self) -> None:
        """Clears the accumulated gradient."""
        self.adam.zero_grad(set_to_none=True)
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def _round(self) -> None:
        """Copies the masters to the layers' weights, rounded to their dtype."""
        pairs = self.gradients.pairs
        if pairs:
            torch._foreach_copy_([own_rows(weight) for weight, _ in pairs], [own_rows(master) for _, master in pairs])

    def state_dict(self) -> dict[str, Tensor]:
        """Returns all that the next step depends on: masters, moments and their step counts."""
        held = {f"master.{index}": master.detach() for index, master in enumerate(self.masters)}
        for index, master in enumerate(self.masters):
            held |= {f"{name}.{index}": value for name, value in self.adam.state.get(master, {}).items()}
        return held

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restores masters and moments from `state_dict`, and the layers' rounded copies.

        Raises `ValueError` where they are of other weights.
        """
        refuse_other_weights(self.masters, state)
        for index, master in enumerate(self.masters):
            master.copy_(state[f"master.{index}"])
            moments = {name: state[f"{name}.{index}"] for name in STATE if f"{name}.{index}" in state}
            if moments:
                self.adam.state[master] = {name: _like(master, name, value) for name, value in moments.items()}
        self._round()


def refuse_other_weights(masters: Sequence[Tensor], state: Mapping[str, Tensor]) -> None:
    """Raises `ValueError` where the masters in `state` are not of the number and shapes of these."""
    own = {f"master.{index}": tuple(master.shape) for index, master in enumerate(masters)}
    saved = {name: tuple(tensor.shape) for name, tensor in state.items() if name.startswith("master.")}
    if other := sorted(own.items() ^ saved.items()):
        name = other[0][0]
        shapes = ("none" if name not in held else "×".join(map(str, held[name])) for held in (saved, own))
        raise ValueError("{} is {}, not {}".format(name, *shapes))


STATE = ("step", "exp_avg", "exp_avg_sq")
"""What AdamW keeps for each weight."""


def _like(master: Tensor, name: str, value: Tensor) -> Tensor:
    """A copy of a saved moment or step count on the master's device."""
    return value.to(master.device, copy=True) if name != "step" else value.clone().to(master.device)
