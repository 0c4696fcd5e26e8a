"""Two forward passes of a model that compute the same log-probabilities of completions.

`shared_prefix` packs each prompt once with its completions and needs a model whose attention can be replaced
(transformers' `AttentionInterface`); `padded` gives every completion a row of its own and works with any model.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from whet.batch import Batch
from whet.models.supported import windows
from whet.models.weights import body, head_weight
from whet.policy.packing import Packing, pack
from whet.policy.recompute import within_memory
from whet.policy.shared_prefix import shared_prefix_attention
from whet.policy.token_entropy import logprobs_and_entropies, token_logprobs_and_entropies
from whet.policy.token_logprobs import token_logprobs

Forward = Callable[[Any, Batch, float], Tensor]
WithEntropies = Callable[[Any, Batch, float], tuple[Tensor, Tensor]]

ATTENTION = "whet_shared_prefix"


def shared_prefix(model: Any, batch: Batch, temperature: float) -> Tensor:
    """log π of the completion tokens, `[B, T]`, packed: the body runs on P + ΣC tokens, the head on ΣC."""
    hidden_MD, targets_M = _packed(model, batch)
    logprobs_M = token_logprobs(hidden_MD, head_weight(model), targets_M, temperature)
    return _scattered(logprobs_M, batch)


def shared_prefix_with_entropies(model: Any, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
    """As `shared_prefix`, with the entropy in nats of the distribution at each completion token, `[B, T]`."""
    hidden_MD, targets_M = _packed(model, batch)
    head_VD = head_weight(model)
    logprobs_M, entropies_M = token_logprobs_and_entropies(hidden_MD, head_VD, targets_M, temperature)
    return _scattered(logprobs_M, batch), _scattered(entropies_M, batch)


def padded(model: Any, batch: Batch, temperature: float) -> Tensor:
    """log π of the completion tokens, `[B, T]`, from rows `[prompt | completion]` padded on the right."""
    logits_BTV = _padded_logits(model, batch, temperature)
    tokens_BT = batch.tokens_BT.to(logits_BTV.device)
    logprobs_BT = logits_BTV.log_softmax(-1).gather(-1, tokens_BT[..., None])[..., 0]
    return torch.where(batch.mask_BT.to(logits_BTV.device), logprobs_BT, 0.0)


def padded_with_entropies(model: Any, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
    """As `padded`, with the entropy in nats of the distribution at each completion token, `[B, T]`."""
    logits_BTV = _padded_logits(model, batch, temperature)
    mask_BT = batch.mask_BT.to(logits_BTV.device)
    logprobs_BT, entropies_BT = logprobs_and_entropies(logits_BTV, batch.tokens_BT.to(logits_BTV.device))
    return torch.where(mask_BT, logprobs_BT, 0.0), torch.where(mask_BT, entropies_BT, 0.0)


FORWARDS: Mapping[bool, Forward] = {True: shared_prefix, False: padded}
"""By `LanguageModel.fused`: whether the fast paths support the model."""

WITH_ENTROPIES: Mapping[bool, WithEntropies] = {True: shared_prefix_with_entropies, False: padded_with_entropies}
"""The same, with entropies."""


def _packed(model: Any, batch: Batch) -> tuple[Tensor, Tensor]:
    """The M hidden states that predict the completion tokens, and those tokens."""
    device = next(model.parameters()).device
    where = pack([len(prompt) for prompt in batch.prompts], batch.group_B, batch.lengths_B)
    tokens_N = torch.empty_like(where.positions_N)
    for row_L, prompt in zip(where.prompt_PL, batch.prompts, strict=True):
        tokens_N[row_L[: len(prompt)]] = prompt
    tokens_N[where.response_BT[batch.mask_BT]] = batch.tokens_BT[batch.mask_BT]
    replaced, there = partial(_attention, model), where.to(device)
    with within_memory(model, len(tokens_N), replaced, lean=True), replaced():
        hidden_1ND = body(model)(
            input_ids=tokens_N[None].to(device),
            position_ids=where.positions_N[None].to(device),
            use_cache=False,
            whet_packings={window: there.within(window) for window in windows(model.config).values()},
        ).last_hidden_state
    hidden_MD = hidden_1ND[0].index_select(0, where.before_BT[batch.mask_BT].to(device))
    return hidden_MD, batch.tokens_BT[batch.mask_BT].to(device)


def _padded_logits(model: Any, batch: Batch, temperature: float) -> Tensor:
    """Logits / temperature that predict each completion token, `[B, T, V]`, in float32 or wider."""
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
    # the token at t is predicted by the logits one position earlier; clamped indices are masked later
    before_BT = (prompt_lengths_B[:, None] + torch.arange(batch.tokens_BT.shape[1]) - 1).clamp(max=width - 1).to(device)
    logits_BTV = logits_BWV[torch.arange(len(batch), device=device)[:, None], before_BT]
    scaled_BTV: Tensor = logits_BTV.to(torch.promote_types(logits_BTV.dtype, torch.float32)) / temperature
    return scaled_BTV


def _scattered(values_M: Tensor, batch: Batch) -> Tensor:
    """Scatters a value for each of the M completion tokens to `[B, T]`; zero elsewhere."""
    mask_BT = batch.mask_BT.to(values_M.device)
    zeros_BT = torch.zeros(mask_BT.shape, dtype=values_M.dtype, device=values_M.device)
    return zeros_BT.masked_scatter(mask_BT, values_M)


@contextmanager
def _attention(model: Any) -> Iterator[None]:
    """In the block the model's layers use packed attention with the layouts passed to its forward."""
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
    whet_packings: Mapping[int | None, Packing],
    **others: Any,
) -> tuple[Tensor, None]:
    """transformers' attention function: query `[1, H, N, D]` in, `[1, N, H, D]` out; layouts by sliding window."""
    where = whet_packings[others.get("sliding_window")]
    return shared_prefix_attention(query[0], key[0], value[0], where, others.get("scaling"))[None], None
