"""The policy of a recipe."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from whet.build.policy import build_policy
from whet.policy.language_model import LanguageModel
from wiring import shrunk

SILENT: Any = lambda text: None  # noqa: E731


def policy_of(config: Any) -> LanguageModel:
    return build_policy(config, SILENT)


def logits(model: Any) -> Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(40).reshape(2, 20)).logits


def test_the_policy_is_the_model_and_knows_its_source(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"grpo.sampling.temperature": 0.7})
    policy = policy_of(config)
    torch.testing.assert_close(logits(policy.model), logits(tiny.tiny_model()), rtol=0, atol=0)
    assert policy.temperature == 0.7
    assert policy.source == str(tiny_folder)
    assert len(policy.trainable()) == len(list(policy.model.parameters()))


@pytest.mark.parametrize(("name", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_the_policy_computes_in_the_type_that_is_asked_for(
    tiny_folder: Path, tmp_path: Path, name: str, dtype: torch.dtype
) -> None:
    policy = policy_of(shrunk(tiny_folder, tmp_path, {"model.dtype": name}))
    assert {weight.dtype for weight in policy.model.parameters()} == {dtype}


def test_adapters_alone_learn_and_depend_on_the_seed(tiny_folder: Path, tmp_path: Path) -> None:
    adapters = [
        {name: w for name, w in policy_of(config).model.named_parameters() if w.requires_grad}
        for seed in (0, 0, 1)
        for config in [shrunk(tiny_folder, tmp_path, {"model.lora.rank": 2, "seed": seed})]
    ]
    assert all("lora_" in name for name in adapters[0])
    same, other = (
        [torch.equal(a, b) for a, b in zip(adapters[0].values(), some.values(), strict=True)] for some in adapters[1:]
    )
    assert all(same)
    assert not all(other)


@pytest.mark.parametrize(("changes", "told"), [({}, False), ({"use_bidirectional_attention": True}, True)])
def test_an_architecture_without_a_fast_path_is_told(tmp_path: Path, changes: dict[str, Any], told: bool) -> None:
    tiny.save_tiny(tmp_path / "model", "gemma3", **changes)
    said: list[str] = []
    build_policy(shrunk(tmp_path / "model", tmp_path), said.append)
    assert (
        any(line.endswith("its own forward, exact but slower: use_bidirectional_attention is set") for line in said)
        is told
    )
