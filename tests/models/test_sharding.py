"""Weights that processes divide: gathered for a block, copied whole, tied as they were."""

from typing import Any

import numpy as np
import torch

from ranks import in_processes
from tiny import tiny_model
from whet.compute.processes import mesh
from whet.config import LoraConfig
from whet.models.divided_rows import is_shard
from whet.models.lora import add_lora
from whet.models.sharding import copied, is_sharded, shard, whole, whole_copy
from whet.models.weights import merged_weights
from whet.rollout.engine.fuse import fuse


def _model(family: str = "llama", lora: bool = False) -> Any:
    torch.manual_seed(0)
    model = tiny_model(family)
    return add_lora(model, LoraConfig(rank=2)) if lora else model


def _divided(family: str = "llama", lora: bool = False) -> Any:
    return shard(_model(family, lora), mesh(torch.device("cpu")))


def _weights(model: Any) -> dict[str, Any]:
    return {name: one.detach().numpy() for name, one in model.named_parameters(remove_duplicate=False)}


def _parts(family: str, lora: bool) -> dict[str, Any]:
    """What a process holds of a model, what it sees in a block, and its copies."""
    model = _divided(family, lora)
    base = model.get_base_model() if lora else model
    layer = base.model.layers[0].mlp.down_proj
    rows = layer.weight.to_local().shape[0]
    with whole(base.model.layers[0]):
        inside = tuple(layer.weight.shape), is_shard(layer.weight)
    copy = whole_copy(model)
    other = whole_copy(copied(model))
    return {
        "rows": rows,
        "inside": inside,
        "after": is_shard(layer.weight),
        "weights": _weights(copy),
        "again": _weights(other),
        "tied": copy.get_output_embeddings().weight is copy.get_input_embeddings().weight,
        "unkept": whole_copy(model, keep=False),
        "learns": sorted(name for name, one in copy.named_parameters() if one.requires_grad),
        "known": (is_sharded(model), is_sharded(copy)),
    }


def _expect(found: dict[str, Any], model: Any, rows: int) -> None:
    expected = _weights(model)
    assert found["rows"] == rows
    assert found["inside"] == ((32, 64), False)
    assert found["after"]
    for name in ("weights", "again"):
        assert found[name].keys() == expected.keys()
        for key, one in expected.items():
            np.testing.assert_array_equal(found[name][key], one)
    assert found["unkept"] is None
    assert found["learns"] == sorted(name for name, one in model.named_parameters() if one.requires_grad)
    assert found["known"] == (True, False)


def test_a_model_is_divided_and_copied_whole() -> None:
    for found in in_processes(2, _parts, "llama", False):
        _expect(found, _model(), rows=16)
        assert found["tied"]


def test_a_head_of_its_own_stays_one() -> None:
    for found in in_processes(2, _parts, "mistral", False):
        _expect(found, _model("mistral"), rows=16)
        assert not found["tied"]


def test_adapters_stay_whole() -> None:
    for found in in_processes(2, _parts, "llama", True):
        _expect(found, _model(lora=True), rows=16)


def _fused(family: str, lora: bool) -> list[Any]:
    weights = fuse(_divided(family, lora))
    return [weights.embedding.numpy(), *(layer.qkv.weight.numpy() for layer in weights.layers)]


def test_what_samples_is_made_of_whole_weights() -> None:
    for family, lora in (("llama", False), ("mistral", False), ("llama", True)):
        expected = fuse(_model(family, lora))
        wanted = [expected.embedding.numpy(), *(layer.qkv.weight.numpy() for layer in expected.layers)]
        for found in in_processes(2, _fused, family, lora):
            for mine, its in zip(wanted, found, strict=True):
                np.testing.assert_array_equal(mine, its)


def test_a_plain_model_is_what_it_is() -> None:
    model = _model()
    with whole(model.model.layers[0]):
        assert not is_sharded(model)
    assert copied(model) is not model


def _merged(lora: bool) -> dict[str, Any]:
    return {name: one.detach().numpy() for name, one in merged_weights(_divided(lora=lora))}


def test_merged_weights_are_gathered() -> None:
    """Which is what engines that take weights by name read."""
    for lora in (False, True):
        expected = {name: one.detach().numpy() for name, one in merged_weights(_model(lora=lora))}
        for found in in_processes(2, _merged, lora):
            assert found.keys() == expected.keys()
            for name, one in expected.items():
                np.testing.assert_array_equal(found[name], one)
