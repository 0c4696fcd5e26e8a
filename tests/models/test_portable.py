"""What older programs read in a saved model. The expected settings are those that transformers 4.57 writes itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

import tiny
from whet.models.portable import make_portable

BASE = 500000.0
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
YARN = {"factor": 4.0, "original_max_position_embeddings": 128}
LONG = {"short_factor": [1.0] * 4, "long_factor": [2.0] * 4}
SIZE: dict[str, Any] = {
    "vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 4, "max_position_embeddings": 512, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
KINDS = ["sliding_attention", "full_attention"]


def rotary(kind: str = "default", **others: Any) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": BASE, **others}}


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (transformers.LlamaConfig(**SIZE, **rotary()), {"rope_theta": BASE, "rope_scaling": None}),
    "llama3": (
        transformers.LlamaConfig(**SIZE, **rotary("llama3", **LLAMA3)),
        {"rope_theta": BASE, "rope_scaling": {"rope_type": "llama3", **LLAMA3}},
    ),
    "yarn": (
        transformers.Qwen2Config(**SIZE, **rotary("yarn", **YARN)),
        {"rope_theta": BASE, "rope_scaling": {"rope_type": "yarn", **YARN}},
    ),
    "dynamic": (
        transformers.MistralConfig(**SIZE, **rotary("dynamic", factor=2.0)),
        {"rope_theta": BASE, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}},
    ),
    "longrope": (
        transformers.Phi3Config(**SIZE, original_max_position_embeddings=64, **rotary("longrope", **LONG)),
        {"rope_theta": BASE, "rope_scaling": {"type": "longrope", **LONG}},
    ),
    "partial": (
        transformers.PhiConfig(**SIZE, **rotary(partial_rotary_factor=0.75)),
        {"rope_theta": BASE, "partial_rotary_factor": 0.75},
    ),
    "names of its own": (
        transformers.GPTNeoXConfig(**SIZE, **rotary(partial_rotary_factor=0.5)),
        {"rotary_emb_base": BASE, "rotary_pct": 0.5},
    ),
    "by kind of attention": (
        transformers.Gemma3TextConfig(
            **SIZE, head_dim=16, layer_types=KINDS,
            rope_parameters={
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": BASE},
                "sliding_attention": {"rope_type": "default", "rope_theta": 7000.0},
            },
        ),
        {"rope_theta": BASE, "rope_local_base_freq": 7000.0, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
    ),
    "experts": (
        transformers.Qwen3MoeConfig(**SIZE, moe_intermediate_size=16, num_experts=4, num_experts_per_tok=2),
        {"num_experts": 4},
    ),
    "none": (transformers.GPT2Config(vocab_size=100, n_embd=32, n_layer=2, n_head=4), {"torch_dtype": "float32"}),
}  # fmt: skip


def saved(folder: Path, config: Any) -> Path:
    """A model folder as transformers 5 writes it, made portable."""
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tiny.tiny_tokenizer().save_pretrained(folder)
    make_portable(folder)
    return folder


def read(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


@pytest.mark.parametrize("case", CASES)
def test_old_names_stand_beside_new_ones(case: str, tmp_path: Path) -> None:
    config, expected = CASES[case]
    found = read(saved(tmp_path / "model", config), "config.json")
    assert {name: found.get(name, "absent") for name in expected} == expected
    assert found["torch_dtype"] == found["dtype"] == "float32"


@pytest.mark.parametrize("case", CASES)
def test_version_5_computes_the_same(case: str, tmp_path: Path) -> None:
    config, _ = CASES[case]
    again = transformers.AutoModelForCausalLM.from_pretrained(saved(tmp_path / "model", config)).eval()
    torch.manual_seed(0)
    plain = transformers.AutoModelForCausalLM.from_config(config).eval()
    tokens = torch.arange(4, 90)[None]
    with torch.no_grad():
        torch.testing.assert_close(again(tokens).logits, plain(tokens).logits)


def test_a_multimodal_folder_has_them_where_its_text_decoder_is_described(tmp_path: Path) -> None:
    text = {**SIZE, "head_dim": 16, "num_key_value_heads": 2}
    vision = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.Gemma3Config(text_config=text, vision_config=vision)
    found = read(saved(tmp_path / "model", config), "config.json")
    assert found["text_config"]["rope_theta"] == 1000000.0
    assert found["text_config"]["rope_local_base_freq"] == 10000.0


def test_the_tokenizer_has_a_class_and_names_that_version_4_knows(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    tiny.save_tiny(folder)
    own = tiny.tiny_tokenizer()
    marked = transformers.PreTrainedTokenizerFast(
        tokenizer_object=own.backend_tokenizer, eos_token=tiny.END, extra_special_tokens=[tiny.UNKNOWN]
    )
    marked.save_pretrained(folder)
    make_portable(folder)
    found = read(folder, "tokenizer_config.json")
    assert found["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert found["additional_special_tokens"] == [tiny.UNKNOWN]
    assert not found.keys() & {"extra_special_tokens", "is_local", "local_files_only"}
    again = transformers.AutoTokenizer.from_pretrained(folder)
    assert again.encode("a<unk>b") == own.encode("a<unk>b")


def test_a_sentencepiece_file_comes_along(tmp_path: Path) -> None:
    folder = tiny.save_tiny(tmp_path / "model")
    (tmp_path / "tokenizer.model").write_bytes(b"pieces")
    make_portable(folder, tmp_path)
    assert (folder / "tokenizer.model").read_bytes() == b"pieces"


def test_a_family_that_cannot_read_the_old_names_keeps_to_the_new_ones(tmp_path: Path) -> None:
    """Gemma 4 came after version 4, and refuses a `rope_scaling` beside its own settings."""
    size = {**SIZE, "num_key_value_heads": 2, "head_dim": 8, "global_head_dim": 8, "vocab_size_per_layer_input": 100}
    config = transformers.Gemma4TextConfig(**size, hidden_size_per_layer_input=8, layer_types=KINDS)
    folder = saved(tmp_path / "model", config)
    assert transformers.AutoConfig.from_pretrained(folder).rope_parameters == config.rope_parameters
