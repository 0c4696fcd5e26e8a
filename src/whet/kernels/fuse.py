"""A frozen, fused copy of a model's weights for the decoder: q|k|v and gate|up in one matrix, LoRA merged in."""

from typing import Any

import torch
from torch import Tensor

from whet.kernels.decoder import Layer, Norm, Weights, rms_norm
from whet.kernels.linear import frozen_linear


@torch.no_grad()
def fuse(model: Any) -> Weights:
    """The copy. Sampling from it does not see later changes of the model."""
    base = model.get_base_model() if hasattr(model, "peft_config") else model
    body, config = base.model, base.config
    return Weights(
        embedding=body.embed_tokens.weight.detach().clone(),
        layers=tuple(_layer(layer) for layer in body.layers),
        final_norm=_norm(body.norm),
        head=_linear(base.lm_head),
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_size=body.layers[0].self_attn.head_dim,
        activation=torch.nn.functional.silu,
        rotary=_rotary(body),
    )


def _layer(layer: Any) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    return Layer(
        attention_norm=_norm(layer.input_layernorm),
        qkv=_linear(attention.q_proj, attention.k_proj, attention.v_proj),
        head_norm=_head_norm(attention),
        attention_out=_linear(attention.o_proj),
        mlp_norm=_norm(layer.post_attention_layernorm),
        gate_up=_linear(mlp.gate_proj, mlp.up_proj),
        down=_linear(mlp.down_proj),
    )


def _norm(module: Any) -> Norm:
    """A copy of an RMS norm; the identity where there is none."""
    return (lambda x: x) if module is None else rms_norm(module.weight.detach().clone(), module.variance_epsilon)


def _head_norm(attention: Any) -> Norm:
    """The norms of query heads and of key heads as one, over `[…, H + K, D]`; the identity where there are none."""
    if not hasattr(attention, "q_norm"):
        return _norm(None)
    norms, size = (attention.q_norm, attention.k_norm), attention.head_dim
    heads = [module.out_features // size for module in (attention.q_proj, attention.k_proj)]
    weights = [norm.weight.detach().expand(count, size) for norm, count in zip(norms, heads, strict=True)]
    return rms_norm(torch.cat(weights), norms[0].variance_epsilon)


def _linear(*modules: Any) -> Any:
    """Several linear layers over the same input, as one."""
    biases = [module.bias for module in modules if module.bias is not None]
    return frozen_linear(torch.cat([_merged(m) for m in modules]), torch.cat(biases).detach() if biases else None)


def _merged(module: Any) -> Tensor:
    """The weight `[out, in]` with its adapters' update added, unless they are switched off."""
    weight: Tensor = module.weight.detach()
    adapters = () if getattr(module, "disable_adapters", False) else getattr(module, "active_adapters", ())
    return sum((module.get_delta_weight(name).to(weight.dtype) for name in adapters), weight)


def _rotary(body: Any) -> Any:
    """Positions to cosine and sine, by the model's own embedding."""
    embed, like = body.rotary_emb, body.embed_tokens.weight.new_empty(0)

    def rotary(positions: Tensor) -> tuple[Tensor, Tensor]:
        cosine, sine = embed(like, positions.flatten()[None])
        return cosine[0].unflatten(0, positions.shape), sine[0].unflatten(0, positions.shape)

    return rotary
