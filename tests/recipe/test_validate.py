"""What is wrong with a tree, key by key."""

from typing import Any

import pytest

from whet.recipe.validate import validated


def tree(**sections: Any) -> dict[str, Any]:
    return {"model": {"name": "tiny"}, "data": {"train": {"name": "arithmetic"}}, **sections}


def test_a_right_tree_has_no_problems() -> None:
    config, problems = validated(tree(grpo={"steps": 3.0}))
    assert problems == {}
    assert config is not None
    assert config.grpo.steps == 3


@pytest.mark.parametrize(
    ("section", "path", "said"),
    [
        ({"steps": True}, ("grpo", "steps"), "is true; it must be a whole number (at least 0)"),
        ({"steps": "3"}, ("grpo", "steps"), "is '3'; it must be a whole number (at least 0)"),
        ({"steps": 2.5}, ("grpo", "steps"), "is 2.5; it must be a whole number (at least 0)"),
        ({"steps": None}, ("grpo", "steps"), "is empty; it must be a whole number (at least 0)"),
        ({"setps": 3}, ("grpo", "setps"), "unknown key; did you mean grpo.steps?"),
        ({"zzzzzzzz": 3}, ("grpo", "zzzzzzzz"), "unknown key; `whet keys` lists them all"),
        (
            {"objective": {"scale": "group"}},
            ("grpo", "objective", "scale"),
            "is 'group'; it must be one of group_std, batch_std, none",
        ),
        (
            {"optimizer": {"betas": [0.9]}},
            ("grpo", "optimizer", "betas"),
            "is [0.9]; it must be a list of 2 (each a number (at least 0, under 1))",
        ),
        (
            {"optimizer": {"betas": [0.9, "x"]}},
            ("grpo", "optimizer", "betas", 1),
            "is 'x'; it must be a list of 2 (each a number (at least 0, under 1))",
        ),
        (3, ("grpo",), "is 3; it must be a section (steps, "),
        ({"objective": {"beta": float("nan")}}, ("grpo", "objective", "beta"), "is nan; it must be a number"),
    ],
)
def test_each_mistake_has_one_line_and_its_place(section: Any, path: tuple[Any, ...], said: str) -> None:
    _, problems = validated(tree(grpo=section))
    assert list(problems) == [path]
    assert problems[path].startswith(said)


@pytest.mark.parametrize(
    ("reward", "path", "said"),
    [
        ({"weight": "heavy"}, ("rewards", 0, "weight"), "is 'heavy'; it must be a number or a section (start,"),
        ({"weight": True}, ("rewards", 0, "weight"), "is true; it must be a number or a section"),
        (
            {"weight": {"start": 1, "end": 0}},
            ("rewards", 0, "weight", "steps"),
            "is missing; it must be a whole number",
        ),
        (
            {"weight": {"start": 1, "end": 0, "steps": 9, "shap": "linear"}},
            ("rewards", 0, "weight", "shap"),
            "unknown key; did you mean rewards.0.weight.shape?",
        ),
        (
            {"weight": {"start": 1, "end": 0, "steps": 9, "shape": "lineer"}},
            ("rewards", 0, "weight", "shape"),
            "is 'lineer'; it must be one of linear, cosine, jump; did you mean linear?",
        ),
        (
            {"weight": {"start": float("inf"), "end": 0, "steps": 9}},
            ("rewards", 0, "weight", "start"),
            "is inf; it must be a number",
        ),
        (
            {"name": "length_overlong", "params": {"cache": 400}},
            ("rewards", 0),
            "rewards.params.cache of 'length_overlong' is 400: it must be at most max_tokens, which is 256",
        ),
    ],
)
def test_mistakes_in_a_reward(reward: dict[str, Any], path: tuple[Any, ...], said: str) -> None:
    _, problems = validated(tree(rewards=[{"name": "accuracy", **reward}]))
    assert list(problems) == [path]
    assert problems[path].startswith(said)


def test_the_limit_of_the_length_rewards_is_that_of_sampling() -> None:
    rewards = [{"name": "length_overlong", "params": {"cache": 400}}, {"name": "length_cosine"}]
    _, problems = validated(tree(rewards=rewards, grpo={"sampling": {"max_tokens": 400}}))
    assert problems == {}


def test_members_of_a_union_are_one_mistake() -> None:
    _, problems = validated(tree(model={"name": "tiny", "lora": {"targets": 3}}))
    assert problems == {("model", "lora", "targets"): "is 3; it must be a list (each a text) or all-linear"}


def test_all_mistakes_are_said_at_once() -> None:
    _, problems = validated(tree(seed=-1, evl={}, run={"keep": 0}, rewards=[{"weight": "x"}]))
    assert set(problems) == {
        ("seed",),
        ("evl",),
        ("run", "keep"),
        ("rewards", 0, "name"),
        ("rewards", 0, "weight"),
    }


def test_a_long_value_is_shortened() -> None:
    _, problems = validated(tree(grpo={"steps": "x" * 500}))
    assert len(problems[("grpo", "steps")]) < 120


def test_names_are_checked_once_everything_else_is_right() -> None:
    wrong = tree(data={"train": {"name": "aritmetic"}, "question": "x"}, rewards=[{"name": "acuracy"}])
    _, problems = validated(wrong)
    assert set(problems) == {("data", "train", "name"), ("data", "question"), ("rewards", 0)}
    assert problems[("data", "train", "name")].startswith("is 'aritmetic'; it must be one of arithmetic")
    _, first = validated({**wrong, "seed": -1})
    assert set(first) == {("seed",)}


def test_functions_of_ones_own_are_not_loaded() -> None:
    config, problems = validated(tree(rewards=[{"name": "no.such.module:function"}]))
    assert config is not None
    assert problems == {}


def test_a_reward_that_calls_out_is_checked_and_nothing_is_opened() -> None:
    right = {"name": "judge", "params": {"endpoint": "http://nowhere.invalid/v1", "model": "m"}}
    config, problems = validated(tree(rewards=[right]))
    assert config is not None
    assert problems == {}
    wrong = {"name": "judge", "params": {**right["params"], "parallel": 0}}  # type: ignore[dict-item]
    _, problems = validated(tree(rewards=["accuracy", wrong]))
    assert problems[("rewards", 1, "params", "parallel")] == "is 0; it must be a whole number (at least 1)"


def test_a_named_objective_brings_its_choices_and_yields_to_the_recipe() -> None:
    config, problems = validated(tree(grpo={"objective": {"name": "dapo", "aggregation": "sequence_mean"}}))
    assert problems == {}
    assert config is not None
    assert (config.grpo.objective.clip_high, config.grpo.objective.aggregation) == (0.28, "sequence_mean")


def test_choices_that_contradict_each_other_are_one_line_with_the_fix() -> None:
    _, problems = validated(tree(grpo={"objective": {"name": "reinforce", "iterations": 4}}))
    (path,) = problems
    assert path == ("grpo", "objective")
    assert problems[path] == (
        "surrogate log_probability is right for one pass over a batch only: set iterations to 1, or surrogate to clip"
    )


def test_an_unknown_objective_is_told_the_known_ones() -> None:
    _, problems = validated(tree(grpo={"objective": {"name": "dappo"}}))
    text = problems[("grpo", "objective", "name")]
    assert text.startswith("is 'dappo'; it must be one of grpo, dr_grpo, dapo, ")
    assert text.endswith("did you mean dapo?") or "dapo'?" in text


def test_a_contradiction_with_a_value_that_is_wrong_by_itself_is_not_said() -> None:
    _, problems = validated(tree(grpo={"group_size": "3", "learn_from": 4}))
    assert list(problems) == [("grpo", "group_size")]
    _, problems = validated(tree(grpo={"group_size": 3, "learn_from": 4}))
    assert problems == {("grpo",): "learn_from is 4, more than group_size 3; lower it"}


def test_a_warm_start_with_adapters_of_its_own_needs_a_model_without() -> None:
    adapters = {"name": "tiny", "lora": {"rank": 4}}
    _, problems = validated(tree(sft={"lora": {"rank": 4}}) | {"model": adapters})
    assert problems == {("sft", "lora"): "the warm start trains the adapters of model.lora already; leave sft.lora out"}
    assert validated(tree(sft={"lora": {"rank": 4}}))[1] == {}


@pytest.mark.parametrize("text", ["Gr\udcc3\udcb6\udcdfe? {question}", "\ud83d {question}"])
def test_text_with_half_a_character_is_refused(text: str) -> None:
    _, problems = validated({"model": {"name": "tiny"}, "data": {"train": {"name": "arithmetic"}, "question": text}})
    assert list(problems) == [("data", "question")]
    assert "with half a character in it; write the whole character, or set PYTHONUTF8=1" in problems["data", "question"]
    problems["data", "question"].encode()


def test_letters_of_any_script_are_whole() -> None:
    sections = {"train": {"name": "arithmetic"}, "question": "Größe 日本 😀? {question}"}
    assert validated({"model": {"name": "tiny"}, "data": sections})[1] == {}


@pytest.mark.parametrize(
    ("weights", "refused"),
    [
        ((0,), True),
        ((0, 0.0), True),
        (({"start": 0, "end": 0, "steps": 3},), True),
        ((0, -1), False),
        (({"start": 0, "end": 1, "steps": 3},), False),
    ],
)
def test_rewards_that_never_count_are_refused(weights: tuple[Any, ...], refused: bool) -> None:
    _, problems = validated(tree(rewards=[{"name": "accuracy", "weight": weight} for weight in weights]))
    assert (problems.get(("rewards",), "").startswith("have no weight but 0")) is refused
    assert len(problems) == refused


def test_workers_of_processes_on_a_cluster_are_on_a_cluster_that_is_there() -> None:
    sections = {"compute": {"processes": 2, "ray": "gpu-7:6379"}, "rollout": {"engine": "ray"}}
    _, problems = validated(tree(**sections))
    said = (
        "address is local, but the processes run on a Ray cluster (compute.ray); set rollout.ray.address to gpu-7:6379"
    )
    assert problems == {("rollout", "ray"): said}
    sections["rollout"] = {"engine": "ray", "ray": {"address": "auto"}}
    assert validated(tree(**sections))[1] == {}
