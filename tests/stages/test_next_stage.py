"""What follows a check: by what was found, what the recipe asks for, and what there is to imitate."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tiny
from probes import COLD, HEALTHY
from whet.build.task import Task, build_task
from whet.diagnose.lengths import measure_lengths
from whet.diagnose.probe import Probe
from whet.diagnose.report import CheckReport, Follows
from whet.errors import UserError
from whet.runs.writer import RunWriter
from whet.stages.next_stage import _misread, recipe_facts, refuse, wants_warm_start, what_follows
from whet.types import GoldFailure, Problem, Reward
from wiring import shrunk

LENGTHS = measure_lengths([30], [60] * 100, max_tokens=96)
SILENT = replace(COLD, signal=0.0, signal_at_most=0.2, found=0.5)
MAYBE_SILENT = replace(COLD, signal=0.0, signal_at_most=0.3)
"""The probe saw no signal, and too little to know."""


def report(probe: Probe, failures: int = 0) -> CheckReport:
    failure = GoldFailure(Problem("7", "2 + 2?", "4"), "4", Reward(0.0), 1.0, {"accuracy": 0.0})
    return CheckReport.of(LENGTHS, probe, 10, (failure,) * failures)


def test_a_function_that_fails_on_gold_solutions_is_named_with_what_it_must_return() -> None:
    failure = GoldFailure(Problem("7", "2 + 2?", "4"), "4", Reward(None), 1.0, {"accuracy": None, "mine": None})
    assert _misread(CheckReport.of(LENGTHS, HEALTHY, 10, (failure,) * 10)) == (
        "rewards: mine fails on 10 of 10 gold solutions: 7 (answer '4') gets {'accuracy': None, 'mine': None}; it must "
        "return a list with a number for each completion; a line above says what it did instead"
    )


@pytest.fixture(scope="module")
def task(tiny_folder: Path) -> Task:
    return build_task(shrunk(tiny_folder, Path("runs")), tiny.tiny_tokenizer())


@pytest.mark.parametrize(
    ("probe", "changes", "follows"),
    [
        (HEALTHY, {}, "train"),
        (HEALTHY, {"sft.when": "always"}, "warm_start"),
        (COLD, {}, "warm_start"),
        (COLD, {"sft.when": "never"}, "train"),
        (SILENT, {}, "warm_start"),
        (SILENT, {"sft.when": "never"}, "stop"),
        (SILENT, {"sft.when": "never", "grpo.steps": 0}, "train"),
        (SILENT, {"sft.when": "never", "check.on_no_signal": "train"}, "train"),
        (SILENT, {"sft.when": "never", "check.fix": "apply"}, "train"),
        (MAYBE_SILENT, {"sft.when": "never"}, "train"),
    ],
)
def test_what_follows(task: Task, tiny_folder: Path, probe: Probe, changes: dict[str, Any], follows: Follows) -> None:
    config = shrunk(tiny_folder, Path("runs"), changes)
    assert what_follows(report(probe), task, config, warmed=False) == follows


def test_a_warm_start_comes_once(task: Task, tiny_folder: Path) -> None:
    config = shrunk(tiny_folder, Path("runs"), {"sft.when": "always"})
    assert what_follows(report(HEALTHY), task, config, warmed=True) == "train"
    assert what_follows(report(SILENT), task, config, warmed=True) == "stop"


def test_gold_that_earns_too_little_stops_everything(task: Task, tiny_folder: Path) -> None:
    config = shrunk(tiny_folder, Path("runs"), {"sft.when": "always"})
    assert what_follows(report(HEALTHY, failures=1), task, config, warmed=False) == "stop"


@pytest.mark.parametrize(("when", "cold", "wanted"), [
    ("always", False, True), ("never", True, False), ("auto", True, True), ("auto", False, False),
])  # fmt: skip
def test_the_warm_start_is_wanted_as_asked(tiny_folder: Path, when: str, cold: bool, wanted: bool) -> None:
    config = shrunk(tiny_folder, Path("runs"), {"sft.when": when})
    assert wants_warm_start(config, report(COLD if cold else HEALTHY)) is wanted


def test_the_facts_of_a_recipe(tiny_folder: Path) -> None:
    params = {"data.train": {"name": "arithmetic", "params": {"level": 3}}, "format": "boxed"}
    facts = recipe_facts(shrunk(tiny_folder, Path("runs"), params), solutions=False)
    assert (facts.solutions, facts.format, facts.level, facts.levels) == (False, "boxed", 3, (1, 2, 3, 4, 5))
    assert facts.with_accuracy == "", "the quickstart has it"


@pytest.mark.parametrize(
    ("rewards", "whole"),
    [
        (["integer"], '["integer", "accuracy"]'),
        ([{"name": "integer", "weight": 0.5}], '[{"name": "integer", "weight": 0.5}, "accuracy"]'),
        (["format_soft", {"name": "accuracy", "weight": 0.1}], ""),
    ],
)
def test_accuracy_would_join_the_rewards(tiny_folder: Path, rewards: list[Any], whole: str) -> None:
    config = shrunk(tiny_folder, Path("runs"), {"rewards": rewards, "data.train": {"name": "gsm8k", "path": "x"}})
    facts = recipe_facts(config, solutions=True)
    assert (facts.with_accuracy, facts.level) == (whole, None)


def test_gold_failures_are_named_before_all_else(task: Task, tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"sft.when": "always"})
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run, pytest.raises(UserError) as error:
        refuse(replace(report(SILENT, failures=1), follows="stop"), task, config, run)
    assert str(error.value).startswith("rewards: 1 of 10 gold solutions do not score full marks; 7 (answer '4') gets")
