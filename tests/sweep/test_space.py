"""What a space file may say, and what it is told when it says something else."""

from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.recipe import load_recipe
from whet.sweep.space import Space, read_space

CONFIG = load_recipe("quickstart")


def _read(tmp_path: Path, text: str) -> Space:
    path = tmp_path / "space.yaml"
    path.write_text(text, encoding="utf-8")
    return read_space(path, CONFIG)


def test_each_kind_becomes_a_distribution(tmp_path: Path) -> None:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    space = _read(
        tmp_path,
        """
        grpo.optimizer.learning_rate: {log: [1e-6, 1e-4]}
        grpo:
          group_size: {int: [4, 16, 4]}
          objective:
            clip_high: {float: [0.1, 0.3]}
        format.name: {choice: [boxed, think_answer]}
        """,
    )
    assert space.distributions() == {
        "grpo.optimizer.learning_rate": FloatDistribution(1e-6, 1e-4, log=True),
        "grpo.group_size": IntDistribution(4, 16, step=4),
        "grpo.objective.clip_high": FloatDistribution(0.1, 0.3),
        "format.name": CategoricalDistribution(("boxed", "think_answer")),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "varies nothing; name a key and its values, such as grpo.optimizer.learning_rate: {log: [1e-6, 1e-4]}"),
        ("grpo.setps: {int: [1, 2]}", "grpo.setps"),
        ("grpo.steps: {integer: [1, 2]}", "'integer' is no kind of values; use choice, int, float, log"),
        ("grpo.steps: [1, 2]", "grpo.steps: is [1, 2]; it must be one of {choice, int, float, log} with its values"),
        ("grpo.steps: {int: [9, 2]}", "int is [9, 2]; it must be [least, most] or [least, most, step], whole numbers"),
        ("grpo.steps: {int: [1.5, 2]}", "int is [1.5, 2]; it must be"),
        ("seed: {log: [0, 5]}", "log is [0, 5]; it must be [least, most], both over 0, searched by their logarithm"),
        ("seed: {choice: []}", "choice is []; it must be a list of values"),
        ("grpo.group_size: {int: [1, 8]}", "grpo.group_size: is 1; it must be a whole number (at least 2)"),
        ("grpo.optimizer.schedule: {choice: [cosine, sine]}", "did you mean cosine?"),
        ("data.train.params.level: {choice: [1, 2]}", "data.train.params.level: changes the held-out problems"),
        ("eval.problems: {int: [8, 64]}", "eval.problems: changes the held-out problems"),
        ("format: {choice: [boxed]}", "format: 'boxed' becomes {"),
        ("model.lora: {choice: [null, {rank: 16}]}", "model.lora: {'rank': 16} becomes {"),
        ("rewards.0.weight: {float: [0.1, 1.0]}", "rewards.0.weight: 0.1 becomes None"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        _read(tmp_path, text)
    assert said in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--space: .*none\.yaml cannot be read"):
        read_space(tmp_path / "none.yaml", CONFIG)


def test_values_of_a_recipe_and_whether_the_space_holds_them(tmp_path: Path) -> None:
    space = _read(tmp_path, "grpo.group_size: {int: [2, 8, 2]}\ngrpo.optimizer.schedule: {choice: [constant, cosine]}")
    config = load_recipe("quickstart", {"grpo.group_size": 6, "grpo.optimizer.schedule": "cosine"})
    assert space.values_of(config) == {"grpo.group_size": 6, "grpo.optimizer.schedule": "cosine"}
    for size, schedule, held in (
        (6, "cosine", True),
        (7, "cosine", False),
        (10, "cosine", False),
        (6, "linear", False),
    ):
        values: dict[str, Any] = {"grpo.group_size": size, "grpo.optimizer.schedule": schedule}
        assert space.holds(values) == held
