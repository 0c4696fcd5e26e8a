"""The finished model's folder."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

import plainly
import templates
import tiny
from templates import tokenizer
from whet.policy.language_model import LanguageModel
from whet.stages.save_final import save_final


def logits(model: Any) -> Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(60).reshape(2, 30)).logits


def saved(model: Any, folder: Path) -> Path:
    path = folder / "final"
    save_final(LanguageModel(model, tiny.tiny_tokenizer()), path)
    return path


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_what_loads_is_what_was_trained(family: str, tmp_path: Path) -> None:
    model = tiny.tiny_model(family)
    path = saved(model, tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(path)
    torch.testing.assert_close(logits(loaded), logits(model), rtol=0, atol=0)
    assert {file.suffix for file in path.iterdir()} <= {".json", ".safetensors", ".jinja"}, "no pickle"


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_adapters_are_merged_and_training_could_go_on(family: str, tied: bool, tmp_path: Path) -> None:
    model = plainly.with_lora(family, tie_word_embeddings=tied)
    before = logits(model)
    path = saved(model, tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(path)
    assert not hasattr(loaded, "peft_config")
    assert not list(path.glob("adapter*"))
    torch.testing.assert_close(logits(loaded), before, atol=1e-4, rtol=1e-3)
    assert not torch.allclose(before, logits(tiny.tiny_model(family, tie_word_embeddings=tied)), atol=0.1)
    torch.testing.assert_close(logits(model), before, rtol=0, atol=0)
    assert any("lora_" in name for name, _ in model.named_parameters())


def test_the_type_of_the_weights_is_kept(tmp_path: Path) -> None:
    path = saved(tiny.tiny_model(dtype=torch.bfloat16), tmp_path)
    assert json.loads((path / "config.json").read_text())["dtype"] == "bfloat16"
    assert AutoModelForCausalLM.from_pretrained(path).dtype == torch.bfloat16


def test_the_tokenizer_comes_along_with_its_chat_template(tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(saved(tiny.tiny_model(), tmp_path))
    text = "What is 37 + 45?\n<think>é"
    assert tokenizer.encode(text) == tiny.tiny_tokenizer().encode(text)
    assert tokenizer.chat_template == tiny.CHAT_TEMPLATE
    assert tokenizer.eos_token == tiny.END


def test_every_end_token_is_written_and_no_sampling_setting_of_the_base(tmp_path: Path) -> None:
    model, made = tiny.tiny_model(), tokenizer(templates.GEMMA, "<end_of_turn>", eos_token=tiny.PAD, pad_token=None)
    model.generation_config = GenerationConfig(
        eos_token_id=[9, 2], temperature=0.6, top_p=0.9, top_k=20, do_sample=True, repetition_penalty=1.1
    )
    save_final(LanguageModel(model, made), tmp_path / "final")
    saved = json.loads((tmp_path / "final" / "generation_config.json").read_text())
    saved.pop("transformers_version")
    ends = [tiny.VOCABULARY.index(tiny.PAD), 2, 9, made.convert_tokens_to_ids("<end_of_turn>")]
    assert saved == {"eos_token_id": ends, "pad_token_id": 0, "bos_token_id": 1}
    assert model.generation_config.temperature == 0.6, "the live model is not touched"


def test_settings_are_defaults_of_the_saved_template(tmp_path: Path) -> None:
    made = tokenizer(templates.THINKING_OFF)
    save_final(LanguageModel(tiny.tiny_model(), made), tmp_path / "final", {"enable_thinking": True})
    loaded, asked = AutoTokenizer.from_pretrained(tmp_path / "final"), [{"role": "user", "content": "3 + 4?"}]
    ask = {"add_generation_prompt": True, "tokenize": False}
    assert loaded.apply_chat_template(asked, **ask).endswith("assistant\n<think>\n")
    assert loaded.apply_chat_template(asked, enable_thinking=False, **ask).endswith("</think>\n\n")
    assert made.chat_template == templates.THINKING_OFF


def test_the_folder_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer())
    monkeypatch.setattr(type(policy.tokenizer), "save_pretrained", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_final(policy, tmp_path / "final")
    assert list(tmp_path.iterdir()) == []


def test_it_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    saved(tiny.tiny_model(), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_template_that_begins_no_response_does_so_in_the_saved_folder(tmp_path: Path) -> None:
    made = tokenizer(templates.CHATML)
    save_final(LanguageModel(tiny.tiny_model(), made), tmp_path / "final")
    asked = [{"role": "user", "content": "1?"}]
    loaded = AutoTokenizer.from_pretrained(tmp_path / "final")
    text = loaded.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\n1?<|im_end|>\n<|im_start|>assistant\n"
    assert made.chat_template == templates.CHATML
