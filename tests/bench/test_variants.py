"""Time and gain of variants, by hand, and two of them on a tiny model."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.variants import Outcome, Variant, outcome, tables, trained
from tests.eval.test_comparison import record
from whet.errors import UserError
from whet.runs.reader import RunReader
from wiring import words


def made(correct: str, **changes: Any) -> Outcome:
    """A run whose last evaluation has a problem per character, `1` for right."""
    final = {str(n): record(n, one == "1") for n, one in enumerate(correct)}
    fields: dict[str, Any] = {
        "seconds": 100.0,
        "training": 60.0,
        "accuracies": {0: 0.25, 2: 0.5, 4: correct.count("1") / len(correct)},
        "steps": [10.0, 5.0, 10.0, 5.0],
        "warm_start": 30.0,
        "final": final,
    }
    return Outcome(**{**fields, **changes})


def test_the_clock_runs_through_warm_start_and_steps() -> None:
    run = made("1110")
    assert [run.seconds_to(target) for target in (0.2, 0.5, 0.75, 0.8)] == [30.0, 45.0, 60.0, None]
    assert (run.accuracy, run.gain) == (0.75, 0.5)


def test_the_tables_by_hand() -> None:
    found = {"today": [made("1100"), made("1010")], "half": [made("1110", seconds=50.0), made("1000", seconds=70.0)]}
    times, paired = tables("quickstart", found, [0, 1], 0.6)
    assert times.rows == [
        ["today", "100", "60", "not reached, not reached", "50.0 %, 50.0 %", "+25.0, +25.0"],
        ["half", "60", "60", "60, not reached", "75.0 %, 25.0 %", "+50.0, +0.0"],
    ]
    assert [row[:2] + row[3:4] for row in paired.rows] == [["half", "+0.0", "1 / 1"]]


def test_settings_become_options(tmp_path: Path) -> None:
    variant = Variant.parse("half grpo.learn_from=4 'sft.own={samples: 2}'")
    command = variant.command("quickstart", tmp_path, 3)
    assert command[3:5] == ["train", "quickstart"]
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert options == {
        "--grpo.learn_from": "4",
        "--sft.own": "{samples: 2}",
        "--seed": "3",
        "--run.folder": str(tmp_path),
        "--run.name": "half-3",
    }


def test_a_run_is_made_once_and_read(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"grpo.learn_from": "2", "eval.every": "1", "check.on_no_signal": "train"}
    given = iter(words(tiny_folder, tmp_path, settings))
    own = {key.removeprefix("--"): value for key, value in zip(given, given, strict=True)}
    variant = Variant("tiny", "", own)
    found = trained(variant, "quickstart", tmp_path, 1)
    run = RunReader(tmp_path / "tiny-1")
    assert list(found.accuracies) == [0, 1, 2]
    lines = [*run.timings("sft"), *run.timings("grpo")]
    assert found.training == pytest.approx(sum(line["step_time"] for line in lines))
    assert found.seconds > found.training
    monkeypatch.setattr("benchmarks.variants.subprocess", None)
    assert trained(variant, "quickstart", tmp_path, 1) == found == outcome(run, found.seconds)


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"variants: odd-0 failed \(exit 2\) and said last: .*unknown key"):
        trained(Variant("odd", "", {"grpo.setps": "1"}), "quickstart", tmp_path, 0)
