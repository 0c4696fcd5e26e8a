"""A plan on the screen."""

from io import StringIO

from rich.console import Console, RenderableType

from whet.cli.plan_page import comparison_page, plan_page
from whet.plan.run_plan import PlannedPhase, RunPlan

PLAN = RunPlan(
    device="CPU, 2 threads",
    calibrated=True,
    phases=(PlannedPhase("Check", 12.0, "32 problems × 4"), PlannedPhase("GRPO", 3588.0, "13 steps")),
    memory={"weights": 1.5e9, "activations": 0.5e9},
    memory_free=4e9,
    sampled_tokens=1.5e6,
    learned_tokens=42_000,
    disk={"rollouts": 1e9},
    notes=("a note",),
)


def shown(page: RenderableType, width: int = 80) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(page)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_phases_memory_tokens_disk_and_cost() -> None:
    text = shown(plan_page(PLAN, 3.0))
    for part in ("Check", "0:12", "1:00:00", "2.00 GB", "it fits: 4.0 GB are free", "1.5 M sampled, 42 k learned"):
        assert part in text
    assert "cost: 3.00 at 3 an hour" in text
    assert "· a note" in text
    assert "cost" not in shown(plan_page(PLAN))
    assert max(map(len, text.splitlines())) <= 80


def test_what_does_not_fit_comes_with_a_fix() -> None:
    small = RunPlan("here", True, PLAN.phases, PLAN.memory, 1e9, 0, 0, {})
    assert "it does not fit: 1.0 GB are free; set model.lora" in shown(plan_page(small), 120)


def test_planned_beside_actual() -> None:
    text = shown(comparison_page([("GRPO", 90.0, 100.0), ("memory", 3e9, 2e9), ("Warm start", 0.0, 5.0)]))
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["GRPO", "1:30", "1:40", "-10", "%"],
        ["memory", "3.00", "GB", "2.00", "GB", "+50", "%"],
        ["Warm", "start", "0:00", "0:05"],
    ]
