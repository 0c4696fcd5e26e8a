"""What transformers itself computes, one unpadded row at a time: the truth that faster ways are held to."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import tiny
from whet.batch import Batch
from whet.config import LoraConfig
from whet.models.lora import add_lora

LENGTHS = ([4, 1, 7], [[3, 6, 1], [5], [2, 2]])
"""A ragged batch: prompts, and the responses to each."""


def row_by_row(model: Any, batch: Batch, temperature: float) -> Tensor:
    """log softmax(logits / temperature) at each response token `[B, T]`, with its gradient."""
    rows = []
    for b, group in enumerate(batch.group_B.tolist()):
        length = int(batch.mask_BT[b].sum())
        row = token_logprobs(model, batch.prompts[group], batch.tokens_BT[b, :length], temperature)
        rows.append(torch.nn.functional.pad(row, (0, batch.tokens_BT.shape[1] - length)))
    return torch.stack(rows)


def token_logprobs(model: Any, prompt: Tensor, response: Tensor, temperature: float = 1.0) -> Tensor:
    """log softmax(logits / temperature) at each token of one response."""
    logits = model(torch.cat([prompt, response])[None], use_cache=False).logits[0, len(prompt) - 1 : -1]
    scaled = logits.to(torch.promote_types(logits.dtype, torch.float32)) / temperature
    logprobs: Tensor = scaled.log_softmax(-1)[torch.arange(len(response)), response]
    return logprobs


def with_lora(family: str = "llama", rank: int = 3, **changes: Any) -> Any:
    """A tiny model whose adapters do something: B, which starts at zero, is shaken."""
    model = add_lora(tiny.tiny_model(family, **changes), LoraConfig(rank=rank))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3, generator=torch.Generator().manual_seed(len(name)))
    return model


def logits(model: Any) -> Tensor:
    """The model's logits `[2, 20, V]` for the first forty token ids, in two rows."""
    with torch.no_grad():
        found: Tensor = model(input_ids=torch.arange(40).reshape(2, 20)).logits
    return found


def trained(config: LoraConfig | None = None, **changes: Any) -> Any:
    """An adapted model whose B has moved away from zero."""
    model = add_lora(tiny.tiny_model(**changes), config or LoraConfig(rank=4, alpha=8.0))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.1)
    return model.eval()


def saved_bytes(model: Any, forward: Callable[[], Tensor]) -> int:
    """Bytes that autograd keeps, weights apart, every tensor once."""
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    seen: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        seen[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        forward()
    return sum(t.untyped_storage().nbytes() for where, t in seen.items() if where not in weights)
