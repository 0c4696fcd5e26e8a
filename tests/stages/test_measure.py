"""The held-out measurement as a stage."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from whet.build.policy import build_policy
from whet.build.roles import build_sampler
from whet.build.task import build_task
from whet.config.rewards import WeightConfig
from whet.rewards.mixture import Mixture, Part
from whet.rollout import engine_choice
from whet.stages.measure import mean_reward, measure
from whet.types import Problem, Prompt, Rollout
from wiring import listening, shrunk


@pytest.fixture(scope="module")
def policy(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build_policy(shrunk(tiny_folder, tmp_path_factory.mktemp("runs")), lambda text: None)


def measured(policy: Any, folder: Path, tmp_path: Path, **changes: Any) -> tuple[Any, list[str]]:
    config = shrunk(folder, tmp_path, {key.replace("__", "."): value for key, value in changes.items()})
    lines, view = listening()
    task = build_task(config, policy.tokenizer)
    return measure(policy, build_sampler(config), task.eval_set, config, view, "Evaluate it"), lines


def test_every_problem_is_asked_once_and_greedily(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    found, _ = measured(policy, tiny_folder, tmp_path)
    again, _ = measured(policy, tiny_folder, tmp_path, seed=8, grpo__sampling__temperature=2.0)
    assert len(found.records) == 6
    assert found.samples == 0
    assert found.records == again.records, "neither seed nor temperature of the training matter"


def test_the_longest_answer_is_the_trainings_unless_it_is_said(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    found, _ = measured(policy, tiny_folder, tmp_path, grpo__sampling__max_tokens=3)
    assert max(record.tokens for record in found.records) == 3
    found, _ = measured(policy, tiny_folder, tmp_path, eval__max_tokens=5)
    assert max(record.tokens for record in found.records) == 5


def test_samples_are_drawn_where_they_are_asked_for(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    found, _ = measured(policy, tiny_folder, tmp_path, eval__samples=4, eval__temperature=1.5)
    assert found.samples == 4
    texts = {sample.response for record in found.records for sample in record.samples}
    assert len(texts) > 6
    other, _ = measured(policy, tiny_folder, tmp_path, eval__samples=4, eval__temperature=1.5, seed=1)
    assert [record.samples for record in other.records] != [record.samples for record in found.records]


def test_greedy_answers_and_samples_come_from_one_copy_of_the_weights(
    policy: Any, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[Any] = []
    real = engine_choice.fuse
    monkeypatch.setattr(engine_choice, "fuse", lambda model: copies.append(model) or real(model))
    measured(policy, tiny_folder, tmp_path, eval__samples=4)
    assert len(copies) == 1


def test_each_chunk_is_told_and_the_end_once(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    _, lines = measured(policy, tiny_folder, tmp_path, eval__problems=100, grpo__sampling__max_tokens=1)
    assert lines[0] == "[Evaluate it]"
    told = [line for line in lines if line.startswith("[Evaluate it ")]
    counts = [line.split("]")[0].split()[-1] for line in told]
    total = int(counts[-1].split("/")[1])
    assert counts == [f"{done}/{total}" for done in [*range(64, total, 64), total]]
    assert "accuracy 0 %  format 0 %" in told[-1]


def test_the_mean_reward_is_told_where_there_are_rewards(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    overlong = {"name": "length_overlong", "weight": 0.5, "params": {"max_tokens": 1, "cache": 1}}
    config = shrunk(tiny_folder, tmp_path, {"rewards": ["accuracy", overlong]})
    lines, view = listening()
    task = build_task(config, policy.tokenizer)
    found = measure(policy, build_sampler(config), task.eval_set, config, view, "Evaluate it", task.reward)
    assert found.accuracy == 0  # and every completion has at least one token: the penalty is -1, at half the weight
    assert "reward -0.50  accuracy 0 %" in lines[-1]


def test_the_weights_are_those_of_the_last_step_and_what_costs_is_left_out() -> None:
    def two(completions: Sequence[Any], **columns: Any) -> list[float | None]:
        return [2.0 if "Z" in str(completion) else None for completion in completions]

    def costly(**columns: Any) -> list[float]:
        raise AssertionError("is not called")

    schedule = WeightConfig(start=0.0, end=1.0, steps=4)
    reward = Mixture(
        [Part("two", two, schedule), Part("judge", costly, external=True), Part("own", costly, form="text")]
    )
    prompts = [Prompt(Problem(name, "q", "1"), (), ()) for name in ("x", "y")]
    outputs = [[Rollout((1,), (0.0,), text, "stop")] for text in ("Z", "b")]
    assert mean_reward(reward, prompts, outputs, step=4) == 2.0
    assert mean_reward(reward, prompts, outputs, step=2) == 1.0
    assert mean_reward(reward, prompts[1:], outputs[1:], step=4) is None
    assert mean_reward(Mixture(reward.parts[1:]), prompts, outputs, step=4) is None
