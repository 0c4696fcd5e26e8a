"""Which tables are made, of what, and who takes part."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmarks import tables
from benchmarks.calibrate import Calibration
from benchmarks.tables import FULL, QUICK, TABLES, Bench, chosen
from whet.errors import UserError


def bench(log: Callable[[str], None] = lambda text: None, vllm: str | None = None) -> Bench:
    return Bench("SmolLM2-135M-Instruct", QUICK, vllm, 0.4, log, lambda table: None)


def test_trl_takes_part_as_it_comes_and_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "find_spec", lambda name: object())
    found = bench().contenders("ours.py", "theirs.py")
    assert [(one.name, one.worker, dict(one.options)) for one in found] == [
        ("whet", "ours.py", {}),
        ("trl as it comes", "theirs.py", {"tuned": False}),
        ("trl tuned", "theirs.py", {"tuned": True}),
    ]


def test_without_trl_whet_runs_alone_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "find_spec", lambda name: None)
    said: list[str] = []
    assert [one.name for one in bench(said.append).contenders("ours.py", "theirs.py")] == ["whet"]
    assert "pip install 'whet[bench]'" in said[0]


@pytest.mark.parametrize(("vllm", "names"), [(None, ["whet"]), ("/env/bin/python", ["whet", "vllm"])])
def test_vllm_takes_part_where_it_is_named(vllm: str | None, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.models.resolve", lambda name: f"folder of {name}")
    monkeypatch.setattr(tables, "rollouts", lambda *given: given)
    contenders, model, rows, *_ = TABLES["rollouts"](bench(vllm=vllm))  # type: ignore[misc]
    assert [one.name for one in contenders] == names
    assert (model, rows) == ("folder of SmolLM2-135M-Instruct", QUICK.rows)


def test_the_others_ask_for_what_the_amount_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "find_spec", lambda name: object())
    for name in ("equal_work", "learning", "slopes"):
        monkeypatch.setattr(tables, name, lambda *given: given)
    equal: Any = TABLES["equal_work"](bench())
    assert (len(equal[0]), equal[3], equal[4]) == (3, QUICK.rounds, QUICK.steps)
    learned: Any = TABLES["learning"](bench())
    assert ([one.name for one in learned[0]], learned[2:6]) == (["whet", "trl as it comes"], ((0,), 4, 2, 0.4))
    assert TABLES["slopes"](bench())[0].worker == "whet_steps.py"  # type: ignore[index]


def test_quick_work_is_fitted_to_the_machine_and_full_work_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "find_spec", lambda name: object())
    monkeypatch.setattr(tables, "calibrate", lambda whet, model, work: Calibration(work, 10.0, 6.0, 2.0))
    said: list[str] = []
    whole = bench(said.append)
    fitted = whole.fitted()
    # rollouts: two rounds of 10 s and three times 40 rows at 2 s for 32; equal work has what is left of 560 s
    assert fitted.rollouts_seconds == pytest.approx(2 * (10 + 3 * 2 * 40 / 32))
    assert fitted.equal_work_seconds == pytest.approx(560 - 35, abs=0.1)
    assert (fitted.work.prompts, fitted.work.tokens) == (2, 64)
    assert said[-1] == "a step takes 6.0 s: equal work of 2 prompts, 64 tokens each"
    assert replace(whole, amount=FULL).fitted() == replace(whole, amount=FULL)


def test_exams_fall_on_the_last_step() -> None:
    for amount in (QUICK, FULL):
        assert amount.learning_steps % amount.every == 0


def test_names_of_tables() -> None:
    assert chosen(" slopes, equal_work ") == ["slopes", "equal_work"]
    with pytest.raises(UserError, match=r"--tables: there is no 'rollout'; one of .*; did you mean rollouts\?"):
        chosen("rollout")
