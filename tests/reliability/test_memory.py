"""R13: out of memory at a random layer: smaller parts, whole groups, the same gradient, and the new value is said."""

from pathlib import Path
from typing import Any

import pytest
import torch

from whet.api import train
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.runs.reader import RunReader
from wiring import listening, shrunk, write_rewards

CHANGES = {
    "grpo.steps": 3,
    "grpo.prompts_per_step": 4,
    "grpo.objective.beta": 0.1,
    "grpo.objective.iterations": 2,
    "run.name": "it",
}


class Narrow:
    """A machine with room for so many groups at a time: over more, the n-th layer fails, forward or backward."""

    def __init__(self, room: int, layer: int, error: Exception) -> None:
        self.room, self.layer, self.error = room, layer, error

    def fit(self, patch: pytest.MonkeyPatch, backward: bool) -> None:
        logprobs = LanguageModel.logprobs

        def narrow(policy: Any, batch: Any) -> Any:
            if not torch.is_grad_enabled() or len(batch.prompts) <= self.room:
                return logprobs(policy, batch)
            layer = policy.model.model.layers[self.layer]
            place = layer.mlp.down_proj.weight.register_hook if backward else layer.register_forward_pre_hook
            hook = place(self.fail)
            try:
                logprobs(policy, batch).sum().backward()  # gradients of later layers are gathered by then
            finally:
                hook.remove()
            raise AssertionError("the layer did not fail")

        patch.setattr(LanguageModel, "logprobs", narrow)

    def fail(self, *_: Any) -> Any:
        raise self.error


CUDA = torch.OutOfMemoryError("CUDA out of memory")
CPU = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
PYTHON = MemoryError()


@pytest.fixture(scope="module")
def roomy(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The metrics of a run that has all the memory that it wants."""
    folder = tmp_path_factory.mktemp("roomy")
    changes = {"rewards": [f"{write_rewards(folder)}:digits"], **CHANGES}
    return RunReader(train(shrunk(tiny_folder, folder, changes), view=listening()[1]).path).metrics()


@pytest.mark.parametrize(
    ("error", "layer", "backward"),
    [
        *((CUDA, layer, backward) for layer in (0, 1) for backward in (False, True)),
        (CPU, 1, True),  # which error it is, and where it comes from, is found out apart from each other
        (PYTHON, 0, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_the_same_gradient_in_smaller_parts(
    roomy: list[dict[str, Any]],
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    layer: int,
    backward: bool,
) -> None:
    rewards = [f"{write_rewards(tmp_path)}:digits"]
    Narrow(room=1, layer=layer, error=error).fit(monkeypatch, backward)
    lines, view = listening()
    run = RunReader(train(shrunk(tiny_folder, tmp_path / "b", {"rewards": rewards, **CHANGES}), view=view).path)
    said = [line for line in lines if line.startswith("out of memory")]
    assert said
    assert "going on with" in said[0]
    assert len(said) == len(set(said)), "each value is tried once in a run, not once in a step"
    for narrow, wide in zip(run.metrics(), roomy, strict=True):
        assert narrow["loss"] == pytest.approx(wide["loss"], abs=1e-5)
        assert narrow["grad_norm"] == pytest.approx(wide["grad_norm"], rel=1e-4)
        assert narrow["reward"] == wide["reward"]


def test_a_group_that_does_not_fit_is_the_users_to_fix(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Narrow(room=0, layer=0, error=MemoryError()).fit(monkeypatch, backward=False)
    rewards = [f"{write_rewards(tmp_path)}:digits"]
    with pytest.raises(
        UserError, match=r"grpo.micro_batch_tokens: out of memory with \d+ tokens.*lower grpo.sampling.max_tokens"
    ):
        train(shrunk(tiny_folder, tmp_path, {"rewards": rewards, "sft.when": "never", **CHANGES}), view=listening()[1])
