"""The plan of a tiny recipe: measured here, and for a card; and beside a run of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
import whet
from whet.build.memory_plan import MemoryPlan
from whet.config import Config
from whet.errors import UserError
from whet.plan.make_plan import make_plan, memory_parts
from whet.plan.saved_plan import beside_actual
from whet.recipe import load_recipe
from whet.runs.views.view import PlainView
from whet.text import silent


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    base = tiny.save_tiny(tmp_path / "base", seed=1)
    changes: dict[str, Any] = {
        "model.name": str(base),
        "run.folder": str(tmp_path / "runs"),
        "grpo.sampling.max_tokens": 12,
        "grpo.steps": 1,
        "grpo.prompts_per_step": 2,
        "grpo.group_size": 2,
        "sft.steps": 2,
        "sft.batch_size": 2,
        "eval.problems": 4,
        "check.problems": 2,
        "check.gold": 8,
        "check.on_no_signal": "train",
    }
    return load_recipe("quickstart", changes)


def test_a_plan_names_the_phases_of_a_run_and_leaves_nothing(config: Config, tmp_path: Path) -> None:
    planned = make_plan(config, PlainView(silent))
    assert planned.calibrated
    assert planned.device.startswith("CPU")
    assert all(phase.seconds > 0 for phase in planned.phases)
    assert 0 < planned.memory_peak < planned.memory_free
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base"]
    run = whet.train(config, view=PlainView(silent))
    rows = {name: (before, after) for name, before, after in beside_actual(planned.as_dict(), run.path)}
    assert {phase.name for phase in planned.phases} <= set(rows)
    assert all(after > 0 for _, after in rows.values())
    assert rows["whole run"][1] == pytest.approx(
        sum(after for name, (_, after) in rows.items() if name not in ("whole run", "memory"))
    )


def test_a_card_that_is_not_here_is_planned_by_its_data(config: Config) -> None:
    slow, fast = (make_plan(config, PlainView(silent), name) for name in ("t4", "h200"))
    assert (slow.device, slow.calibrated, slow.memory_free) == ("t4", False, 16e9)
    grpo = [next(phase.seconds for phase in one.phases if phase.name == "GRPO") for one in (slow, fast)]
    assert grpo[0] > grpo[1]
    assert any("nothing was measured" in note for note in fast.notes)
    with pytest.raises(UserError, match="--device"):
        make_plan(config, PlainView(silent), "abacus")


def test_the_peak_is_the_learners_or_the_samplers() -> None:
    plan = MemoryPlan(
        kind="full training",
        weights=1,
        optimizer=2,
        gradients=4,
        reference=8,
        sampler=16,
        head=32,
        attention=64,
        per_token=1,
        tokens=128,
    )
    parts = memory_parts(plan, 256)
    assert sum(parts.values()) == 256 + plan.learner
    sampling = MemoryPlan("full training", 1, 2, 4, 8, 10_000, 32, 64, 1, 128)
    assert sum(memory_parts(sampling, 256).values()) == 256 + sampling.peak
    held = replace(plan, sampler=0, held=512)
    assert sum(memory_parts(held, 256).values()) == 256 + plan.learner + 512


def test_what_does_not_fit_is_not_tried(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    import whet.plan.calibrate
    import whet.policy.free_memory

    monkeypatch.setattr(whet.policy.free_memory, "free_bytes", lambda device: 1000)
    monkeypatch.setattr(whet.plan.calibrate, "calibrate", lambda *_: pytest.fail("it was tried"))
    planned = make_plan(config, PlainView(silent))
    assert not planned.calibrated
    assert planned.memory_peak > planned.memory_free
