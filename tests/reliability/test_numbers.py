"""R10: NaN and infinity in logits, gradients, loss or reference: nothing is learned from them, nothing saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from whet.api import train
from whet.compute.optimizer import MasterAdamW
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.policy.reference import FrozenReference
from whet.rollout.engine.decoder import Decoder
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from wiring import shrunk, write_rewards

SILENT = PlainView(lambda line: None)
Spoil = Callable[[pytest.MonkeyPatch, Callable[[], bool], float], None]


def spoil_logits(patch: pytest.MonkeyPatch, now: Callable[[], bool], value: float) -> None:
    advance = Decoder.advance

    def spoilt(self: Any, tokens: Any) -> Any:
        logits = advance(self, tokens)
        return torch.full_like(logits, value) if now() else logits

    patch.setattr(Decoder, "advance", spoilt)


def spoil_loss(patch: pytest.MonkeyPatch, now: Callable[[], bool], value: float) -> None:
    backward = MasterAdamW.backward
    patch.setattr(MasterAdamW, "backward", lambda self, loss: backward(self, loss * value if now() else loss))


def spoil_gradients(patch: pytest.MonkeyPatch, now: Callable[[], bool], value: float) -> None:
    backward = MasterAdamW.backward

    def spoilt(self: Any, loss: Any) -> None:
        backward(self, loss)
        if now():
            self.masters[3].grad.view(-1)[0] = value

    patch.setattr(MasterAdamW, "backward", spoilt)


def spoil_logprobs(patch: pytest.MonkeyPatch, now: Callable[[], bool], value: float) -> None:
    logprobs = LanguageModel.logprobs

    def spoilt(self: Any, batch: Any) -> Any:
        found = logprobs(self, batch)
        return found * value if now() and torch.is_grad_enabled() else found

    patch.setattr(LanguageModel, "logprobs", spoilt)


def spoil_reference(patch: pytest.MonkeyPatch, now: Callable[[], bool], value: float) -> None:
    logprobs = FrozenReference.logprobs
    patch.setattr(
        FrozenReference,
        "logprobs",
        lambda self, batch: logprobs(self, batch) * value if now() else logprobs(self, batch),
    )


SPOILS: dict[str, Spoil] = {
    "logits": spoil_logits,
    "loss": spoil_loss,
    "gradients": spoil_gradients,
    "log-probabilities": spoil_logprobs,
    "reference": spoil_reference,
}


def spoilt_run(
    folder: Path, tmp_path: Path, patch: pytest.MonkeyPatch, what: str, value: float, steps: set[int]
) -> RunReader:
    """A run of 6 steps in which `what` becomes `value` throughout `steps`."""
    from whet.stages.fine_tune import Recorder

    at = -1
    each = Recorder.steps

    def told(self: Any, until: int) -> Any:
        nonlocal at
        for step in each(self, until):
            at = step
            yield step
        at = -1

    patch.setattr(Recorder, "steps", told)
    SPOILS[what](patch, lambda: at in steps, value)
    changes = {
        "rewards": [f"{write_rewards(tmp_path)}:digits"],
        "sft.when": "never",
        "grpo.steps": 6,
        "grpo.objective.beta": 0.05,
        "run.save_every": 1,
        "run.name": "it",
    }
    train(shrunk(folder, tmp_path, changes), view=SILENT)
    return RunReader(tmp_path / "it")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("what", SPOILS)
def test_a_step_without_numbers_is_skipped(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, value: float
) -> None:
    run = spoilt_run(tiny_folder, tmp_path, monkeypatch, what, value, {1, 2, 4})
    assert [line["non_finite_ratio"] for line in run.metrics()] == [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]
    assert run.final is not None
    saved = [path for path in run.path.rglob("*.safetensors") if "checkpoints" in path.parts or "final" in path.parts]
    assert saved
    for path in saved:
        assert all(bool(torch.isfinite(tensor).all()) for tensor in load_file(path).values()), path
    assert all(b"NaN" not in path.read_bytes() for path in run.path.glob("*.jsonl"))


@pytest.mark.parametrize("what", ["gradients", "log-probabilities"])
def test_a_run_without_numbers_ends_after_three_steps(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with pytest.raises(UserError, match=r"step 4: for 3 steps the gradient has been no finite number.*learning_rate"):
        spoilt_run(tiny_folder, tmp_path, monkeypatch, what, float("nan"), {2, 3, 4, 5})
    assert [line["step"] for line in RunReader(tmp_path / "it").metrics()] == [0, 1, 2, 3, 4]
