"""What a token needs, against what autograd really keeps after a forward pass of the learner."""

import pytest
import torch

import tiny
from batches import ragged_batch
from plainly import saved_bytes, with_lora
from whet.models.dimensions import Dimensions
from whet.policy.activations import bytes_per_token
from whet.policy.attention import attention_of
from whet.policy.attention_memory import MicroBatchLengths
from whet.policy.forward import padded, shared_prefix

BROAD = {"hidden_size": 128, "intermediate_size": 320, "head_dim": 32}
"""Wide enough for layers to outweigh what surrounds them."""


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", [*tiny.FAMILIES, "lora"])
def test_the_estimate_is_what_is_kept(family: str, dtype: torch.dtype) -> None:
    """Within a tenth, packed (two prompts of 30 and 16 responses of 40) and padded (16 rows of 70)."""
    make = with_lora if family == "lora" else tiny.tiny_families()[family]
    model = make(**BROAD).to(dtype)
    batch = ragged_batch([30, 30], [[40] * 8, [40] * 8])
    packed = saved_bytes(model, lambda: shared_prefix(model, batch, 1.0))
    weights = (
        attention_of(model).needed(Dimensions.of(model.config), dtype.itemsize, MicroBatchLengths(2, 16, 30, 40)).kept
    )
    assert (weights > 0.05 * packed) is (family != "gemma2")  # with a soft cap none are kept
    assert bytes_per_token(model, lean=True) * 700 + weights == pytest.approx(packed, rel=0.1)
    rows = saved_bytes(model, lambda: padded(model, batch, 1.0))
    assert bytes_per_token(model, lean=False) * 16 * 70 == pytest.approx(rows, rel=0.1)


def test_counting_leaves_no_trace() -> None:
    model = tiny.tiny_model()
    state = torch.random.get_rng_state()
    with torch.no_grad():
        assert bytes_per_token(model, lean=True) > 0
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(weight.grad is None for weight in model.parameters())
    assert not torch.is_inference_mode_enabled()


def test_a_model_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.tiny_model()
    first = bytes_per_token(model, lean=False)
    monkeypatch.setattr(type(model.model), "forward", None)
    assert bytes_per_token(model, lean=False) == first
