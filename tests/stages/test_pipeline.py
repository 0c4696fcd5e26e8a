"""The whole way: which stages follow which, over one policy, one engine and one task."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from whet.config import Config
from whet.errors import UserError
from whet.rollout.engine import decoder
from whet.runs.writer import RunWriter
from whet.stages import pipeline
from whet.stages.pipeline import Pipeline, load, settled, wants_warm_start
from whet.train_loop.signals import Stop
from wiring import listening, shrunk


@pytest.mark.parametrize(
    ("when", "teachable", "expected"),
    [
        ("always", True, True),
        ("always", False, True),
        ("never", True, False),
        ("never", False, False),
        ("auto", True, True),
        ("auto", False, False),
    ],
)
def test_the_warm_start_is_applied_as_asked(when: str, teachable: bool, expected: bool) -> None:
    config: Any = SimpleNamespace(sft=SimpleNamespace(when=when))
    report: Any = SimpleNamespace(diagnosis=SimpleNamespace(warm_start=teachable))
    assert wants_warm_start(config, report) is expected


def of(config: Config, run: RunWriter, view: Any, stop: Stop | None = None) -> Pipeline:
    return Pipeline.of(load(config, view), config, run, view, stop)


def test_what_is_loaded_is_the_recipes(tiny_folder: Path, tmp_path: Path) -> None:
    lines, view = listening()
    live = load(shrunk(tiny_folder, tmp_path), view)
    assert lines == ["[Load]"]
    assert len(live.task.eval_set.prompts) == 6
    assert live.policy.context == 512
    with pytest.raises(UserError, match=r"rollout\.engine: is 'nativ'"):
        load(shrunk(tiny_folder, tmp_path, {"rollout.engine": "nativ"}), view)


def test_every_stage_is_on_the_way_that_sampler_and_learner_agree_on(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that rotates queries and keys the wrong way is left before anything is measured with it."""
    config = shrunk(tiny_folder, tmp_path)
    lines, view = listening()
    live = load(config, view)
    assert settled(live, config, view).policy is live.policy
    real = decoder.rotated
    monkeypatch.setattr(decoder, "rotated", lambda x, cosine, sine: real(x, cosine, -sine))
    slow = settled(live, config, view)
    assert (live.policy.fused, slow.policy.fused) == (True, False)
    assert (slow.sampler, slow.task) == (live.sampler, live.task)
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        assert not Pipeline.of(live, config, run, view, None).policy.fused
    assert [line.split(";")[0] for line in lines if line.startswith("engine: ")] == [
        "engine: fused decoder, prompts shared by their responses",
        *["engine: the model's own forward"] * 2,
    ]


@pytest.mark.parametrize("warm", [True, False])
def test_the_stages_follow_one_another(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    """All of them with the same policy and the same engine; the second check takes over what the first one found."""
    calls: list[str] = []
    given: list[Any] = []

    def watch(name: str) -> None:
        real = getattr(pipeline, name)

        def watched(policy: Any, *rest: Any) -> Any:
            calls.append(f"{name} {rest[-1]}" if name == "measure" else name)
            given.append((policy, rest[0] if name in ("check", "measure", "fine_tune") else None))
            return real(policy, *rest)

        monkeypatch.setattr(pipeline, name, watched)

    for name in ("check", "measure", "run_warm_start", "fine_tune", "save_final"):
        watch(name)
    config = shrunk(tiny_folder, tmp_path, {"sft.when": "always" if warm else "never", "grpo.steps": 1})
    _, view = listening()
    stop = Stop()
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        stages = of(config, run, view, stop)
        result = stages.whole()
    warming = ["run_warm_start", "measure Evaluate the warm start", "check"] if warm else []
    assert calls == [
        "check",
        "measure Evaluate the base model",
        *warming,
        "fine_tune",
        "measure Evaluate the result",
        "save_final",
    ]
    assert stages.stop is stop
    assert {id(policy) for policy, _ in given} == {id(stages.policy)}
    assert {id(sampler) for _, sampler in given if sampler} == {id(stages.sampler)}
    assert list(result.evaluations) == ["base", *(["sft"] if warm else []), "final"]
    assert result.path == run.path
    assert result.pace is not None
    assert (run.path / "check-sft.json").exists() is warm


def test_without_steps_nothing_is_tuned_and_the_model_is_saved(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"sft.when": "never", "grpo.steps": 0})
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        result = of(config, run, listening()[1]).whole()
    assert list(result.evaluations) == ["base"]
    assert result.pace is None
    assert result.model().config.vocab_size == result.tokenizer().vocab_size
