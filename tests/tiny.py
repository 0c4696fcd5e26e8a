"""Tiny random models and a tokenizer with one token per character: real classes, made in milliseconds.

Every family is the transformers class that people fine-tune, shrunk until it costs nothing, with the traits
that break careless code kept: grouped key-value heads, tied embeddings, biases, a head size that is not
hidden / heads, query-key norms, sliding windows. One-dimensional weights (biases and norm scales), which
transformers starts at 0 or 1, are shaken, so that code that forgets one of them gets wrong numbers.
"""

import string
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

PAD, START, END, UNKNOWN = "<pad>", "<|im_start|>", "<|im_end|>", "<unk>"
ALPHABET = "\n" + " " + string.digits + string.ascii_letters + string.punctuation
VOCABULARY = (PAD, START, END, UNKNOWN, *ALPHABET)
"""Four special tokens, newline, space, digits, letters, punctuation; a token's id is its place here."""

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

_COMMON: dict[str, Any] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "tie_word_embeddings": True,
    "pad_token_id": VOCABULARY.index(PAD),
    "bos_token_id": VOCABULARY.index(START),
    "eos_token_id": VOCABULARY.index(END),
}
_FAMILIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", "LlamaForCausalLM", {}),
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM", {}),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM", {"head_dim": 16}),
    "gemma3": (
        "Gemma3TextConfig",
        "Gemma3ForCausalLM",
        {
            "head_dim": 16,
            "query_pre_attn_scalar": 16,
            "sliding_window": 16,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "gemma2": (
        "Gemma2Config",
        "Gemma2ForCausalLM",
        {
            "query_pre_attn_scalar": 24,
            "sliding_window": 16,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 3.0,
        },
    ),
    "granite": (
        "GraniteConfig",
        "GraniteForCausalLM",
        {
            "embedding_multiplier": 3.0,
            "attention_multiplier": 0.2,
            "residual_multiplier": 0.6,
            "logits_scaling": 1.7,
        },
    ),
    "mistral": ("MistralConfig", "MistralForCausalLM", {"sliding_window": 6, "tie_word_embeddings": False}),
    "olmo2": ("Olmo2Config", "Olmo2ForCausalLM", {}),
    "olmo3": (
        "Olmo3Config",
        "Olmo3ForCausalLM",
        {"sliding_window": 6, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "phi3": (
        "Phi3Config",
        "Phi3ForCausalLM",
        {"rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5}},
    ),
    "smollm3": ("SmolLM3Config", "SmolLM3ForCausalLM", {"no_rope_layers": [1, 0]}),
}
FAMILIES = tuple(_FAMILIES)
"""The names that `tiny_model` knows, for `pytest.mark.parametrize`."""


def tiny_config(family: str = "llama", **changes: Any) -> Any:
    """The configuration of a tiny model; `changes` replaces fields, such as `num_hidden_layers=3`."""
    config_class, _, own = _FAMILIES[family]
    return getattr(transformers, config_class)(**{**_COMMON, **own, **changes})


def tiny_model(family: str = "llama", *, dtype: torch.dtype = torch.float32, seed: int = 0, **changes: Any) -> Any:
    """A tiny random causal language model in eval mode: a function of its arguments, whatever ran before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, _FAMILIES[family][1])(tiny_config(family, **changes))
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    parameter.add_(torch.randn_like(parameter), alpha=0.2)
    return model.to(dtype).eval()


def tiny_families() -> dict[str, Callable[..., Any]]:
    """By family name, a function that makes its tiny model and takes what `tiny_model` takes."""
    return {family: partial(tiny_model, family) for family in FAMILIES}


@cache
def tiny_tokenizer() -> Any:
    """One token per printable ASCII character, ChatML turns, `<|im_end|>` as the end token.

    A byte-level BPE without merges, as the real families' tokenizers are with merges. Encoding and decoding
    are inverse to each other; each byte of a character outside `ALPHABET` becomes `<unk>`.
    """
    spelled = {" ": "Ġ", "\n": "Ċ"}
    ids = {spelled.get(token, token): index for index, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.BPE(ids, merges=[], unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=START,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=_COMMON["max_position_embeddings"],
    )


def save_tiny(folder: Path, family: str = "llama", **changes: Any) -> Path:
    """Writes a tiny model and its tokenizer as a folder that `from_pretrained` loads, and returns it."""
    tiny_model(family, **changes).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder
