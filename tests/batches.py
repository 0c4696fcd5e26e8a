"""Ragged batches and groups for tests, made of plain numbers."""

from collections.abc import Sequence

import torch

from whet.batch import Batch
from whet.types import Finish, Group, Problem, Prompt, Reward, Rollout


def prompt(name: str, tokens: Sequence[int] = (), question: str = "?", answer: str = "") -> Prompt:
    """The prompt of a problem that goes by `name`."""
    return Prompt(Problem(name, question, answer), (), tuple(tokens))


def rollout(tokens: Sequence[int], logprobs: Sequence[float] | None = None, finish: Finish = "stop") -> Rollout:
    """A rollout of these tokens; log π_old is -1 throughout where none is given."""
    return Rollout(tuple(tokens), tuple(logprobs or [-1.0] * len(tokens)), " ".join(map(str, tokens)), finish)


def group(rewards: Sequence[float | None], lengths: Sequence[int] | None = None, name: str = "1") -> Group:
    """A group with these rewards, of responses of these lengths (1 where none are given)."""
    rollouts = tuple(rollout([7] * length) for length in lengths or [1] * len(rewards))
    return Group(prompt(name, (5, 6)), rollouts, tuple(Reward(reward) for reward in rewards))


def ragged_batch(
    prompt_lengths: Sequence[int],
    response_lengths: Sequence[Sequence[int]],
    *,
    vocabulary: int = 100,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    reference: bool = False,
) -> Batch:
    """A batch of random tokens, advantages and old log-probabilities; a list of response lengths per prompt.

    Padding holds a token that is not 0 and log-probabilities that are not 0, so that code that reads past the
    mask gets wrong numbers.
    """
    random = torch.Generator().manual_seed(seed)
    lengths_B = torch.tensor([length for some in response_lengths for length in some])
    shape = (len(lengths_B), int(lengths_B.max()))
    mask_BT = torch.arange(shape[1]) < lengths_B[:, None]

    def logprobs() -> torch.Tensor:
        return -2 - torch.rand(shape, generator=random, dtype=dtype)

    return Batch(
        prompts=tuple(torch.randint(4, vocabulary, (length,), generator=random) for length in prompt_lengths),
        group_B=torch.tensor([index for index, some in enumerate(response_lengths) for _ in some]),
        tokens_BT=torch.randint(4, vocabulary, shape, generator=random),
        mask_BT=mask_BT,
        loss_mask_BT=mask_BT,
        advantage_B=torch.randn(len(lengths_B), generator=random, dtype=dtype),
        old_logprobs_BT=logprobs(),
        reference_logprobs_BT=logprobs() if reference else None,
    )
