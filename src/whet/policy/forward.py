"""Two ways through a model to the same log-probabilities.

`shared_prefix` packs each prompt once with its responses and needs a model whose attention can be replaced
(transformers' `AttentionInterface`); `padded` gives every response a row of its own and works with any model.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from whet.batch import Batch
from whet.kernels.families import windows
from whet.kernels.layout import Layout, layout
from whet.kernels.shared_prefix import shared_prefix_attention
from whet.kernels.token_logprobs import token_logprobs
from whet.policy.activations import within_memory

Forward = Callable[[Any, Batch, float], Tensor]

ATTENTION = "whet_shared_prefix"


def shared_prefix(model: Any, batch: Batch, temperature: float) -> Tensor:
    """Packed: the body runs on P + ΣC tokens, the head on response tokens only."""
    device = next(model.parameters()).device
    where = layout([len(prompt) for prompt in batch.prompts], batch.group_B, batch.lengths_B)
    tokens_N = torch.empty_like(where.positions_N)
    for row_L, prompt in zip(where.prompt_PL, batch.prompts, strict=True):
        tokens_N[row_L[: len(prompt)]] = prompt
    tokens_N[where.response_BT[batch.mask_BT]] = batch.tokens_BT[batch.mask_BT]
    replaced = partial(_attention, model)
    with replaced(), within_memory(model, len(tokens_N), replaced):
        hidden_1ND = _body(model)(
            input_ids=tokens_N[None].to(device),
            position_ids=where.positions_N[None].to(device),
            use_cache=False,
            whet_layouts={window: where.to(device).within(window) for window in windows(model.config).values()},
        ).last_hidden_state
    hidden_MD = hidden_1ND[0].index_select(0, where.before_BT[batch.mask_BT].to(device))
    return _scattered(hidden_MD, model, batch, temperature)


def padded(model: Any, batch: Batch, temperature: float) -> Tensor:
    """A row for every response, `[prompt | response]` padded on the right, through the model as it is."""
    device = next(model.parameters()).device
    prompt_lengths_B = torch.tensor([len(prompt) for prompt in batch.prompts])[batch.group_B]
    width = int((prompt_lengths_B + batch.lengths_B).max())
    tokens_BW = torch.zeros(len(batch), width, dtype=torch.long)
    for row, (group, response, length) in enumerate(zip(batch.group_B, batch.tokens_BT, batch.lengths_B, strict=True)):
        tokens = torch.cat([batch.prompts[int(group)], response[: int(length)]])
        tokens_BW[row, : len(tokens)] = tokens
    real_BW = torch.arange(width) < (prompt_lengths_B + batch.lengths_B)[:, None]
    with within_memory(model, tokens_BW.numel()):
        logits_BWV = model(input_ids=tokens_BW.to(device), attention_mask=real_BW.to(device), use_cache=False).logits
    before_BT = (prompt_lengths_B[:, None] + torch.arange(batch.tokens_BT.shape[1]) - 1).clamp(max=width - 1).to(device)
    logits_BTV = logits_BWV[torch.arange(len(batch), device=device)[:, None], before_BT]
    scaled_BTV = logits_BTV.to(torch.promote_types(logits_BTV.dtype, torch.float32)) / temperature
    logprobs_BT = scaled_BTV.log_softmax(-1).gather(-1, batch.tokens_BT.to(device)[..., None])[..., 0]
    return torch.where(batch.mask_BT.to(device), logprobs_BT, 0.0)


FORWARDS: Mapping[bool, Forward] = {True: shared_prefix, False: padded}
"""By whether the fast paths know the model."""


def _scattered(hidden_MD: Tensor, model: Any, batch: Batch, temperature: float) -> Tensor:
    """Log-probabilities of the M response tokens, put back into `[B, T]`."""
    mask_BT, targets_M = (
        batch.mask_BT.to(hidden_MD.device),
        batch.tokens_BT[batch.mask_BT].to(hidden_MD.device),
    )
    logprobs_M = token_logprobs(hidden_MD, model.get_output_embeddings().weight, targets_M, temperature)
    zeros_BT = torch.zeros(mask_BT.shape, dtype=logprobs_M.dtype, device=hidden_MD.device)
    return zeros_BT.masked_scatter(mask_BT, logprobs_M)


def _body(model: Any) -> Any:
    """The decoder under the head, inside a peft wrapper or not."""
    return model.get_base_model().model if hasattr(model, "peft_config") else model.model


@contextmanager
def _attention(model: Any) -> Iterator[None]:
    """Inside, the model's layers attend by the packed layout they are handed; outside, as before."""
    from transformers import AttentionInterface

    AttentionInterface.register(ATTENTION, _packed_attention)
    before = model.config._attn_implementation
    model.config._attn_implementation = ATTENTION
    try:
        yield
    finally:
        model.config._attn_implementation = before


def _packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Any,
    *,
    whet_layouts: Mapping[int | None, Layout],
    **others: Any,
) -> tuple[Tensor, None]:
    """transformers' attention function: query `[1, H, N, D]` in, `[1, N, H, D]` out; layouts by sliding window."""
    where = whet_layouts[others.get("sliding_window")]
    return shared_prefix_attention(query[0], key[0], value[0], where, others.get("scaling"))[None], None
