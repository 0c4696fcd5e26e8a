"""Secrets in a recipe."""

from typing import Any

import pytest

from whet.errors import UserError
from whet.recipe import load_recipe, make_recipe, recipe_names
from whet.recipe.refuse_secrets import secret_in

KEY = "hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3h"


@pytest.mark.parametrize(
    ("place", "fix"),
    [
        ({"run": {"push": {"repo": "me/model", "token": KEY}}}, r"run\.push\.token: holds a secret.*HF_TOKEN"),
        ({"run": {"push": {"repo": "me/model", "token": "short"}}}, r"run\.push\.token: holds a secret.*HF_TOKEN"),
        ({"run": {"push": KEY}}, r"run\.push\.repo: holds a secret.*HF_TOKEN"),
        (
            {"run": {"trackers": [{"name": "wandb", "params": {"api_key": "0123456789abcdef0123"}}]}},
            r"run\.trackers\.0\.params\.api_key: holds a secret.*WANDB_API_KEY",
        ),
        ({"rewards": [{"name": "judge", "params": {"options": {"user": KEY}}}]}, r"options\.user: holds.*key_env"),
        (
            {"rewards": [{"name": "judge", "params": {"endpoint": "https://me:hunter22@host/v1", "model": "m"}}]},
            r"rewards\.0\.params\.endpoint: holds a secret",
        ),
        ({"seed": KEY}, r"seed: holds a secret"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(place: dict[str, Any], fix: str) -> None:
    tree = {"model": "any", "data": {"train": {"name": "arithmetic"}}, **place}
    with pytest.raises(UserError, match=fix) as caught:
        make_recipe(tree)
    assert not any(secret in str(caught.value) for secret in (KEY, KEY[:20], "hunter22", "0123456789abcdef"))


def test_a_value_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "correct horse")
    tree = {"model": "any", "data": {"train": {"name": "arithmetic"}, "question": "{question} correct horse"}}
    with pytest.raises(UserError, match=r"data\.question: holds a secret, and recipes are written to disk"):
        make_recipe(tree)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("grpo", "sampling", "max_tokens"), 256),
        (("rewards", 0, "params", "key_env"), "OPENAI_API_KEY"),
        (("rewards", 0, "params", "stop_token"), "</s>"),
        (("data", "train", "columns", "answer"), "answer_key"),
        (("model", "name"), "Qwen/Qwen2.5-0.5B-Instruct"),
    ],
)
def test_what_only_sounds_secret_stays(path: tuple[Any, ...], value: Any) -> None:
    assert secret_in(path, value) is None


@pytest.mark.parametrize("name", recipe_names())
def test_no_shipped_recipe_holds_any(name: str) -> None:
    load_recipe(name)
