"""Whether weights are divided among processes, and what is refused before anything starts."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from batches import ragged_batch
from ranks import in_processes
from tiny import save_tiny
from whet.build import placement
from whet.build.placement import place, state_bytes, why_not
from whet.build.policy import load_policy
from whet.compute.processes import processes
from whet.config import Config
from whet.errors import ProcessLost
from whet.policy.language_model import LanguageModel
from whet.policy.reference import FrozenReference
from wiring import shrunk

WEIGHTS = 32 * 100 + 2 * (32 * 32 * 2 + 2 * 16 * 32 + 3 * 32 * 64 + 2 * 32) + 32
"""Of the tiny model: embedding, two layers (q and o, k and v, the MLP, two norms), the last norm."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "model")


def _config(folder: Path, **changes: Any) -> Config:
    return shrunk(folder, folder.parent, changes)


def _policy(config: Config) -> Any:
    return load_policy(config, lambda text: None)


def _placed(folder: Path, sharding: str, free: int, **changes: Any) -> tuple[bool, list[str]]:
    said: list[str] = []
    config = _config(folder, **{"compute.sharding": sharding, **changes})
    policy = _policy(config)
    placement.own_share = lambda _: lambda device: free  # type: ignore[assignment]
    place(policy, config, said.append)
    return policy.is_sharded, said


def test_weights_are_divided_where_they_do_not_fit(folder: Path) -> None:
    state = state_bytes(_policy(_config(folder)))
    assert state == 16 * WEIGHTS  # float32: weight, gradient, two moments
    fits = int(12 * WEIGHTS)  # the weights are in memory already
    assert in_processes(2, _placed, folder, "auto", fits) == [(False, [])] * 2
    for divided, said in in_processes(2, _placed, folder, "auto", fits - 1):
        assert divided
        (line,) = said
        assert line.startswith("compute.sharding: weights, gradients and optimizer, ")
        assert "are divided among 2 processes" in line
    assert in_processes(2, _placed, folder, "none", 0) == [(False, [])] * 2
    assert [divided for divided, _ in in_processes(2, _placed, folder, "full", 10**12)] == [True, True]


def _killed_before(folder: Path, work: str) -> str:
    config = _config(folder, **{"compute.sharding": "full"})
    policy = _policy(config)
    place(policy, config, lambda text: None)
    if processes().rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    WORK[work](policy)
    return "went on"


WORK: dict[str, Callable[[LanguageModel], Any]] = {
    "log-probabilities": lambda policy: policy.logprobs(ragged_batch([3], [[4, 2]], vocabulary=90)),
    "with entropies": lambda policy: policy.logprobs_and_entropies(ragged_batch([3], [[4, 2]], vocabulary=90)),
    "a reference": lambda policy: FrozenReference(policy, 100),
    "whole weights": lambda policy: policy.whole(),
}
"""What processes that divide weights do outside of an agreed block of work."""


@pytest.mark.parametrize("work", list(WORK))
def test_a_process_that_is_killed_before_an_exchange_of_weights_is_named(folder: Path, work: str) -> None:
    found, _ = in_processes(2, _killed_before, folder, work)
    assert isinstance(found, ProcessLost)
    assert "process 1 (pid " in str(found)


def _short_of_memory(folder: Path, sharding: str, at: str) -> None:
    def no_room(*given: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    config = _config(folder, **{"compute.sharding": sharding})
    policy = _policy(config)
    if processes().rank == 1:
        if at == "measuring":
            placement.own_share = lambda _: no_room
        else:
            policy.model.to = no_room
    place(policy, config, lambda text: None)


@pytest.mark.parametrize(("sharding", "at"), [("auto", "measuring"), ("none", "moving"), ("full", "moving")])
def test_a_process_that_has_no_room_for_its_weights_ends_all(folder: Path, sharding: str, at: str) -> None:
    for one in in_processes(2, _short_of_memory, folder, sharding, at):
        assert type(one) is RuntimeError
        assert str(one) == "process 1 of 2: OutOfMemoryError: CUDA out of memory"


def test_one_process_divides_nothing(folder: Path) -> None:
    said: list[str] = []
    config = _config(folder, **{"compute.sharding": "full"})
    policy = _policy(config)
    place(policy, config, said.append)
    assert not policy.is_sharded
    assert said == ["compute.sharding: is full, but one process has nobody to divide with; see compute.processes"]
    place(policy, _config(folder, **{"compute.sharding": "auto"}), said.append)
    assert len(said) == 1


def test_what_does_not_fit_and_cannot_be_divided_is_told(folder: Path) -> None:
    for divided, (line,) in in_processes(2, _placed, folder, "auto", 0, **{"rollout.engine": "vllm"}):
        assert not divided
        assert line == (
            "compute.sharding: weights and optimizer do not fit on the device, and stay whole: vLLM takes whole "
            "weights; set it to none, or rollout.engine to native"
        )


def test_narrow_weights_have_masters(folder: Path) -> None:
    assert state_bytes(_policy(_config(folder, **{"model.dtype": "bfloat16"}))) == (2 + 4 + 8 + 4) * WEIGHTS


def _refused(folder: Path, changes: dict[str, Any]) -> str:
    config = _config(folder, **{"compute.sharding": "full", **changes})
    policy = _policy(config)
    try:
        place(policy, config, lambda text: None)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sft.lora": {"rank": 2}}, "a warm start with adapters of its own (sft.lora) needs whole weights"),
        ({"rollout.decoding": "transformers"}, "rollout.decoding transformers samples with whole weights"),
        ({"rollout.engine": "vllm"}, "vLLM takes whole weights; set it to none, or rollout.engine to native"),
        ({"rollout.engine": "ray"}, "Ray's workers take whole weights; set it to none, or rollout.engine to native"),
    ],
)
def test_what_cannot_be_divided_is_refused(folder: Path, changes: dict[str, Any], said: str) -> None:
    for found in in_processes(2, _refused, folder, changes):
        assert found.startswith(f"UserError: compute.sharding: {said}")


def test_a_family_of_its_own_forward_is_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model", "gemma3", use_bidirectional_attention=True)
    config = _config(folder)
    assert why_not(_policy(config), config).startswith("gemma3_text models sample through their own forward")
