"""A tiny Llama as a GGUF file, written from the format's specification."""

import string
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter

import tiny

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
"""A Llama layer's weights in transformers and in GGUF (the GGUF specification's standard names)."""

MERGES = ["1 2", "12 3", "a b"]
"""`12` and `123` are tokens, which only a tokenizer that splits digits never uses."""


def interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rotary halves [first | second] of each head, as GGUF wants them: first and second by turns."""
    size = weight.shape[0] // heads
    order = [head * size + half * size // 2 + i for head in range(heads) for i in range(size // 2) for half in (0, 1)]
    return weight[order]


def write_gguf(path: Path, model: Any, pre: str = "smollm") -> Path:
    """`model`, a tiny Llama with tied embeddings, as a float32 GGUF file with a byte-level BPE tokenizer."""
    config = model.config
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "Ġ", "Ċ", "12", "123", "ab", *printable()]
    tokens += [f"<unused{i}>" for i in range(config.vocab_size - len(tokens))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    writer.add_token_merges(MERGES)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template(tiny.CHAT_TEMPLATE)
    for name, tensor in tensors(model).items():
        writer.add_tensor(name, np.ascontiguousarray(tensor, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def printable() -> str:
    return string.digits + string.ascii_letters + string.punctuation


def tensors(model: Any) -> dict[str, np.ndarray]:
    heads = {"attn_q": model.config.num_attention_heads, "attn_k": model.config.num_key_value_heads}
    found = {
        "token_embd.weight": model.model.embed_tokens.weight,
        "output_norm.weight": model.model.norm.weight,
    }
    for index, layer in enumerate(model.model.layers):
        for ours, theirs in NAMES.items():
            found[f"blk.{index}.{theirs}.weight"] = layer.get_submodule(ours).weight
    arrays = {name: weight.detach().numpy() for name, weight in found.items()}
    return {
        name: interleaved(array, heads[part]) if (part := name.split(".")[-2]) in heads else array
        for name, array in arrays.items()
    }
