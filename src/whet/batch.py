"""Collates groups into the tensors of an update.

Shapes: `P` prompts, `B` completions (rows), `T` tokens of the longest completion. A prompt is stored once for all of
its completions; `group_B` maps rows to prompts. Masks are explicit, never inferred from padding ids; absent tensors
are `None`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import takewhile, zip_longest
from typing import Any

import torch
from torch import Tensor

from whet.types import Group

ALIGNED = 16
"""Bytes: every tensor begins at a multiple, as its dtype and vectorised loads require."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The tensors of one update."""

    prompts: tuple[Tensor, ...]
    """P prompts, each int64 `[its length]`."""
    group_B: Tensor
    """int64 `[B]`: the index in `prompts` of each row's prompt; rows of a prompt are neighbours."""
    tokens_BT: Tensor
    """int64 `[B, T]`: completions, padded on the right with 0."""
    mask_BT: Tensor
    """bool `[B, T]`: True where a token exists, the end token included."""
    loss_mask_BT: Tensor
    """bool `[B, T]`: True where a token counts in the loss; False on padding and on tokens that the policy did not
    sample (a tool's)."""
    advantage_B: Tensor
    """float32 `[B]`: Â_i."""
    old_logprobs_BT: Tensor
    """float32 `[B, T]`: log π_old in nats, as recorded at sampling time; the learner's where `importance_BT` is set."""
    reference_logprobs_BT: Tensor | None = None
    """float32 `[B, T]`: log π_ref in nats; None at β = 0."""
    importance_BT: Tensor | None = None
    """float32 `[B, T]`: importance weights that correct for a sampler other than the learner; None without
    correction."""
    truncated_B: Tensor | None = None
    """bool `[B]`: which completions were truncated; None where no sampler reported it."""
    replayed_B: Tensor | None = None
    """bool `[B]`: which completions an earlier step sampled; None for none."""
    place_B: Tensor | None = None
    """int64 `[B]`: the place of each completion among those of its step; None where nobody asks for it."""

    def __len__(self) -> int:
        """B: the number of completions."""
        return len(self.group_B)

    @property
    def lengths_B(self) -> Tensor:
        """int64 `[B]`: tokens of each completion."""
        return self.mask_BT.sum(-1)

    @property
    def scored_BT(self) -> Tensor:
        """bool `[B, T]`: the tokens whose log-probabilities are asked for: the loss mask, or all where it is empty."""
        return self.loss_mask_BT if self.loss_mask_BT.any() else self.mask_BT

    @property
    def loss_lengths_B(self) -> Tensor:
        """int64 `[B]`: |o_i|, the tokens of each completion that count in the loss."""
        return self.loss_mask_BT.sum(-1)

    def to(self, device: torch.device) -> "Batch":
        """Returns the batch on `device`, moved there in one copy; itself where it is there already."""
        if self.mask_BT.device == device:
            return self
        names = [field.name for field in fields(self)][1:]
        values = moved([*self.prompts, *(getattr(self, name) for name in names)], device)
        count = len(self.prompts)
        return Batch(tuple(values[:count]), **dict(zip(names, values[count:], strict=True)))

    def with_reference(self, logprobs_BT: Tensor | None) -> "Batch":
        """Returns the batch with log π_ref."""
        return replace(self, reference_logprobs_BT=logprobs_BT)

    def select(self, keep_P: Sequence[int], keep_B: Tensor | None = None) -> "Batch":
        """Returns these prompts, in this order, each with all of its completions or those of `keep_B`, bool `[B]`."""
        kept_B = torch.ones_like(self.group_B, dtype=torch.bool) if keep_B is None else keep_B
        rows_P = [torch.nonzero((self.group_B == index) & kept_B).flatten() for index in keep_P]
        rows = torch.cat(rows_P or [self.group_B[:0]])
        sizes_P = torch.tensor([len(rows) for rows in rows_P], dtype=torch.long)
        longest = int(self.lengths_B[rows].max()) if len(rows) else 0

        def of_tokens(values_BT: Tensor | None) -> Tensor | None:
            return None if values_BT is None else values_BT[rows, :longest]

        def of_rows(values_B: Tensor | None) -> Tensor | None:
            return None if values_B is None else values_B[rows]

        return Batch(
            prompts=tuple(self.prompts[index] for index in keep_P),
            group_B=torch.repeat_interleave(torch.arange(len(sizes_P)), sizes_P),
            tokens_BT=self.tokens_BT[rows, :longest],
            mask_BT=self.mask_BT[rows, :longest],
            loss_mask_BT=self.loss_mask_BT[rows, :longest],
            advantage_B=self.advantage_B[rows],
            old_logprobs_BT=self.old_logprobs_BT[rows, :longest],
            reference_logprobs_BT=of_tokens(self.reference_logprobs_BT),
            importance_BT=of_tokens(self.importance_BT),
            truncated_B=of_rows(self.truncated_B),
            replayed_B=of_rows(self.replayed_B),
            place_B=of_rows(self.place_B),
        )

    def units(self, keep: Sequence[int]) -> "Batch":
        """Returns the groups with these places."""
        return self.select(keep)

    def with_signal(self) -> "Batch":
        """Returns the groups in which some advantage is not zero: the others have no policy gradient."""
        return self._with_any(self.advantage_B != 0)

    def with_loss(self) -> "Batch":
        """Returns the groups with a token that counts in the loss."""
        return self._with_any(torch.ones_like(self.group_B, dtype=torch.bool))

    def _with_any(self, row_B: Tensor) -> "Batch":
        """The groups in which one of these rows has a token in the loss, without rows that have none."""
        counts_B = self.loss_lengths_B > 0
        alive = sorted({int(group) for group in self.group_B[row_B & counts_B]})
        return self.select(alive, counts_B)

    def without_truncated(self) -> "Batch":
        """Returns the batch with truncated rows out of the loss. Raises `ValueError` where `truncated_B` is None."""
        if self.truncated_B is None:
            raise ValueError("a batch without truncated_B cannot leave truncated completions out of the loss")
        return replace(self, loss_mask_BT=self.loss_mask_BT & ~self.truncated_B[:, None])

    @property
    def fresh_BT(self) -> Tensor:
        """bool `[B, T]`: the loss mask without replayed rows."""
        return self.loss_mask_BT if self.replayed_B is None else self.loss_mask_BT & ~self.replayed_B[:, None]

    def micro_batches(self, tokens: int) -> Iterator["Batch"]:
        """Yields parts of at most `tokens` tokens (prompts + completions), rows in order.

        Groups stay whole where they fit. A larger one is split by rows, its prompt in every part; a row that alone is
        larger is a part of its own.
        """
        pending: list[int] = []
        used = 0
        for index, cost in enumerate(self.sizes):
            if pending and used + cost > tokens:
                yield self.select(pending)
                pending, used = [], 0
            if cost > tokens:
                yield from self._split(index, tokens)
            else:
                pending.append(index)
                used += cost
        if pending:
            yield self.select(pending)

    def _split(self, group: int, tokens: int) -> Iterator["Batch"]:
        """The rows of a group in as few parts of at most `tokens` tokens as there must be."""
        rows, prompt = torch.nonzero(self.group_B == group).flatten().tolist(), len(self.prompts[group])
        start, used = 0, prompt
        for place, row in enumerate(rows):
            length = int(self.lengths_B[row])
            if place > start and used + length > tokens:
                yield self._rows(group, rows[start:place])
                start, used = place, prompt
            used += length
        yield self._rows(group, rows[start:])

    def _rows(self, group: int, rows: Sequence[int]) -> "Batch":
        """Some rows of a group, with its prompt."""
        keep_B = torch.zeros_like(self.group_B, dtype=torch.bool)
        keep_B[rows] = True
        return self.select([group], keep_B)

    @property
    def smallest(self) -> int:
        """Tokens of the smallest possible micro-batch: a row with its prompt."""
        lengths = zip(self.group_B.tolist(), self.lengths_B.tolist(), strict=True)
        return int(min(len(self.prompts[group]) + length for group, length in lengths))

    @property
    def sizes(self) -> list[int]:
        """Tokens of each prompt with its completions."""
        responses_P = torch.zeros(len(self.prompts), dtype=torch.long).index_add(0, self.group_B, self.lengths_B)
        return [len(prompt) + int(count) for prompt, count in zip(self.prompts, responses_P, strict=True)]


def collate(groups: Sequence[Group], advantages: Sequence[Sequence[float]]) -> Batch:
    """Returns the batch of these groups; `advantages` holds Â_1…Â_G for each."""
    rollouts = [rollout for group in groups for rollout in group.rollouts]
    longest = max((len(rollout.tokens) for rollout in rollouts), default=0)
    replayed = [rollout.replayed for rollout in rollouts]
    tokens_BT = torch.zeros(len(rollouts), longest, dtype=torch.long)
    mask_BT = torch.zeros(len(rollouts), longest, dtype=torch.bool)
    loss_mask_BT = torch.zeros_like(mask_BT)
    old_BT = torch.zeros(len(rollouts), longest)
    for row, rollout in enumerate(rollouts):
        length = len(rollout.tokens)
        tokens_BT[row, :length] = torch.tensor(rollout.tokens, dtype=torch.long)
        old_BT[row, :length] = torch.tensor(rollout.logprobs)
        mask_BT[row, :length] = True
        loss_mask_BT[row, :length] = True if rollout.loss_mask is None else torch.tensor(rollout.loss_mask)
    return Batch(
        prompts=tuple(torch.tensor(group.prompt.tokens, dtype=torch.long) for group in groups),
        group_B=torch.tensor([index for index, group in enumerate(groups) for _ in group.rollouts], dtype=torch.long),
        tokens_BT=tokens_BT,
        mask_BT=mask_BT,
        loss_mask_BT=loss_mask_BT,
        advantage_B=torch.tensor(
            [a for g, row in zip(groups, advantages, strict=True) for _, a in zip(g.rollouts, row, strict=True)]
        ),
        old_logprobs_BT=old_BT,
        truncated_B=torch.tensor([rollout.finish == "length" for rollout in rollouts], dtype=torch.bool),
        replayed_B=torch.tensor(replayed) if any(replayed) else None,
        place_B=torch.arange(len(rollouts)),
    )


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """Returns the length in tokens of the longest common prefix.

    >>> common_prefix([(1, 2, 3), (1, 2, 4)])
    2
    """
    same = takewhile(lambda column: len(set(column)) == 1, zip_longest(*rows))
    return sum(1 for _ in same)


def moved(values: Iterable[Any], device: torch.device) -> list[Any]:
    """Returns the values with every tensor among them on `device`; what is no tensor, or is there already, stays.

    Tensors that are moved share one storage on `device`, and travel in one copy: a copy from pageable memory blocks the
    host for some ten microseconds, whatever its size, and a micro-batch has some twenty small tensors.
    """
    listed = list(values)
    away = {at: value for at, value in enumerate(listed) if isinstance(value, Tensor) and value.device != device}
    if len(away) < 2 or device.type == "cpu":
        return [value.to(device) if at in away else value for at, value in enumerate(listed)]
    starts, end = {}, 0
    for at, value in away.items():
        starts[at] = end
        end += -(-value.nbytes // ALIGNED) * ALIGNED
    buffer = torch.empty(end, dtype=torch.uint8, pin_memory=device.type == "cuda")
    for at, value in away.items():
        _part(buffer, starts[at], value).copy_(value)
    there = buffer.to(device, non_blocking=True)  # the caching host allocator keeps the buffer until the copy is done
    return [_part(there, starts[at], value) if at in away else value for at, value in enumerate(listed)]


def _part(buffer: Tensor, start: int, like: Tensor) -> Tensor:
    """The bytes of the buffer from `start` on that hold a tensor like this one."""
    return buffer[start : start + like.nbytes].view(like.dtype).view(like.shape)
