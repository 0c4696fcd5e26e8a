"""Log-probabilities of a reference that several processes share."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from batches import ragged_batch
from ranks_in_threads import in_threads
from tiny import tiny_model, tiny_tokenizer
from whet.batch import Batch
from whet.compute.shared_reference import SharedReference
from whet.policy.language_model import LanguageModel
from whet.policy.reference import FrozenReference, NoReference

LENGTHS = ([4, 2, 5], [[3, 7, 1], [6, 2], [5, 5, 2]])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_all_have_what_one_reference_gives(count: int) -> None:
    reference, batch = FrozenReference(LanguageModel(tiny_model(), tiny_tokenizer()), 100), ragged_batch(*LENGTHS)
    whole_BT = reference.logprobs(batch)
    for shared_BT in in_threads(count, lambda processes: SharedReference(reference, processes).logprobs(batch)):
        assert shared_BT is not None
        torch.testing.assert_close(shared_BT, whole_BT, rtol=0, atol=1e-5)


def test_without_a_reference_there_is_nothing() -> None:
    batch = ragged_batch(*LENGTHS)
    assert in_threads(2, lambda it: SharedReference(NoReference(), it).logprobs(batch)) == [None, None]


class Following:
    """A reference that counts what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def logprobs(self, batch: Batch) -> Tensor | None:
        return None

    def sync(self, step: int) -> None:
        self.told.append(step)

    def state_dict(self) -> Mapping[str, Any]:
        return {"0": torch.ones(1)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.told.append(state)


def test_it_follows_in_every_process() -> None:
    def told(processes: Any) -> list[Any]:
        inner = Following()
        shared = SharedReference(inner, processes)
        shared.sync(4)
        shared.load_state_dict({})
        return [*inner.told, *shared.state_dict()]

    assert in_threads(2, told) == [[4, {}, "0"]] * 2
