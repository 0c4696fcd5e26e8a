"""What is said of weights that were not found, or not used."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from whet.errors import UserError
from whet.models.loading_notes import check_notes

LLAMA = SimpleNamespace(config=SimpleNamespace(architectures=["SimpleNamespace"]))
ALL_THERE: dict[str, Any] = {"missing_keys": set(), "unexpected_keys": set(), "mismatched_keys": set()}


def test_nothing_is_said_of_a_whole_model() -> None:
    said: list[str] = []
    check_notes(Path("m"), LLAMA, ALL_THERE, said.append)
    assert said == []


@pytest.mark.parametrize(
    ("notes", "refusal"),
    [
        ({"missing_keys": {"b", "a"}}, "model.name: m lacks 2 weights, such as a; download or save it again"),
        (
            {"missing_keys": {"a"}, "unexpected_keys": {"module.a"}},
            "model.name: m lacks 1 weight, such as a; its files call them otherwise, such as module.a: save the model "
            "without what wraps it",
        ),
        (
            {"mismatched_keys": {("a", (4, 2), (4, 3))}},
            "model.name: m is refused: a has the shape [4, 2] in its files and [4, 3] by its config.json; download or "
            "save it again",
        ),
    ],
)
def test_what_is_amiss_is_one_line(notes: dict[str, Any], refusal: str) -> None:
    with pytest.raises(UserError) as error:
        check_notes(Path("m"), LLAMA, ALL_THERE | notes, lambda line: None)
    assert str(error.value) == refusal


def test_weights_that_nothing_uses_are_counted() -> None:
    said: list[str] = []
    check_notes(Path("m"), LLAMA, ALL_THERE | {"unexpected_keys": {"b", "a"}}, said.append)
    assert said == [
        "model.name: the model uses none of 2 weights, such as a, which m holds; see that its config.json is right"
    ]
