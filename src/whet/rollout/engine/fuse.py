"""Copies a model's weights for the decoder, frozen and fused: q|k|v and gate|up in one matrix, LoRA merged in."""

from typing import Any

import torch
from torch import Tensor

from whet.models.supported import layer_kinds, windows
from whet.models.weights import base_model, merged_weight
from whet.rollout.engine.fused_weights import AttentionKind, FusedWeights, Layer, Norm, Rotary, identity, rms_norm
from whet.rollout.engine.linear import frozen_linear


@torch.no_grad()
def fuse(model: Any) -> FusedWeights:
    """Returns the fused copy; later changes of the model do not reach it."""
    base = base_model(model)
    body, config = base.model, base.config
    attention = body.layers[0].self_attn
    return FusedWeights(
        embedding=_embedding(body.embed_tokens),
        layers=tuple(_layer(layer, kind) for layer, kind in zip(body.layers, layer_kinds(config), strict=True)),
        kinds={kind: AttentionKind(_rotary(body, kind), window) for kind, window in windows(config).items()},
        final_norm=_norm(body.norm),
        head=_linear(base.lm_head),
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_size=attention.head_dim,
        scale=attention.scaling,
        activation=body.layers[0].mlp.act_fn.forward,
    )


def _layer(layer: Any, kind: str) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    after_attention, mlp_norm, after_mlp = (_norm(getattr(layer, name, None)) for name in _NORMS[_is_sandwich(layer)])
    return Layer(
        kind=kind,
        attention_norm=_norm(layer.input_layernorm),
        qkv=_linear(attention.q_proj, attention.k_proj, attention.v_proj),
        head_norm=_head_norm(attention),
        attention_out=_linear(attention.o_proj),
        after_attention=after_attention,
        mlp_norm=mlp_norm,
        gate_up=_linear(mlp.gate_proj, mlp.up_proj),
        down=_linear(mlp.down_proj),
        after_mlp=after_mlp,
    )


_NORMS = {
    True: ("post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"),
    False: ("", "post_attention_layernorm", ""),
}
"""By whether there are norms on both sides of each part: those after the attention, before the MLP, and after it."""


def _is_sandwich(layer: Any) -> bool:
    return hasattr(layer, "pre_feedforward_layernorm")


def _embedding(module: Any) -> Tensor:
    """A copy of the embedding table times the module's scale (Gemma's √hidden), in the table's dtype."""
    weight: Tensor = module.weight.detach()
    return weight * torch.as_tensor(getattr(module, "embed_scale", 1.0)).to(weight)


def _norm(module: Any) -> Norm:
    """A copy of an RMS norm; the identity where there is none."""
    return identity if module is None else rms_norm(*_scale(module))


def _scale(module: Any) -> tuple[Tensor, float]:
    """An RMS norm's weight and ε. Gemma stores weight − 1, and multiplies in float32."""
    if hasattr(module, "variance_epsilon"):
        return module.weight.detach().clone(), module.variance_epsilon
    return 1.0 + module.weight.detach().float(), module.eps


def _head_norm(attention: Any) -> Norm:
    """The norms of query heads and of key heads as one, over `[…, H + K, D]`; the identity where there are none."""
    if not hasattr(attention, "q_norm"):
        return identity
    size = attention.head_dim
    heads = [module.out_features // size for module in (attention.q_proj, attention.k_proj)]
    scales, (epsilon, _) = zip(*(_scale(norm) for norm in (attention.q_norm, attention.k_norm)), strict=True)
    return rms_norm(torch.cat([scale.expand(count, size) for scale, count in zip(scales, heads, strict=True)]), epsilon)


def _linear(*modules: Any) -> Any:
    """Several linear layers over the same input, as one."""
    biases = [module.bias for module in modules if module.bias is not None]
    return frozen_linear([merged_weight(m) for m in modules], torch.cat(biases).detach() if biases else None)


def _rotary(body: Any, kind: str) -> Rotary:
    """A function from positions to cosine and sine, by the model's own module; Gemma has one per kind of attention."""
    embed, like = body.rotary_emb, body.embed_tokens.weight.new_empty(0)
    which = (kind,) if kind in (body.config.rope_parameters or ()) else ()

    def rotary(positions: Tensor) -> tuple[Tensor, Tensor]:
        cosine, sine = embed(like, positions.flatten()[None], *which)
        return cosine[0].unflatten(0, positions.shape), sine[0].unflatten(0, positions.shape)

    return rotary
