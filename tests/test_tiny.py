"""The tiny models and their tokenizer keep the promises that other tests build on."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import tiny

TEXT = "<think>\n12 + 3 = \\boxed{15}. #?\n</think> <answer>15</answer>"
TOKENS = torch.tensor([[16, 5, 87, 7, 8, 43, 4, 99]])


def test_every_character_of_the_alphabet_is_one_token_and_comes_back(tiny_tokenizer: Any) -> None:
    ids = tiny_tokenizer(tiny.ALPHABET)["input_ids"]
    assert len(tiny_tokenizer) == len(tiny.VOCABULARY) == 100
    assert ids == list(range(4, 100))
    assert tiny_tokenizer.decode(ids) == tiny.ALPHABET
    assert tiny_tokenizer.decode(tiny_tokenizer(TEXT)["input_ids"]) == TEXT


def test_a_character_outside_the_alphabet_is_unknown_byte_by_byte(tiny_tokenizer: Any) -> None:
    assert tiny_tokenizer("é")["input_ids"] == [tiny_tokenizer.unk_token_id] * 2


def test_chat_turns_are_chatml_and_end_with_the_end_token(tiny_tokenizer: Any) -> None:
    messages = [{"role": "system", "content": "Add."}, {"role": "user", "content": "1 + 1?"}]
    text = tiny_tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert text == ("<|im_start|>system\nAdd.<|im_end|>\n<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n")
    ids = tiny_tokenizer(text)["input_ids"]
    assert ids.count(tiny_tokenizer.eos_token_id) == 2
    assert tiny_tokenizer.decode(ids, skip_special_tokens=True) == "system\nAdd.\nuser\n1 + 1?\nassistant\n"
    assert tiny_tokenizer.pad_token_id != tiny_tokenizer.eos_token_id


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_model_is_a_function_of_its_arguments(family: str) -> None:
    make = tiny.tiny_families()[family]
    first = make()(TOKENS).logits
    state = torch.random.get_rng_state()
    torch.rand(3)
    again = make()(TOKENS).logits
    torch.random.set_rng_state(state)
    assert torch.equal(first, again)
    assert not torch.allclose(first, make(seed=1)(TOKENS).logits)
    assert make(dtype=torch.float64)(TOKENS).logits.dtype == torch.float64


def test_making_a_model_leaves_the_random_stream_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    tiny.tiny_model()
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_every_weight_matters(family: str) -> None:
    """No bias or norm scale stands at its neutral value, where forgetting it would go unnoticed."""
    for name, parameter in tiny.tiny_model(family).named_parameters():
        assert parameter.std() > 0.05, name


def test_predictions_are_neither_flat_nor_certain(tiny_model: Any) -> None:
    entropy = torch.distributions.Categorical(logits=tiny_model(TOKENS).logits).entropy().mean()
    assert 2.0 < entropy < 4.55  # ln 100 = 4.605


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_saved_folder_loads_to_the_same_model_and_tokenizer(family: str, tmp_path: Path) -> None:
    folder = tiny.save_tiny(tmp_path, family, num_hidden_layers=2)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert torch.equal(model(TOKENS).logits, tiny.tiny_model(family)(TOKENS).logits)
    assert tokenizer(TEXT)["input_ids"] == tiny.tiny_tokenizer()(TEXT)["input_ids"]
    assert tokenizer.chat_template == tiny.CHAT_TEMPLATE
    assert tokenizer.eos_token_id == model.config.eos_token_id == 2


def test_the_folder_fixture_loads(tiny_folder: Path) -> None:
    assert AutoModelForCausalLM.from_pretrained(tiny_folder).config.model_type == "llama"


def test_making_one_is_quick(tiny_model: Any) -> None:
    start = time.process_time()
    tiny.tiny_model()
    assert time.process_time() - start < 1.0
