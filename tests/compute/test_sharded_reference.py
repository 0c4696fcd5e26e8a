"""A reference whose weights several processes divide: its log-probabilities and its state, with real processes."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from batches import ragged_batch
from ranks import in_processes
from tiny import tiny_model, tiny_tokenizer
from whet.compute.processes import mesh, processes
from whet.compute.sharded_reference import ShardedReference
from whet.policy.language_model import LanguageModel
from whet.policy.reference import FollowingReference, FrozenReference

LENGTHS = ([4, 2, 5], [[3, 7, 1], [6, 2], [5, 5, 2]])

KINDS: dict[str, Any] = {"frozen": FrozenReference, "following": partial(FollowingReference, every=1, mix=0.25)}


def _policy() -> LanguageModel:
    torch.manual_seed(0)
    return LanguageModel(tiny_model(), tiny_tokenizer())


def _computed(kind: str, tokens: int) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """log π_ref before and after the policy moved and the reference followed; the state; log π_ref of half of it."""
    policy = _policy()
    here = processes()
    if here.count > 1:
        policy.shard(mesh(torch.device("cpu")))
    reference = KINDS[kind](policy, tokens)
    if here.count > 1:
        reference = ShardedReference(reference, here)
    batch, found = ragged_batch(*LENGTHS, vocabulary=90), []
    found.append(reference.logprobs(batch).numpy())
    with torch.no_grad():
        for weight in policy.trainable():
            weight.mul_(1.5)
    reference.sync(0)
    found.append(reference.logprobs(batch).numpy())
    state = {name: one.detach().clone() for name, one in reference.state_dict().items()}
    everywhere = here.first(lambda: {name: one.numpy() for name, one in state.items()})
    reference.load_state_dict({name: torch.from_numpy(one) / 2 for name, one in everywhere.items()})
    found.append(reference.logprobs(batch).numpy())
    return found, {name: one.numpy() for name, one in state.items()}, [sorted(state)]


@pytest.mark.parametrize(("kind", "count", "tokens"), [("frozen", 2, 12), ("following", 2, 10_000), ("frozen", 4, 12)])
def test_it_is_that_of_one_process(kind: str, count: int, tokens: int) -> None:
    """With four processes one has no group at all, with few tokens some have more micro-batches than others."""
    expected, whole, _ = _computed(kind, tokens)
    found = in_processes(count, _computed, kind, tokens)
    for logprobs, _, _ in found:
        for mine, its in zip(expected, logprobs, strict=True):
            np.testing.assert_allclose(its, mine, rtol=0, atol=2e-6)
    _, state, _ = found[0]
    assert state.keys() == whole.keys()
    for name, one in whole.items():
        np.testing.assert_allclose(state[name], one, rtol=0, atol=1e-6)
    assert all(names == [[]] for _, _, names in found[1:])  # process 0 alone writes
