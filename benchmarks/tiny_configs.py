"""Shrinks the configuration of any model family until the model takes milliseconds to make."""

from collections.abc import Mapping
from typing import Any

VOCABULARY = 128

WIDTH, HEADS, HEAD, EXPERTS = 32, 4, 8, 4

SMALL: Mapping[str, Any] = {
    **dict.fromkeys(("vocab_size", "decoder_vocab_size", "unpadded_vocab_size"), VOCABULARY),
    **dict.fromkeys(("vocab_size_per_layer_input", "pronunciation_vocab_size", "shape_vocab_size"), VOCABULARY),
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "emb_dim", "embedding_size", "embedding_dim"), WIDTH),
    **dict.fromkeys(("lru_width", "attention_hidden_size", "word_embed_proj_dim", "backbone_hidden_size"), WIDTH),
    **dict.fromkeys(("input_embedding_size", "output_embedding_size", "d_inner", "mamba_d_ssm"), WIDTH),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "dff", "dim_ff", "ffn_hidden_size"), 2 * WIDTH),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim", "intermediate_size_mlp"), 2 * WIDTH),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size"), WIDTH),
    **dict.fromkeys(("moe_shared_expert_intermediate_size", "shared_experts_intermediate_size"), WIDTH),
    **dict.fromkeys(("expert_ffn_hidden_size", "dense_intermediate_size", "router_hidden_size"), WIDTH),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "max_window_layers"), 2),
    **dict.fromkeys(("encoder_layers", "decoder_layers", "num_encoder_layers", "num_decoder_layers"), 2),
    **dict.fromkeys(("n_input_layers", "n_recurrent_layers", "n_output_layers", "num_layers_per_stack"), 1),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads"), HEADS),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads", "num_encoder_attention_heads"), HEADS),
    **dict.fromkeys(("num_decoder_attention_heads", "swa_num_attention_heads", "index_n_heads"), HEADS),
    **dict.fromkeys(("linear_num_value_heads", "linear_num_heads", "mamba_n_heads", "mamba_num_heads"), HEADS),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads", "swa_num_key_value_heads", "linear_num_key_heads"), 2),
    **dict.fromkeys(("head_dim", "swa_head_dim", "dim_head", "d_head", "kv_channels", "index_head_dim"), HEAD),
    **dict.fromkeys(("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "linear_head_dim"), HEAD),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "mamba_d_head", "mamba_head_dim"), HEAD),
    **dict.fromkeys(("attention_head_dim", "mamba_headdim", "query_pre_attn_scalar", "global_head_dim"), HEAD),
    **dict.fromkeys(("rotary_dim", "mamba_d_state", "ssm_state_size", "state_size", "mamba_dt_rank"), HEAD),
    **dict.fromkeys(("time_step_rank", "adapter_rank", "laurel_rank", "loop_gate_rank", "d_rel"), HEAD),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "o_lora_rank", "hidden_size_per_layer_input"), 2 * HEAD),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), EXPERTS),
    **dict.fromkeys(("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts"), 2),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "first_k_dense_replace"), 1),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "model_max_length"), 512),
    **dict.fromkeys(("context_length", "max_target_positions", "max_source_positions"), 512),
    **dict.fromkeys(("sliding_window", "attention_window_size", "window_size", "local_attention"), 16),
    **dict.fromkeys(("sliding_window_size", "chunk_size", "mamba_chunk_size", "block_size"), 16),
    **dict.fromkeys(("attention_chunk_size", "index_topk"), 64),
}
"""Setting → a small value for it."""

LINEAR = {"layer_types": ["linear_attention", "full_attention"]}
CONVOLUTIONS = {"layer_types": ["conv", "full_attention"]}
TEXT = {"vocab_size": VOCABULARY, "pad_token_id": 0}
EQUAL_HEADS = {"num_key_value_heads": HEADS}
ROTARY = {"rope_type": "default", "rope_theta": 10000.0}

ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
"""As in the tokenizer of the tests."""

OWN: Mapping[str, Mapping[str, Any]] = {
    "bailing_hybrid": LINEAR,
    "bamba": {"mamba_d_head": 2 * HEAD, "attn_layer_indices": [1]},
    "blt": {"encoder_hash_byte_group_vocab": VOCABULARY},
    "cohere_compass_text": {"rope_parameters": {"full_attention": ROTARY, "sliding_attention": ROTARY}},
    "dbrx": {
        "attn_config": {"rope_theta": 10000.0, "kv_n_heads": 2, "clip_qkv": 8.0},
        "ffn_config": {"ffn_hidden_size": WIDTH, "moe_num_experts": EXPERTS, "moe_top_k": 2, "hidden_size": WIDTH},
    },
    "dory": {"num_hidden_layers": 3},
    "dots3_note": {"text_config": EQUAL_HEADS},
    "dots3_note_text": EQUAL_HEADS,
    "emu3": {"text_config": TEXT},
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "gemma4_assistant": {"text_config": {"hidden_size_per_layer_input": 0, "vocab_size": VOCABULARY}},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {"mamba_d_head": 2 * HEAD, "layer_types": ["mamba", "attention"]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "use_mamba_kernels": False},
    "kimi_linear": LINEAR,
    "lfm2": CONVOLUTIONS,
    "lfm2_moe": CONVOLUTIONS,
    "longcat_flash": {"zero_expert_num": EXPERTS},
    "mamba2": {"head_dim": 2 * HEAD, "n_groups": 1},
    "minimax": LINEAR,
    "mllama": {"text_config": TEXT},
    "nemotron_h": {"n_groups": 1},
    "olmo_hybrid": LINEAR,
    "qwen3_5": {"text_config": LINEAR},
    "qwen3_5_moe": {"text_config": LINEAR},
    "qwen3_5_moe_text": LINEAR,
    "qwen3_5_text": LINEAR,
    "qwen3_next": LINEAR,
    "qwen4_exp": {"text_config": LINEAR},
    "qwen4_exp_text": LINEAR,
    "recurrent_gemma": {"block_types": ["recurrent", "attention"]},
    "reformer": {"is_decoder": True},
    "zamba": {"layer_types": ["mamba", "hybrid"]},
    "zamba2": {"layer_types": ["mamba", "hybrid"]},
    "zaya": {"num_experts_per_tok": 1},
}
"""Family → settings that the table above gets wrong or does not have."""


def tiny_config(kind: str) -> Any:
    """Returns a configuration of a family with every known dimension shrunk. Raises what transformers does."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    made = CONFIG_MAPPING[kind]
    known = made().to_dict()
    return made(**_joined({**_shrunk(known), **ENDS}, OWN.get(kind, {})))


def _shrunk(known: Mapping[str, Any]) -> dict[str, Any]:
    """The small values of settings that a configuration has, those of the configurations inside it included."""
    small = {name: SMALL[name] for name in known if name in SMALL}
    if "kv_lora_rank" in small and "num_key_value_heads" in small:  # latent attention has as many of both
        small["num_key_value_heads"] = HEADS
    inside = {name: _shrunk(value) for name, value in known.items() if isinstance(value, dict)}
    return small | {name: value for name, value in inside.items() if value and name.endswith("_config")}


def _joined(small: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Both, with a family's own settings first, also in the configurations inside it."""
    both = {**small, **own}
    for name in small.keys() & own.keys():
        if isinstance(small[name], dict) and isinstance(own[name], dict):
            both[name] = _joined(small[name], own[name])
    return both
