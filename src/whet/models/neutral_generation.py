"""The generation settings of a finished model: every token that ended responses, nothing that alters sampling."""

from collections.abc import Collection
from typing import Any


def neutral_generation(model: Any, tokenizer: Any, ends: Collection[int]) -> Any:
    """Returns a `GenerationConfig` under which `generate` decodes as Whet measured.

    The base model's temperature, top-p, top-k, penalties and the like are left out: Whet samples without them.
    `ends` are the ids of the tokens that end a response.
    """
    from transformers import GenerationConfig

    base = getattr(model, "generation_config", None)
    start = getattr(base, "bos_token_id", None)
    pads = (getattr(tokenizer, "pad_token_id", None), getattr(base, "pad_token_id", None), *sorted(ends))
    return GenerationConfig(
        bos_token_id=getattr(tokenizer, "bos_token_id", None) if start is None else start,
        eos_token_id=sorted(ends) if len(ends) > 1 else next(iter(ends), None),
        pad_token_id=next((pad for pad in pads if pad is not None), None),
    )
