"""When compiling pays, and that a compiled step is the same step."""

from typing import Any

import pytest
import torch

import tiny
from whet.rollout.engine import compiled
from whet.rollout.engine.compiled import TOKENS, worth_compiling
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse


def test_it_pays_after_many_tokens_and_never_where_runs_must_be_repeatable() -> None:
    assert not worth_compiling(TOKENS - 1)
    assert worth_compiling(TOKENS)
    torch.use_deterministic_algorithms(True)
    try:
        assert not worth_compiling(10 * TOKENS)
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("family", ["gemma3"])
def test_a_compiled_step_is_one_graph_and_the_same_step(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a break, logits, caches and positions included; traced as for a GPU, run by PyTorch's operations."""
    weights = fuse(tiny.tiny_model(family))
    plain, traced = Decoder(weights), Decoder(weights)
    real = torch.compile
    monkeypatch.setattr(compiled.torch, "compile", lambda *args, **how: real(*args, **how, backend="aot_eager"))
    for one in (plain, traced):
        one.no_gradient = torch.no_grad  # type: ignore[method-assign]
        one.block = 8
        one.start([[1, 2, 3], [4, 5]], 2, 8)
        one.cache.make_room(8, 8)
    step, tokens_R = compiled.compile_step(traced._forward), torch.tensor([7, 8, 9, 10])
    with torch.no_grad():
        for _ in range(3):
            torch.testing.assert_close(step(tokens_R), plain._forward(tokens_R), rtol=0, atol=1e-6)
    mine: Any = traced.cache
    theirs: Any = plain.cache
    assert torch.equal(mine.position_R, theirs.position_R)
    assert mine.slot.item() == 3
    torch.testing.assert_close(mine.layers[1].own_keys, theirs.layers[1].own_keys)
