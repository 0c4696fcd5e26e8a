"""Loads a GGUF file with the reader of transformers, to compare it with the model that it was written from."""

from pathlib import Path
from typing import Any

from whet.export.gguf_family import rope_of
from whet.models.quiet import quiet

UNREAD = ("rope_parameters", "head_dim", "layer_types", "query_pre_attn_scalar", "attention_bias", "mlp_bias")
"""Settings that the reader takes from its defaults, not from the file: those of the original are used."""


def load_gguf(path: Path, settings: dict[str, Any]) -> Any:
    """Loads the weights of `path`, and the settings that its reader knows, in float32.

    `settings` are those of the original: the reader knows nothing of rotary scaling, heads, Gemma's layers, and biases.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with quiet():
        config = AutoConfig.from_pretrained(path.parent, gguf_file=path.name)
        for name in UNREAD:
            if name in settings and (name != "rope_parameters" or _special(settings)):
                setattr(config, name, settings[name])
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, config=config, dtype=torch.float32, local_files_only=True
        )
    return model.eval()


def _special(settings: dict[str, Any]) -> bool:
    """Whether the rotary settings say more than the base that stands in the file."""
    nested = rope_of(settings) is not settings.get("rope_parameters")
    return nested or rope_of(settings).get("rope_type", "default") != "default"
