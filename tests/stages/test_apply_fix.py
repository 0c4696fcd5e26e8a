"""An easier reward beside strict ones: added where the recipe wants it, said, and recorded."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tiny
from batches import prompt
from whet.build.task import build_task
from whet.config import Config, RewardConfig, WeightConfig
from whet.diagnose.cold_start import Diagnosis, Found
from whet.recipe import load_recipe
from whet.runs.writer import RunWriter
from whet.stages.apply_fix import apply_fix, fixed
from whet.types import Rollout
from wiring import listening, shrunk


def found(easier: str) -> Diagnosis:
    return Diagnosis((Found("truncated", "", ()), Found("wrong_format", "", (), easier=easier)))


def strict(folder: Path, **changes: Any) -> Config:
    rewards = [{"name": "accuracy", "weight": 2.0}, {"name": "format_strict", "weight": 0.5}]
    return shrunk(folder, folder, {"rewards": rewards, "check.fix": "apply", "grpo.steps": 30, **changes})


def test_the_reward_joins_those_there_are_at_half_of_the_largest_weight(tmp_path: Path) -> None:
    config = strict(tmp_path)
    assert fixed(config, found("anywhere")).rewards == [
        *config.rewards,
        RewardConfig(name="accuracy", weight=1.0, params={"lenient": True}),
    ]
    falling = WeightConfig(start=1.0, end=0.0, steps=15)
    assert fixed(config, found("any_mark")).rewards[-1] == RewardConfig(name="format_partial", weight=falling)


def test_everything_else_stays(tmp_path: Path) -> None:
    config = strict(tmp_path)
    new = fixed(config, found("anywhere"))
    assert new.model_copy(update={"rewards": config.rewards}) == config


@pytest.mark.parametrize(("fix", "easier"), [("suggest", "anywhere"), ("apply", "")])
def test_nothing_is_added_unless_asked_for_and_named(tmp_path: Path, fix: str, easier: str) -> None:
    config = strict(tmp_path, **{"check.fix": fix})
    assert fixed(config, found(easier)) is config


def test_nothing_is_added_twice(tmp_path: Path) -> None:
    once = fixed(strict(tmp_path), found("anywhere"))
    assert fixed(once, found("anywhere")) is once


def test_to_suggest_is_the_default(tmp_path: Path) -> None:
    assert shrunk(tmp_path, tmp_path).check.fix == "suggest"


def test_it_is_said_recorded_and_in_force(tiny_folder: Path, tmp_path: Path) -> None:
    config = strict(tiny_folder, **{"run.folder": str(tmp_path)})
    task = build_task(config, tiny.tiny_tokenizer())
    lines, view = listening()
    with RunWriter.create(tmp_path, "seed: 1\n", {}) as run:
        new_task, new = apply_fix(task, config, found("anywhere"), run, view)
        assert load_recipe(run.path / "recipe.yaml") == new != config
    (line,) = lines
    assert line.startswith("check.fix: a reward for right answers wherever they stand joins the rewards, ")
    assert "'lenient': True" in line
    question = prompt("1", (1,), answer="7")
    outputs = [[Rollout((1,), (-1.0,), text, "stop") for text in ("The answer is 7.", "The answer is 8.")]]
    totals = [
        [reward.total for reward in t.reward.grade([question], outputs).groups[0].rewards] for t in (task, new_task)
    ]
    assert totals == [[0.0, 0.0], [1.0, 0.0]]
    assert new_task.train is task.train


def test_where_nothing_is_to_be_fixed_nothing_is_touched(tmp_path: Path) -> None:
    config, task = strict(tmp_path, **{"check.fix": "suggest"}), SimpleNamespace()
    lines, view = listening()
    run: Any = None
    assert apply_fix(task, config, found("anywhere"), run, view) == (task, config)  # type: ignore[arg-type]
    assert lines == []
