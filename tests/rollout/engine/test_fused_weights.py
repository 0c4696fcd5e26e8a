"""Heads with divisors and caps by hand, and the walk over all tensors."""

import math

import pytest
import torch

import tiny
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.fused_weights import Head, tensors_of
from whet.rollout.engine.linear import frozen_linear


def test_a_head_divides_and_then_caps() -> None:
    head = Head(frozen_linear([torch.tensor([[8.0]])]), divisor=4.0, soft_cap=5.0)
    assert head(torch.tensor([[1.5]])).item() == pytest.approx(5 * math.tanh(1.5 * 8 / 4 / 5))


def test_the_walk_finds_every_weight_once_and_the_shared_table_twice() -> None:
    model = tiny.tiny_model("qwen3", tie_word_embeddings=False)
    weights = fuse(model)
    scales_of_heads = 2 * 16 * (4 - 1 + 2 - 1)  # each norm of a head's 16 dimensions is repeated for 4 and 2 heads
    assert sum(x.numel() for x in tensors_of(weights)) == model.num_parameters() + scales_of_heads
    tied = fuse(tiny.tiny_model("llama"))
    found = list(tensors_of(tied))
    assert found[0].data_ptr() == found[-1].data_ptr() == tied.embedding.data_ptr()


def test_bytes_of_a_token() -> None:
    """Two layers, keys and values of two heads of eight numbers, four bytes each."""
    assert fuse(tiny.tiny_model()).bytes_per_token == 2 * 2 * 2 * 8 * 4
