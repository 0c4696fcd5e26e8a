"""The fused decoder against transformers' own forward over every row by itself."""

from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.joined_cache import JoinedCache

PROMPTS = [[5, 9, 33, 60, 71, 8, 4], [44], [12, 90, 17]]
ROWS = 3
"""Rows of each prompt."""
LONGEST = 9


@torch.no_grad()
def logits_after(model: Any, tokens: list[int]) -> Tensor:
    """The next token's logits after each token of a row of its own."""
    logits: Tensor = model(torch.tensor([tokens]), use_cache=False).logits[0]
    return logits.float()


def script(row: int, position: int) -> int:
    """Some token for every row and position: what would have been sampled."""
    return 4 + (37 * row + 11 * position * (row + 1)) % 96


def sync(model: Any, prompts: list[list[int]], keeps: dict[int, list[int]], tolerance: float = 1e-4) -> None:
    """Checks log-probabilities of all rows at every position; `keeps` says which rows go on from a position."""
    names = list(range(len(prompts) * ROWS))
    rows = [[*prompts[n // ROWS], *(script(n, position) for position in range(LONGEST - 1))] for n in names]
    expected = [logits_after(model, row).log_softmax(-1)[-LONGEST:] for row in rows]
    decoder = Decoder(fuse(model))
    logits_RV = decoder.start(prompts, ROWS, LONGEST)
    for position in range(LONGEST):
        expected_RV = torch.stack([expected[name][position] for name in names])
        assert (logits_RV.float().log_softmax(-1) - expected_RV).abs().max() <= tolerance
        if position in keeps:
            kept = [names.index(name) for name in keeps[position]]
            decoder.keep(kept)
            names = keeps[position]
        if position + 1 < LONGEST:
            logits_RV = decoder.advance(torch.tensor([script(name, position) for name in names]))


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_ragged_prompts_as_in_rows_of_their_own(family: str) -> None:
    sync(tiny.tiny_model(family), PROMPTS, {})


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_after_rows_were_dropped_again_and_again(family: str) -> None:
    """First unevenly, then a whole prompt, then all but one row of the last prompt."""
    sync(tiny.tiny_model(family), PROMPTS, {1: [0, 2, 3, 4, 5, 7], 3: [2, 3, 7], 5: [7]})


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("prompt", [[50], [9, 8, 7, 6]])
def test_a_single_prompt(family: str, prompt: list[int]) -> None:
    sync(tiny.tiny_model(family), [prompt], {2: [1]})


SYSTEM = [7, 61, 30, 88, 15, 42, 42, 9, 70, 23]
"""What prompts begin with: long enough to be computed once."""


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_what_prompts_begin_with_is_computed_once(family: str) -> None:
    """Ten tokens in common, then two, one and three of each prompt's own."""
    sync(tiny.tiny_model(family), [[*SYSTEM, 5, 9], [*SYSTEM, 44], [*SYSTEM, 12, 90, 17]], {2: [0, 4, 8]})


def test_tokens_that_the_layers_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three prompts of 12, 11 and 13 tokens: ten once, and three of each, with padding."""
    decoder, seen = Decoder(fuse(tiny.tiny_model("llama"))), []
    real = decoder._qkv
    monkeypatch.setattr(decoder, "_qkv", lambda layer, normed: seen.append(len(normed)) or real(layer, normed))
    decoder.start([[*SYSTEM, 5, 9], [*SYSTEM, 44], [*SYSTEM, 12, 90, 17]], 2, 4)
    assert set(seen) == {10 + 3 * 3}


@pytest.mark.parametrize(
    "changes",
    [
        {"tie_word_embeddings": False},
        {"num_key_value_heads": 1},
        {"num_key_value_heads": 4},
        {"head_dim": 16},
        {"num_hidden_layers": 1},
        {"hidden_act": "gelu"},
        {"attention_bias": True, "mlp_bias": True},
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10_000.0}},
        {
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 10_000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            }
        },
        {
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 10_000.0,
                "factor": 4.0,
                "original_max_position_embeddings": 64,
            }
        },
    ],
    ids=lambda changes: " ".join(changes) + str(changes.get("rope_parameters", {}).get("rope_type", "")),
)
def test_what_a_configuration_may_change(changes: dict[str, Any]) -> None:
    sync(tiny.tiny_model("llama", **changes), PROMPTS, {2: [0, 4, 8]})


@pytest.mark.parametrize("window", [1, 3, 8, 12])
@pytest.mark.parametrize(
    ("family", "changes"),
    [("gemma3", {}), ("qwen2", {"use_sliding_window": True, "max_window_layers": 1})],
    ids=["gemma3", "qwen2"],
)
def test_a_window_shorter_than_prompts_and_responses(family: str, changes: dict[str, Any], window: int) -> None:
    model = tiny.tiny_model(family, sliding_window=window, **changes)
    for prompts in (PROMPTS, [[*SYSTEM, 5, 9], [*SYSTEM, 44], [*SYSTEM, 12, 90, 17]]):
        sync(model, prompts, {3: [0, 2, 5, 8]})


def test_more_tokens_than_one_block_of_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Decoder, "block", 3)
    sync(tiny.tiny_model(), PROMPTS, {2: [0, 1, 4, 8], 6: [1, 8]})


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_bfloat16_strays_no_further_than_transformers_itself(family: str) -> None:
    """Both round every layer to bfloat16, in another order; judged by the float32 model's numbers."""
    rounded = tiny.tiny_model(family, dtype=torch.bfloat16)
    exact = tiny.tiny_model(family)
    exact.load_state_dict({name: tensor.float() for name, tensor in rounded.state_dict().items()})
    decoder = Decoder(fuse(rounded))
    tokens = [script(row, 0) for row in range(len(PROMPTS))]
    logits = [decoder.start(PROMPTS, 1, LONGEST), decoder.advance(torch.tensor(tokens))]
    ours = torch.stack(logits, 1).float().log_softmax(-1)
    rows = [[*prompt, token] for prompt, token in zip(PROMPTS, tokens, strict=True)]
    theirs, truth = (
        torch.stack([logits_after(model, row)[-2:].log_softmax(-1) for row in rows]) for model in (rounded, exact)
    )
    assert (ours - truth).norm() <= 1.5 * (theirs - truth).norm()


def test_padding_of_a_prompt_is_never_attended_to() -> None:
    """The same prompt beside a longer one and alone."""
    weights = fuse(tiny.tiny_model())
    alone, beside = Decoder(weights), Decoder(weights)
    first = alone.start([[5, 6]], 1, 4), beside.start([[5, 6], list(range(10, 40))], 1, 4)[:1]
    then = alone.advance(torch.tensor([7])), beside.advance(torch.tensor([7, 8]))[:1]
    torch.testing.assert_close(*first, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(*then, rtol=1e-5, atol=1e-5)


def test_a_decoder_can_be_started_again() -> None:
    decoder = Decoder(fuse(tiny.tiny_model()))
    first = decoder.start(PROMPTS, 2, 4)
    decoder.advance(torch.tensor([5, 6, 7, 8, 9, 10]))
    decoder.keep([0, 3])
    assert torch.equal(decoder.start(PROMPTS, 2, 4), first)


def test_rows_that_began_at_different_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts join after two tokens of the first ones, and again; rows are dropped between. Room grows by three."""
    monkeypatch.setattr(Decoder, "block", 3)
    for family in tiny.FAMILIES:
        model = tiny.tiny_model(family)
        decoder = Decoder(fuse(model))
        begins = {
            0: (PROMPTS[:2], 0),
            2: (PROMPTS[2:], 4),
            5: ([[9, 8, 7, 6], [50]], 6),
        }  # at a step: prompts, first row
        contexts: dict[int, list[int]] = {}
        for step in range(8):
            if step:
                tokens = [script(row, len(context)) for row, context in contexts.items()]
                for context, token in zip(contexts.values(), tokens, strict=True):
                    context.append(token)
                logits = decoder.advance(torch.tensor(tokens))
            if step == 4:  # of each time some
                names = list(contexts)
                kept = [1, 2, 3, 5]
                decoder.keep([names.index(name) for name in kept])
                contexts, logits = {name: contexts[name] for name in kept}, logits[[names.index(name) for name in kept]]
            if step in begins:
                prompts, first = begins[step]
                new = (decoder.join if step else decoder.start)(prompts, 2, 9)
                logits = torch.cat([logits, new]) if step else new
                contexts |= {first + row: list(prompts[row // 2]) for row in range(2 * len(prompts))}
            expected = torch.stack([logits_after(model, context)[-1] for context in contexts.values()])
            assert (logits.float().log_softmax(-1) - expected.log_softmax(-1)).abs().max() <= 1e-4, (family, step)
        assert len(contexts) == 8


def bytes_of(decoder: Decoder) -> int:
    """Keys and values of all caches."""
    parts = decoder.cache.caches if isinstance(decoder.cache, JoinedCache) else [decoder.cache]
    layers = [layer for part in parts for layer in part.layers]  # type: ignore[attr-defined]
    return sum(getattr(layer, field.name).nbytes for layer in layers for field in fields(layer))


def test_memory_follows_the_rows_that_are_left_and_their_prompts() -> None:
    """Two layers, keys and values of two heads of eight float32 numbers are 256 bytes a token. A prompt's are kept once
    for its rows, and go with the last of them."""
    decoder = Decoder(fuse(tiny.tiny_model()))
    decoder.start(PROMPTS, ROWS, 100)
    assert bytes_of(decoder) == 256 * 3 * 7  # prompts as long as the longest
    decoder.advance(torch.arange(9))
    assert bytes_of(decoder) == 256 * (3 * 7 + 9 * decoder.block)
    decoder.keep([0, 1, 7])
    assert bytes_of(decoder) == 256 * (2 * 7 + 3 * decoder.block)
    decoder.join([[5, 6]], 4, 100)
    assert bytes_of(decoder) == 256 * (2 * 7 + 3 * decoder.block + 2)
    decoder.keep([3, 4])
    assert bytes_of(decoder) == 256 * 2
