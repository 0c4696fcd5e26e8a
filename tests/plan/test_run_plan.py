"""A plan adds up."""

import json

from whet.plan.run_plan import PlannedPhase, RunPlan

PLAN = RunPlan(
    device="a card",
    calibrated=False,
    phases=(PlannedPhase("Check", 10.0), PlannedPhase("GRPO", 3590.0)),
    memory={"weights": 1e9, "activations": 2e9},
    memory_free=4e9,
    sampled_tokens=5.0,
    learned_tokens=4.0,
    disk={"rollouts": 1e6, "checkpoints": 2e6},
)


def test_sums_and_cost() -> None:
    assert (PLAN.seconds, PLAN.memory_peak, PLAN.disk_bytes) == (3600.0, 3e9, 3e6)
    assert PLAN.cost(2.0) == 2.0


def test_a_plan_is_json() -> None:
    found = json.loads(json.dumps(PLAN.as_dict()))
    assert (found["seconds"], found["phases"]["GRPO"], found["memory_peak"]) == (3600.0, 3590.0, 3e9)
