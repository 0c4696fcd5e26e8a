"""Attention on sequences: indices by hand, values and gradients against the padded grid, in models too."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.attention import varlen as torchs

import tiny
from batches import ragged_batch
from live_tensors import LiveTensors
from policy.test_shared_prefix import SHAPES
from varlen_reference import SIGNATURES
from whet.batch import Batch
from whet.policy import attention as table
from whet.policy.forward import shared_prefix
from whet.policy.grid import grid_of
from whet.policy.packing import pack
from whet.policy.shared_prefix import shared_prefix_attention
from whet.policy.varlen import sequences_of, varlen_attention


@pytest.fixture(params=SIGNATURES)
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """torch's varlen attention is a loop in float64, with one of its signatures."""
    monkeypatch.setattr(torchs, "varlen_attn", SIGNATURES[request.param])
    return str(request.param)


@pytest.fixture
def on_varlen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU and the meta device take the row that CUDA takes."""
    rows = (("varlen", lambda wanted: True),)
    monkeypatch.setattr(table, "ROWS", {"cpu": rows, "meta": rows})


def test_sequences_by_hand() -> None:
    """Packed: a0 a1 a2 | x3 x4 | y5  ‖  b6 | z7 z8 z9, in five sequences."""
    where = sequences_of(pack([3, 1], torch.tensor([0, 0, 1]), torch.tensor([2, 1, 3])))
    assert where.query_starts.tolist() == [0, 3, 5, 6, 7, 10]
    assert where.key_starts.tolist() == [0, 3, 8, 12, 13, 17]
    assert where.index_M.tolist() == [0, 1, 2, *[0, 1, 2, 3, 4], *[0, 1, 2, 5], 6, *[6, 7, 8, 9]]
    assert (where.longest_query, where.longest_key) == (3, 5)
    assert where.shared_S.tolist() == [0, 1, 2, 6]
    assert where.place_N[[3, 4, 5, 7, 8, 9]].tolist() == [6, 7, 11, *[14, 15, 16]]
    takers = [row[there].tolist() for row, there in zip(where.places_SW, where.real_SW, strict=True)]
    assert takers == [[0, 3, 8], [1, 4, 9], [2, 5, 10], [12, 13]]


def test_a_prompt_without_tokens_is_no_sequence() -> None:
    """Solutions of a warm start whose prompts have no beginning in common."""
    where = sequences_of(pack([0], torch.tensor([0, 0]), torch.tensor([2, 1])))
    assert where.query_starts.tolist() == where.key_starts.tolist() == [0, 2, 3]
    assert where.index_M.tolist() == [0, 1, 2]
    assert where.shared_S.tolist() == []


def test_a_completion_without_tokens_is_no_sequence() -> None:
    where = sequences_of(pack([2], torch.tensor([0, 0]), torch.tensor([0, 1])))
    assert where.query_starts.tolist() == [0, 2, 3]
    assert where.index_M.tolist() == [0, 1, 0, 1, 2]


@pytest.mark.parametrize(("prompts", "responses"), SHAPES)
@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 4), (6, 2), (3, 1)])
@pytest.mark.parametrize("window", [None, 1, 3])
def test_values_and_gradients_are_those_of_the_grid(
    prompts: list[int], responses: list[list[int]], heads: int, kv_heads: int, window: int | None, version: str
) -> None:
    if window and version == "2.10":
        return  # the table leaves such models to the grid
    flat = [length for lengths in responses for length in lengths]
    group_B = torch.tensor([index for index, lengths in enumerate(responses) for _ in lengths])
    count, random = sum(prompts) + sum(flat), torch.Generator().manual_seed(sum(flat))

    def tensor(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64).requires_grad_()

    inputs = tensor(heads, count, 8), tensor(kv_heads, count, 8), tensor(kv_heads, count, 8)
    upstream = tensor(count, heads, 8).detach()
    packing = pack(prompts, group_B, torch.tensor(flat))
    ours = varlen_attention(*inputs, sequences_of(packing).within(window), 0.7)
    theirs = shared_prefix_attention(*inputs, grid_of(packing).within(window), 0.7)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
    mine = torch.autograd.grad((ours * upstream).sum(), inputs)
    true = torch.autograd.grad((theirs * upstream).sum(), inputs)
    torch.testing.assert_close(mine, true, rtol=0, atol=1e-9)


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_model_computes_the_same_either_way(family: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uncapped = {"attn_logit_softcapping": None} if family == "gemma2" else {}
    model, batch = tiny.tiny_model(family, **uncapped), ragged_batch([9, 3], [[3, 12], [7, 1, 4]])
    learned = list(model.parameters())
    expected = shared_prefix(model, batch, 1.0)
    true = torch.autograd.grad(expected.square().sum(), learned)
    has_window = table.wanted_by(model).has_window
    if has_window and version == "2.10":
        return
    monkeypatch.setattr(table, "ROWS", {"cpu": (("varlen", lambda wanted: True),)})
    ours = shared_prefix(model, batch, 1.0)
    assert not torch.equal(ours, expected)  # it did go the other way
    torch.testing.assert_close(ours, expected, rtol=0, atol=2e-5)
    torch.testing.assert_close(torch.autograd.grad(ours.square().sum(), learned), true, rtol=1e-3, atol=1e-4)


def test_a_soft_cap_is_refused() -> None:
    """It would be left out without a word."""
    x, nowhere = torch.zeros(1, 1, 8), None
    with pytest.raises(ValueError, match="no soft cap"):
        varlen_attention(x, x, x, nowhere, 1.0, 50.0)  # type: ignore[arg-type]


class Largest(LiveTensors):
    """The largest storage of the block besides, in elements."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    def add(self, tensor: torch.Tensor) -> None:
        self.largest = max(self.largest, tensor.numel())
        super().add(tensor)


def long_batch(tokens: int, rows: int = 4) -> Batch:
    return ragged_batch([64], [[tokens] * rows], vocabulary=len(tiny.VOCABULARY))


@pytest.mark.usefixtures("on_varlen")
def test_no_tensor_grows_with_the_square_of_the_length() -> None:
    """8,192 tokens a completion on meta tensors, through torch's own varlen attention: linear in tokens (T9)."""
    with torch.device("meta"):
        model: Any = tiny.tiny_model("qwen2", dtype=torch.bfloat16, num_hidden_layers=2)
    peaks, widest = [], max(model.config.intermediate_size, model.config.hidden_size)
    for length in (4096, 8192):
        batch = long_batch(length)
        with Largest() as live:
            shared_prefix(model, batch, 1.0).sum().backward()
        tokens = 64 + 4 * length
        # gathered keys and their gradients by query head are the widest: heads × head size
        assert live.largest <= 1.1 * (tokens + 4 * 64) * max(widest, model.config.vocab_size)
        peaks.append(live.peak)
    assert peaks[1] == pytest.approx(2 * peaks[0], rel=0.1)


def test_the_grid_does_grow_with_the_square() -> None:
    """So that the test above can fail: on the grid a score for every pair is written down."""
    with torch.device("meta"):
        model: Any = tiny.tiny_model("qwen2", dtype=torch.bfloat16, num_hidden_layers=2)
    with Largest() as live:
        shared_prefix(model, long_batch(1024), 1.0).sum().backward()
    assert live.largest >= 4 * 1024 * 1088
