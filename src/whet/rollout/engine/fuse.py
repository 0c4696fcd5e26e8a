"""Copies a model's weights for the decoder, frozen and fused: q|k|v and gate|up in one matrix, LoRA merged in."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from whet.models.sharding import whole
from whet.models.soft_caps import attention_cap, logit_cap
from whet.models.supported import FUSED, layer_kinds, logit_divisor, windows
from whet.models.weights import base_model, merged_weight
from whet.rollout.engine.fused_weights import AttentionKind, FusedWeights, Head, Layer, tensors_of
from whet.rollout.engine.linear import Linear, frozen_linear, shared_linear
from whet.rollout.engine.norms import Norm, RmsNorm, Scaled, WidthNorms, identity
from whet.rollout.engine.rotation import Rotary, full_width, halves_apart

UNROTATED = ", not rotated"
"""Ends the name of a kind of attention whose layers have no rotary embedding (SmolLM3)."""


@torch.no_grad()
def fuse(model: Any) -> FusedWeights:
    """Returns the fused copy; later changes of the model do not reach it."""
    base = base_model(model)
    config, first = base.config, base.model.layers[0]
    embedding, *layers, final_norm, head = _parts(base)
    return FusedWeights(
        embedding=embedding,
        layers=tuple(layers),
        kinds=_kinds(base),
        final_norm=final_norm,
        head=head,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_size=first.self_attn.head_dim,
        scale=first.self_attn.scaling,
        soft_cap=attention_cap(config),
        activation=(getattr(first.mlp, "act_fn", None) or first.mlp.activation_fn).forward,
        activation_name=getattr(config, "hidden_activation", None) or config.hidden_act,
    )


@torch.no_grad()
def refresh(weights: FusedWeights, model: Any) -> None:
    """Copies a model's weights of the day over those that were fused from it, in place: addresses do not change.

    The memory of embedding, head and one layer is needed besides.
    """
    own = (weights.embedding, *weights.layers, weights.final_norm, weights.head)
    for old, new in zip(own, _parts(base_model(model)), strict=True):
        for target, source in zip(tensors_of(old), tensors_of(new), strict=True):
            target.copy_(source)


def _parts(base: Any) -> Iterator[Any]:
    """Embedding, layers, final norm and head, one after the other."""
    body, config, kinds = base.model, base.config, list(_layer_kinds(base))
    rotated = {kind: _rotated_dimensions(body, kind) for kind in set(kinds)}
    with whole(body.embed_tokens):  # which final norm and head are gathered with
        embedding = _embedding(base)
        final_norm, head = _norm(body.norm, config), _head(base, embedding)
    yield embedding
    for layer, kind in zip(body.layers, kinds, strict=True):
        with whole(layer):
            part = _layer(layer, kind, config, rotated[kind])
        yield part
    yield final_norm
    yield head


def _layer(layer: Any, kind: str, config: Any, rotated: int) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    names = _NORMS[hasattr(layer, "input_layernorm"), hasattr(layer, "post_feedforward_layernorm")]
    before, after_attention, mlp_norm, after_mlp = (getattr(layer, name, None) for name in names)
    factor = getattr(layer, "residual_multiplier", 1.0)
    return Layer(
        kind=kind,
        attention_norm=_norm(before, config),
        qkv=_qkv(attention, rotated),
        head_norm=_head_norm(attention, config),
        attention_out=_linear(attention.o_proj),
        after_attention=_norm(after_attention, config, factor),
        mlp_norm=_norm(mlp_norm, config),
        gate_up=_linear(*_modules(mlp, "gate_up_proj", ("gate_proj", "up_proj"))),
        down=_linear(mlp.down_proj),
        after_mlp=_norm(after_mlp, config, factor),
    )


_NORMS = {
    (True, False): ("input_layernorm", "", "post_attention_layernorm", ""),
    (True, True): (
        "input_layernorm",
        "post_attention_layernorm",
        "pre_feedforward_layernorm",
        "post_feedforward_layernorm",
    ),
    (False, True): ("", "post_attention_layernorm", "", "post_feedforward_layernorm"),
}
"""By whether a layer has a first norm and a last one: those before and after attention, before and after the MLP."""


def _kinds(base: Any) -> dict[str, AttentionKind]:
    """The kinds of attention by name, with the rotary embedding of each."""
    by_type = windows(base.config)
    return {
        kind: AttentionKind(_rotary(base.model, kind), by_type[kind.removesuffix(UNROTATED)])
        for kind in sorted(set(_layer_kinds(base)))
    }


def _layer_kinds(base: Any) -> Iterable[str]:
    """For each layer its attention type, and whether it is without rotary embedding."""
    for layer, kind in zip(base.model.layers, layer_kinds(base.config), strict=True):
        yield kind if getattr(layer.self_attn, "use_rope", True) else kind + UNROTATED


def _embedding(base: Any) -> Tensor:
    """A copy of the embedding table times its scale, in the table's dtype."""
    weight: Tensor = base.model.embed_tokens.weight.detach()
    scale = _embedding_scale(base)
    # the scale is one number, which a kernel takes from the host: a copy to the device could not be recorded
    return weight.clone() if scale is None else weight * torch.as_tensor(scale).to(weight.dtype)


def _embedding_scale(base: Any) -> Any:
    """The factor of embeddings: Gemma's √hidden, Granite's multiplier; None in most families."""
    return getattr(base.model.embed_tokens, "embed_scale", getattr(base.config, "embedding_multiplier", None))


def _head(base: Any, embedding: Tensor) -> Head:
    """The head; one that is the unscaled embedding table shares its copy."""
    config, weight = base.config, merged_weight(base.lm_head)
    is_table = weight.data_ptr() == base.model.embed_tokens.weight.data_ptr() and base.lm_head.bias is None
    shares = is_table and _embedding_scale(base) is None
    linear = shared_linear(embedding) if shares else _linear(base.lm_head)
    return Head(linear, logit_divisor(config), logit_cap(config))


def _norm(module: Any, config: Any, factor: float = 1.0) -> Norm:
    """A copy of an RMS norm; a factor, or the identity, where there is none."""
    if module is None:
        return identity if factor == 1.0 else Scaled(factor)
    return RmsNorm(*_scale(module, config))


def _scale(module: Any, config: Any) -> tuple[Tensor, float]:
    """An RMS norm's weight, in the dtype it multiplies in, and ε."""
    weight, kind = module.weight.detach(), FUSED[config.model_type].norm
    epsilon = module.eps if kind == "one_plus" else module.variance_epsilon
    if kind == "rounded":
        return weight.clone(), epsilon
    return (1.0 + weight.float() if kind == "one_plus" else weight.float().clone()), epsilon


def _head_norm(attention: Any, config: Any) -> Norm:
    """The norms of queries and keys as one, over `[…, H + K, D]`; the identity where there are none."""
    if not hasattr(attention, "q_norm"):
        return identity
    size, modules = attention.head_dim, (attention.q_norm, attention.k_norm)
    query, key = (RmsNorm(*_scale(module, config)) for module in modules)
    heads = [module.out_features // size for module in (attention.q_proj, attention.k_proj)]
    if len(query.weight) != size:
        return WidthNorms(query, key)
    scales = [norm.weight.expand(count, size) for norm, count in zip((query, key), heads, strict=True)]
    return RmsNorm(torch.cat(scales), query.epsilon)


def _qkv(attention: Any, rotated: int) -> Linear:
    """q|k|v; the dimensions of queries and keys in the order of `halves_apart` where only a part is rotated."""
    modules = _modules(attention, "qkv_proj", ("q_proj", "k_proj", "v_proj"))
    size = attention.head_dim
    if rotated == size:
        return _linear(*modules)
    weight = torch.cat([merged_weight(module) for module in modules])
    values = attention.config.num_key_value_heads * size
    heads = weight[:-values].unflatten(0, (-1, size))
    # by one index after another: a list of them would be copied to the device, which cannot be recorded
    by_head = torch.stack([heads[:, at] for at in halves_apart(size, rotated)], 1)
    return frozen_linear([by_head.flatten(0, 1), weight[-values:]])


def _modules(parent: Any, joined: str, parts: tuple[str, ...]) -> list[Any]:
    """Linear layers over the same input: one that the family has joined already (Phi-3), or several."""
    return [getattr(parent, joined)] if hasattr(parent, joined) else [getattr(parent, name) for name in parts]


def _linear(*modules: Any) -> Linear:
    """Several linear layers over the same input, as one."""
    biases = [module.bias for module in modules if module.bias is not None]
    return frozen_linear([merged_weight(m) for m in modules], torch.cat(biases).detach() if biases else None)


def _rotary(body: Any, kind: str) -> Rotary:
    """A function from positions to cosine and sine of a head's width, by the model's own module."""
    size, like = body.layers[0].self_attn.head_dim, _empty(body)

    def rotary(positions: Tensor) -> tuple[Tensor, Tensor]:
        cosine, sine = _angles(body, kind, positions.flatten())
        wide = full_width(cosine, size, 1.0), full_width(sine, size, 0.0)
        return wide[0].unflatten(0, positions.shape), wide[1].unflatten(0, positions.shape)

    def unrotated(positions: Tensor) -> tuple[Tensor, Tensor]:
        one = like.new_ones(*positions.shape, size)
        return one, torch.zeros_like(one)

    return unrotated if kind.endswith(UNROTATED) else rotary


def _rotated_dimensions(body: Any, kind: str) -> int:
    """How many of a head's dimensions are rotated."""
    return int(_angles(body, kind, torch.zeros(1, dtype=torch.long, device=_empty(body).device))[0].shape[-1])


def _angles(body: Any, kind: str, positions_N: Tensor) -> tuple[Tensor, Tensor]:
    """The model's cosines and sines, `[N, rotated]`; Gemma 3 has some for each kind of attention."""
    which = (kind,) if kind in (body.config.rope_parameters or ()) else ()
    cosine, sine = body.rotary_emb(_empty(body), positions_N[None], *which)
    return cosine[0], sine[0]


def _empty(body: Any) -> Tensor:
    """A tensor of no elements, of the weights' dtype and device."""
    weight = body.embed_tokens.weight
    return torch.empty(0, dtype=weight.dtype, device=weight.device)
