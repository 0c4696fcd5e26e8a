"""π_θ as the loop sees it."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import BloomConfig

import templates
import tiny
from batches import ragged_batch
from plainly import LENGTHS, row_by_row, with_lora
from templates import tokenizer
from whet.policy.language_model import LanguageModel


def language_model(model: Any, temperature: float = 1.0) -> LanguageModel:
    return LanguageModel(model, tiny.tiny_tokenizer(), temperature)


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_logprobs_are_those_of_the_sampling_temperature(family: str, temperature: float) -> None:
    model, batch = tiny.tiny_model(family), ragged_batch(*LENGTHS)
    logprobs_BT = language_model(model, temperature).logprobs(batch)
    assert logprobs_BT.dtype == torch.float32
    torch.testing.assert_close(logprobs_BT, row_by_row(model, batch, temperature), rtol=0, atol=1e-4)


def test_logprobs_do_not_depend_on_what_is_in_the_batch() -> None:
    policy, batch = language_model(tiny.tiny_model()), ragged_batch(*LENGTHS)
    whole = policy.logprobs(batch)
    for index in range(3):
        alone, rows = batch.select([index]), batch.group_B == index
        torch.testing.assert_close(policy.logprobs(alone), whole[rows, : alone.tokens_BT.shape[1]], rtol=0, atol=1e-5)


def test_every_weight_learns_and_tied_ones_once() -> None:
    model = tiny.tiny_model()
    weights = language_model(model).trainable()
    assert len({id(weight) for weight in weights}) == len(weights)
    assert sum(weight.numel() for weight in weights) == model.num_parameters()


def test_with_adapters_only_they_learn() -> None:
    model = with_lora(rank=3)
    weights = language_model(model).trainable()
    assert len(weights) == 2 * 7 * 2  # A and B of the seven linear layers of two blocks
    assert {min(weight.shape) for weight in weights} == {3}


def test_end_tokens_come_from_the_tokenizer_and_the_generation_settings() -> None:
    model = tiny.tiny_model()
    policy = language_model(model)
    for configured, expected in ((None, {2}), (9, {2, 9}), ([9, 11], {2, 9, 11}), ([], {2}), (2, {2})):
        model.generation_config.eos_token_id = configured
        assert policy.end_tokens() == expected
    model.generation_config = None
    assert policy.end_tokens() == {2}


def test_the_token_that_ends_the_templates_turns_ends_a_response() -> None:
    made = tokenizer(templates.GEMMA, "<end_of_turn>", eos_token=tiny.PAD)
    model = tiny.tiny_model()
    model.generation_config.eos_token_id = 9
    ends = {made.convert_tokens_to_ids("<end_of_turn>"), tiny.VOCABULARY.index(tiny.PAD), 9}
    policy = LanguageModel(model, made)
    assert policy.end_tokens() == ends
    assert policy.without_fast_paths().end_tokens() == ends


def test_a_wrapped_model_has_the_same_end_tokens() -> None:
    model = with_lora()
    model.generation_config.eos_token_id = [7]
    assert language_model(model).end_tokens() == {2, 7}


def test_it_is_where_its_weights_are() -> None:
    assert language_model(tiny.tiny_model()).device == torch.device("cpu")
    assert language_model(tiny.tiny_model().to("meta")).device.type == "meta"


def test_the_context_is_what_the_model_can_read_and_write(tiny_model: Any) -> None:
    policy = language_model(tiny_model)
    assert policy.context == 512
    policy.model = SimpleNamespace(config=BloomConfig())
    assert policy.context is None
