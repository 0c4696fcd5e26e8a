"""Two forward passes of a model that compute the same log-probabilities of completions.

`shared_prefix` packs each prompt once with its completions and needs a model whose attention can be replaced
(transformers' `AttentionInterface`); `padded` gives every completion a row of its own and works with any model.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from whet.batch import Batch, moved
from whet.models.dimensions import Dimensions
from whet.models.soft_caps import logit_cap
from whet.models.supported import logit_divisor, windows
from whet.models.weights import base_model, body, head_weight
from whet.policy.attention import Attention, attention_of
from whet.policy.attention_memory import MicroBatchLengths
from whet.policy.called import called
from whet.policy.head_chunks import FLOAT, chunk_tensors, head_sizes
from whet.policy.packing import pack
from whet.policy.recompute import within_memory
from whet.policy.replaced_attention import replaced_attention
from whet.policy.shared_rows import Takers, taken, takers_of
from whet.policy.token_entropy import logprobs_and_entropies, token_logprobs_and_entropies
from whet.policy.token_logprobs import token_logprobs

Forward = Callable[[Any, Batch, float], Tensor]
WithEntropies = Callable[[Any, Batch, float], tuple[Tensor, Tensor]]

ATTENTION = "whet_shared_prefix"


def shared_prefix(model: Any, batch: Batch, temperature: float) -> Tensor:
    """log π of the tokens that count, `[B, T]`, packed: the body runs on P + ΣC tokens, the head on these alone."""
    packed = _packed(model, batch)
    return packed.scattered(_through(model, packed, batch, temperature, token_logprobs))


def shared_prefix_with_entropies(model: Any, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
    """As `shared_prefix`, with the entropy in nats of the distribution at each of these tokens, `[B, T]`."""
    packed = _packed(model, batch)
    found = _through(model, packed, batch, temperature, token_logprobs_and_entropies)
    logprobs_BT, entropies_BT = map(packed.scattered, found)
    return logprobs_BT, entropies_BT


def padded(model: Any, batch: Batch, temperature: float) -> Tensor:
    """log π of the tokens that count, `[B, T]`, from rows `[prompt | completion]` padded on the right."""
    logits_BTV = _padded_logits(model, batch, temperature)
    tokens_BT = batch.tokens_BT.to(logits_BTV.device)
    logprobs_BT = logits_BTV.log_softmax(-1).gather(-1, tokens_BT[..., None])[..., 0]
    return torch.where(batch.scored_BT.to(logits_BTV.device), logprobs_BT, 0.0)


def padded_with_entropies(model: Any, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
    """As `padded`, with the entropy in nats of the distribution at each of these tokens, `[B, T]`."""
    logits_BTV = _padded_logits(model, batch, temperature)
    mask_BT = batch.scored_BT.to(logits_BTV.device)
    logprobs_BT, entropies_BT = logprobs_and_entropies(logits_BTV, batch.tokens_BT.to(logits_BTV.device))
    return torch.where(mask_BT, logprobs_BT, 0.0), torch.where(mask_BT, entropies_BT, 0.0)


FORWARDS: Mapping[bool, Forward] = {True: shared_prefix, False: padded}
"""By `LanguageModel.fused`: whether the packed forward supports the model."""

WITH_ENTROPIES: Mapping[bool, WithEntropies] = {True: shared_prefix_with_entropies, False: padded_with_entropies}
"""The same, with entropies."""


class Packed(NamedTuple):
    """A batch laid out for the body, on its device: N tokens, of which M, those that count, are predicted."""

    tokens_N: Tensor
    positions_N: Tensor
    targets_M: Tensor
    """int64: the predicted tokens."""
    place_M: Tensor
    """int64: their places in the flattened `[B, T]`."""
    takers: Takers
    """Which hidden states predict them."""
    attention: Attention
    layout: Any
    """Of the attention."""
    shape: torch.Size
    """`[B, T]`."""

    def scattered(self, values_M: Tensor) -> Tensor:
        """Scatters a value for each of the M predicted tokens to `[B, T]`; zero elsewhere."""
        return values_M.new_zeros(self.shape.numel()).index_copy(0, self.place_M, values_M).view(self.shape)


def _packed(model: Any, batch: Batch) -> Packed:
    """Lays a batch out. All indices travel to the model's device in one copy."""
    attention, device = attention_of(model), next(model.parameters()).device
    where = pack([len(prompt) for prompt in batch.prompts], batch.group_B, batch.lengths_B)
    tokens_N = torch.empty_like(where.positions_N)
    tokens_N[where.prompt_PL[where.real_PL]] = torch.cat(batch.prompts)
    tokens_N[where.response_BT[batch.mask_BT]] = batch.tokens_BT[batch.mask_BT]
    layout = attention.layout(where)
    # what a tool wrote, or the question of a warm start's example, is read and never predicted
    asked_BT = batch.scored_BT
    # the last token of a prompt predicts the first one of each of its completions
    before = takers_of(where.before_BT[asked_BT], len(tokens_N))
    tokens_N, positions_N, targets_M, place_M, *rest = moved(
        (
            *(tokens_N, where.positions_N, batch.tokens_BT[asked_BT], asked_BT.flatten().nonzero()[:, 0]),
            *(*before, *layout),
        ),
        device,
    )
    takers, there = Takers(*rest[: len(before)]), type(layout)(*rest[len(before) :])
    return Packed(tokens_N, positions_N, targets_M, place_M, takers, attention, there, batch.mask_BT.shape)


def _through(model: Any, packed: Packed, batch: Batch, temperature: float, read: Callable[..., Any]) -> Any:
    """What `read(hidden_MD, head_VD, targets_M, divisor, cap)` makes of the M hidden states that predict a token.

    Model and head are called as modules, though with another forward: their hooks gather weights that are shared out.
    """
    head, targets_M = model.get_output_embeddings(), packed.targets_M
    divisor, cap = temperature * logit_divisor(model.config), logit_cap(model.config)

    def forward() -> Any:
        hidden_MD = _hidden(model, packed, batch)
        return called(head, lambda hidden_MD: read(hidden_MD, head.weight, targets_M, divisor, cap), hidden_MD)

    return called(base_model(model), forward)


def _hidden(model: Any, packed: Packed, batch: Batch) -> Tensor:
    """Runs the body of the model; the hidden states that predict the tokens that count, `[M, D]`."""
    attention, tokens = packed.attention, len(packed.tokens_N)
    replaced = partial(replaced_attention, model, ATTENTION, _packed_attention)
    with within_memory(model, tokens, replaced, True, _besides(model, attention, batch)), replaced():
        hidden_1ND = body(model)(
            input_ids=packed.tokens_N[None],
            position_ids=packed.positions_N[None],
            use_cache=False,
            whet_attention=attention,
            whet_layouts={window: packed.layout.within(window) for window in windows(model.config).values()},
        ).last_hidden_state
    return taken(hidden_1ND[0], packed.takers)


def _besides(model: Any, attention: Attention, batch: Batch) -> float:
    """Bytes that attention and the head take for a batch, besides the activations of layers."""
    head_VD = head_weight(model)
    vocabulary, element = len(head_VD), head_VD.element_size()
    longest = max(len(prompt) for prompt in batch.prompts)
    rows = MicroBatchLengths(len(batch.prompts), len(batch), longest, batch.mask_BT.shape[1])
    kept, passing = attention.needed(Dimensions.of(model.config), element, rows)
    sizes = head_sizes(head_VD.device, vocabulary, element)
    tokens = int(batch.scored_BT.sum())
    at_once = chunk_tensors(logit_cap(model.config))
    chunk = at_once * FLOAT * min(sizes.chunk, tokens)
    gradient = FLOAT * head_VD.numel() if head_VD.requires_grad else 0
    return kept + passing + gradient + vocabulary * (element * min(sizes.kept, tokens) + chunk)


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
    vocabulary = len(head_weight(model))  # logits in the layers' dtype, then three times in float32
    besides = tokens_BW.numel() * vocabulary * (head_weight(model).element_size() + 3 * FLOAT)
    with within_memory(model, tokens_BW.numel(), besides=besides):
        logits_BWV = model(input_ids=tokens_BW.to(device), attention_mask=real_BW.to(device), use_cache=False).logits
    # the token at t is predicted by the logits one position earlier; clamped indices are masked later
    before_BT = (prompt_lengths_B[:, None] + torch.arange(batch.tokens_BT.shape[1]) - 1).clamp(max=width - 1).to(device)
    logits_BTV = logits_BWV[torch.arange(len(batch), device=device)[:, None], before_BT]
    scaled_BTV: Tensor = logits_BTV.to(torch.promote_types(logits_BTV.dtype, torch.float32)) / temperature
    return scaled_BTV


def _packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Any,
    *,
    whet_attention: Attention,
    whet_layouts: Mapping[int | None, Any],
    **others: Any,
) -> tuple[Tensor, None]:
    """transformers' attention function: query `[1, H, N, D]` in, `[1, N, H, D]` out; layouts by sliding window."""
    where = whet_layouts[others.get("sliding_window")]
    scale, soft_cap = others.get("scaling"), others.get("softcap")
    return whet_attention.attend(query[0], key[0], value[0], where, scale, soft_cap)[None], None
