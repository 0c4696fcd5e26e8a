"""A model's attention is another one within a block, and its own again after it."""

from typing import Any

import pytest
import torch

import tiny
from whet.policy.replaced_attention import replaced_attention


def blind(module: Any, query: torch.Tensor, key: Any, value: Any, mask: Any, **others: Any) -> Any:
    """Sees nothing, and notes what it is given."""
    CALLS.append((mask, others.get("mine")))
    return torch.zeros_like(query).transpose(1, 2), None


CALLS: list[Any] = []


def test_within_the_block_only() -> None:
    model, tokens = tiny.tiny_model(), torch.tensor([[5, 6, 7]])
    before = model(tokens).logits
    CALLS.clear()
    with replaced_attention(model, "blind", blind):
        assert not torch.equal(model(tokens, mine=3).logits, before)
    assert [(None, 3)] * model.config.num_hidden_layers == CALLS
    assert torch.equal(model(tokens).logits, before)


def test_after_an_exception_too() -> None:
    model = tiny.tiny_model()
    before = model.config._attn_implementation
    with pytest.raises(ZeroDivisionError), replaced_attention(model, "blind", blind):
        raise ZeroDivisionError
    assert model.config._attn_implementation == before
