"""How often a run does what; each phase by hand."""

from typing import Any

import pytest

from plan_rates import RATES
from whet.config import Config
from whet.plan.estimate import checkpoints, disk, evaluation, grpo_step, phases, tokens, warm_start
from whet.plan.outlook import Outlook
from whet.recipe import load_recipe

OUTLOOK = Outlook(
    prompts=(20,),
    held_out=(20,) * 10,
    before=(50,),
    after=(30,),
    examples=((20, 30),) * 60,
    warm_start=True,
)


def recipe(**changes: Any) -> Config:
    keys = {name.replace("__", "."): value for name, value in changes.items()}
    own = {"grpo.steps": 3, "grpo.prompts_per_step": 2, "grpo.group_size": 4, "sft.steps": 5, "sft.batch_size": 8}
    return load_recipe("quickstart", {**own, **keys})


def of(config: Config, outlook: Outlook = OUTLOOK) -> dict[str, float]:
    return {phase.name: phase.seconds for phase in phases(config, RATES, outlook, weights=100, trained=100)}


def test_a_run_has_the_phases_that_its_view_shows() -> None:
    names = ["Load", "Check", "Evaluate the base model", "Warm start", "Evaluate the warm start", "GRPO"]
    assert list(of(recipe())) == [*names, "Evaluate the result"]
    alone = Outlook((20,), (20,), (50,), (50,), (), warm_start=False)
    assert "Warm start" not in of(recipe(), alone)
    assert "GRPO" not in of(recipe(grpo__steps=0))


def test_an_evaluation_samples_and_grades_every_problem() -> None:
    config = recipe(eval__problems=4)
    expected = 1.0 + RATES.sample([20] * 4, 1, [50]) + 4 * 0.5
    assert evaluation(config, RATES, OUTLOOK.held_out, (50,)) == pytest.approx(expected)
    sampled = recipe(eval__problems=4, eval__samples=3)
    assert evaluation(sampled, RATES, OUTLOOK.held_out, (50,)) == pytest.approx(
        expected + RATES.sample([20] * 4, 3, [50]) + 12 * 0.5
    )


def test_a_step_samples_grades_and_learns() -> None:
    prompts = [20, 20]
    expected = 1.0 + RATES.sample(prompts, 4, [30]) + 8 * 0.5 + RATES.update(prompts, 4, [30])
    assert grpo_step(recipe(), RATES, OUTLOOK) == pytest.approx(expected)
    held = recipe(grpo__objective__beta=0.04, grpo__objective__iterations=2)
    assert grpo_step(held, RATES, OUTLOOK) == pytest.approx(
        expected + RATES.reference(prompts, 4, [30]) + RATES.update(prompts, 4, [30])
    )


def test_a_warm_start_takes_all_its_steps() -> None:
    config = recipe(sft__held_out=0)
    assert warm_start(config, RATES, OUTLOOK) == pytest.approx(5 * RATES.imitation([(20, 30)] * 8))
    held_out = recipe(sft__held_out=4, sft__evaluate_every=2)
    forward = (RATES.imitation([(20, 30)] * 4) - 2.0) / 3
    assert warm_start(held_out, RATES, OUTLOOK) == pytest.approx(5 * RATES.imitation([(20, 30)] * 8) + 2 * forward)


def test_checkpoints_come_by_steps_or_by_time() -> None:
    assert checkpoints(recipe(run__save_every=0, run__save_minutes=0), 1e6, warmed=True) == 0
    assert checkpoints(recipe(run__save_every=2), 1.0, warmed=False) == 1
    assert checkpoints(recipe(run__save_minutes=10), 3600.0, warmed=True) == 7


def test_tokens_that_are_sampled_and_learned_from() -> None:
    config = recipe(check__problems=3, check__samples=2, eval__problems=10)
    sampled, learned = tokens(config, OUTLOOK)
    before, after = (6 + 10) * 50, (6 + 2 * 10 + 3 * 8) * 30
    assert sampled == before + after
    assert learned == 3 * 8 * 30 + 5 * 8 * 30


def test_a_run_folder_holds_model_checkpoints_and_rollouts() -> None:
    config = recipe(run__save_every=1, run__keep=2)
    found = disk(config, OUTLOOK, weights=100, trained=50, seconds=1.0)
    assert found["finished model"] == 200.0
    assert found["checkpoints"] == 2 * 12 * 50
    assert found["rollouts"] == 36 * 3 * 8 * 30
