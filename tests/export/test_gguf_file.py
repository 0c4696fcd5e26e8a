"""A model as a GGUF file: its tensors and settings, bit by bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader
from safetensors.torch import load_file, save_file

import tiny
from export.models_to_export import byte_level, save
from models.tiny_gguf import NAMES, interleaved
from whet.errors import UserError
from whet.export.gguf_file import write_gguf
from whet.export.weight_types import TYPES

BIASES = ("q_proj", "k_proj", "v_proj")


def written(folder: Path, kind: str = "f32") -> GGUFReader:
    write_gguf(folder, folder / "out.gguf", TYPES[kind], "a model")
    return GGUFReader(folder / "out.gguf")


def value(reader: GGUFReader, key: str) -> Any:
    return reader.fields[key].contents()


def by_name(reader: GGUFReader) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in reader.tensors}


def numbers(tensor: Any) -> np.ndarray:
    return tensor.data.reshape(tuple(reversed(tensor.shape.tolist())))


def test_a_llama_has_every_tensor_under_its_name_with_paired_rows(tmp_path: Path) -> None:
    folder = save(tmp_path)
    weights = {name: tensor.numpy() for name, tensor in load_file(folder / "model.safetensors").items()}
    found = by_name(written(folder))
    wanted = {
        "token_embd.weight": weights["model.embed_tokens.weight"],
        "output_norm.weight": weights["model.norm.weight"],
    }
    for layer in range(2):
        for theirs, ours in NAMES.items():
            heads = {"attn_q": 4, "attn_k": 2}.get(ours)
            weight = weights[f"model.layers.{layer}.{theirs}.weight"]
            wanted[f"blk.{layer}.{ours}.weight"] = interleaved(weight, heads) if heads else weight
    assert found.keys() == wanted.keys(), "a tied head has no tensor of its own"
    for name, weight in wanted.items():
        np.testing.assert_array_equal(numbers(found[name]), weight, err_msg=name)


def test_settings_are_stated(tmp_path: Path) -> None:
    reader = written(save(tmp_path))
    wanted = {
        "general.architecture": "llama",
        "general.name": "a model",
        "general.file_type": 0,
        "general.size_label": "27K",
        "llama.block_count": 2,
        "llama.context_length": 512,
        "llama.embedding_length": 32,
        "llama.feed_forward_length": 64,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.attention.key_length": 8,
        "llama.rope.dimension_count": 8,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.pre": "smollm",
    }
    assert {key: value(reader, key) for key in wanted} == wanted
    assert value(reader, "llama.attention.layer_norm_rms_epsilon") == pytest.approx(1e-6)
    assert len(value(reader, "tokenizer.ggml.tokens")) == value(reader, "llama.vocab_size") == len(byte_level()) + 5


@pytest.mark.parametrize("kind", ["f16", "bf16", "q8_0"])
def test_matrices_have_the_type_and_vectors_stay_float32(tmp_path: Path, kind: str) -> None:
    folder = save(tmp_path, intermediate_size=48)
    found = by_name(written(folder, kind))
    matrix, norm, odd = (found[f"blk.0.{name}.weight"] for name in ("ffn_gate", "ffn_norm", "ffn_down"))
    assert matrix.tensor_type == GGMLQuantizationType[TYPES[kind].gguf]
    assert norm.tensor_type == GGMLQuantizationType.F32
    weights = load_file(folder / "model.safetensors")
    gate, down = (weights[f"model.layers.0.mlp.{name}_proj.weight"] for name in ("gate", "down"))
    if kind == "q8_0":  # blocks of 32: a float16 scale, the largest of them over 127, and rounded multiples
        assert odd.tensor_type == GGMLQuantizationType.F16, "rows of 48 fill no blocks"
        blocks = gate.numpy().reshape(-1, 32)
        packed = matrix.data.reshape(-1, 34)
        scales = packed[:, :2].copy().view(np.float16)[:, 0].astype(np.float32)
        np.testing.assert_allclose(scales, np.abs(blocks).max(-1) / 127, rtol=1e-3)
        back = packed[:, 2:].view(np.int8) * scales[:, None]
        np.testing.assert_allclose(back, blocks, atol=np.abs(blocks).max() / 127)
    elif kind == "bf16":
        bits = torch.from_numpy(matrix.data.view(np.int16).copy()).view(torch.bfloat16).reshape(gate.shape)
        assert torch.equal(bits, gate.bfloat16())
    else:
        np.testing.assert_array_equal(numbers(matrix), gate.half().numpy())
        np.testing.assert_array_equal(numbers(odd), down.half().numpy())


def test_a_head_of_its_own_and_biases_come_along(tmp_path: Path) -> None:
    folder = save(tmp_path, "qwen2", tie_word_embeddings=False)
    weights = load_file(folder / "model.safetensors")
    found = by_name(written(folder))
    np.testing.assert_array_equal(numbers(found["output.weight"]), weights["lm_head.weight"].numpy())
    for ours, theirs in zip("qkv", BIASES, strict=True):
        bias = weights[f"model.layers.1.self_attn.{theirs}.bias"].numpy()
        np.testing.assert_array_equal(found[f"blk.1.attn_{ours}.bias"].data, bias)


def test_gemmas_norms_are_shifted_and_its_windows_stated(tmp_path: Path) -> None:
    folder = save(tmp_path, "gemma3")
    weights = load_file(folder / "model.safetensors")
    reader = written(folder)
    found = by_name(reader)
    for name, theirs in {"attn_q_norm": "self_attn.q_norm", "post_ffw_norm": "post_feedforward_layernorm"}.items():
        wanted = weights[f"model.layers.0.{theirs}.weight"].numpy() + 1
        np.testing.assert_array_equal(found[f"blk.0.{name}.weight"].data, wanted)
    assert value(reader, "gemma3.attention.sliding_window") == 16
    assert value(reader, "gemma3.rope.freq_base_swa") == 10000.0
    assert value(reader, "gemma3.attention.key_length") == 16
    assert value(reader, "tokenizer.ggml.model") == "llama"


def test_llama_3s_frequencies_are_a_tensor(tmp_path: Path) -> None:
    scaled = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    scaled |= {"rope_theta": 1e4, "original_max_position_embeddings": 64}
    folder = save(tmp_path, head_dim=16, rope_parameters=scaled)
    factors = by_name(written(folder))["rope_freqs.weight"].data
    assert factors.shape == (8,)
    assert factors[0] == 1.0
    assert factors[-1] == 8.0


def test_a_weight_without_a_place_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.0.self_attn.gate.weight"] = torch.ones(2, 2)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"no place for the weight model.layers.0.self_attn.gate.weight"):
        written(folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(UserError, match=r"gguf is written for"):
        write_gguf(other, other / "a.gguf", TYPES["f16"], "a")


def test_numbers_do_not_depend_on_the_type_they_are_stored_in(tmp_path: Path) -> None:
    folder = tmp_path / "narrow"
    tiny.tiny_model(dtype=torch.bfloat16, vocab_size=len(byte_level())).save_pretrained(folder)
    byte_level().save_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    found = by_name(written(folder, "bf16"))["blk.0.ffn_up.weight"]
    bits = weights["model.layers.0.mlp.up_proj.weight"].view(torch.int16).numpy()
    np.testing.assert_array_equal(found.data.view(np.int16).reshape(bits.shape), bits)
