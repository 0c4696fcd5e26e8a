"""The whole way: which stages follow which, over one policy, one engine and one task."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from whet.config import Config
from whet.diagnose.cold_start import Diagnosis, Found
from whet.errors import UserError
from whet.recipe import dump_recipe, load_recipe
from whet.rollout.engine import decoder
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.stages import pipeline
from whet.stages.pipeline import Pipeline, load, settled
from whet.train_loop.signals import Stop
from wiring import listening, shrunk


def of(config: Config, run: RunWriter, view: Any, stop: Stop | None = None) -> Pipeline:
    return Pipeline.of(load(config, view), config, run, view, stop)


def test_what_is_loaded_is_the_recipes(tiny_folder: Path, tmp_path: Path) -> None:
    lines, view = listening()
    live = load(shrunk(tiny_folder, tmp_path), view)
    assert lines == ["[Load]"]
    assert len(live.task.eval_set.prompts) == 6
    assert live.policy.context == 512
    with pytest.raises(UserError, match=r"rollout\.engine: is 'nativ'"):
        load(shrunk(tmp_path / "no model", tmp_path, {"rollout.engine": "nativ"}), view)


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
            calls.append(f"{name} {rest[4]}" if name == "measure" else name)
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


def stopped(folder: Path, place: Path, changes: dict[str, Any]) -> tuple[str, RunReader]:
    """What a run says that stops after a check of groups that are all alike, and its folder."""
    config = shrunk(folder, place, {**SILENT_PROBE, **changes})
    with (
        RunWriter.create(place, dump_recipe(config), {}) as run,
        pytest.raises(UserError, match="training stops before its first step") as error,
    ):
        of(config, run, listening()[1]).whole()
    return str(error.value), RunReader(run.path)


SILENT_PROBE = {"check.problems": 24, "check.samples": 4, "rewards": ["accuracy"], "sft.when": "never"}


def test_without_any_signal_nothing_is_trained(tiny_folder: Path, tmp_path: Path) -> None:
    """A random model gets nothing right in 96 responses: exit 2 before anything is measured or learned."""
    said, run = stopped(tiny_folder, tmp_path, {"run.name": "mine"})
    assert said.startswith("check: rewards are equal within each of 24 groups of 4 responses")
    assert "2. 0 % of responses keep the format" in said
    command = f"`whet train {run.path}/recipe.yaml --run.name mine-2 --grpo.sampling.max_tokens"
    assert command in said
    assert "--sft.when always`" in said
    assert said.endswith("train regardless with --check.on_no_signal train")
    assert run.metrics() == []
    assert run.evaluations() == {}


def test_the_command_that_is_named_goes_on(tiny_folder: Path, tmp_path: Path) -> None:
    said, _ = stopped(tiny_folder, tmp_path, {"grpo.sampling.max_tokens": 60, "format": "boxed", "sft.steps": 1})
    program, verb, recipe, *options = shlex.split(said.split("Run `")[1].split("`")[0])
    assert (program, verb) == ("whet", "train")
    config = load_recipe(recipe, [(k.removeprefix("--"), v) for k, v in zip(options[::2], options[1::2], strict=True)])
    assert config.sft.when == "always"
    assert config.check.problems == 24, "all else is as it was"


def test_a_warm_start_that_brings_no_signal_is_the_end(tiny_folder: Path, tmp_path: Path) -> None:
    _, run = stopped(tiny_folder, tmp_path, {"sft.when": "always", "sft.steps": 1})
    assert [line["phase"] for line in run.metrics("sft")] == ["sft"]
    assert list(run.evaluations()) == ["base", "sft"]
    assert run.metrics() == []


@pytest.mark.parametrize(
    "changes",
    [{"check.on_no_signal": "train"}, {"check.problems": 2, "check.rounds": 1}],
    ids=["told to", "too little is known"],
)
def test_it_goes_on_where_it_is_told_to_or_does_not_know(
    tiny_folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = shrunk(tiny_folder, tmp_path, {**SILENT_PROBE, "grpo.steps": 1, **changes})
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        result = of(config, run, listening()[1]).whole()
    assert list(result.evaluations) == ["base", "final"]


def test_the_fix_joins_grpo_after_a_warm_start_too(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on without a signal because a fix is to be applied has it applied."""
    real = pipeline.check
    easier = Diagnosis((Found("wrong_format", "", (), easier="any_mark"),))
    monkeypatch.setattr(pipeline, "check", lambda *given: replace(real(*given), diagnosis=easier))
    changes = {"rewards": ["accuracy"], "sft.when": "always", "check.fix": "apply", "grpo.steps": 1}
    config = shrunk(tiny_folder, tmp_path, changes)
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        of(config, run, listening()[1]).whole()
    assert [reward.name for reward in load_recipe(run.path / "recipe.yaml").rewards] == ["accuracy", "format_partial"]
    assert set(RunReader(run.path).rollouts(0)[0]["parts"]) == {"accuracy", "format_partial"}


def test_every_cause_is_said_with_what_follows(tiny_folder: Path, tmp_path: Path) -> None:
    lines, view = listening()
    config = shrunk(tiny_folder, tmp_path, {"grpo.steps": 0, "sft.steps": 1})
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        of(config, run, view).whole()
    first = lines.index("check: a warm start comes first, but it does not cure all of this")
    limit, layout = lines[first - 2 : first]
    assert limit.startswith("1. 8 of 8 gold solutions are longer than 12 tokens")
    assert layout.startswith("2. 0 % of responses keep the format")
