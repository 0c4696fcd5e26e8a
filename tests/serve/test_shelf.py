"""Models by name, one in memory."""

from types import SimpleNamespace
from typing import Any

import pytest

from whet.errors import UserError
from whet.serve.shelf import Shelf


def a_model(context: int = 7) -> Any:
    return SimpleNamespace(policy=SimpleNamespace(context=context))


def test_a_model_is_loaded_once_and_makes_room_for_the_next() -> None:
    opened: list[str] = []

    def open(name: str) -> Any:
        opened.append(name)
        return a_model(len(opened))

    shelf = Shelf(lambda: ["a", "b"], open)
    assert shelf.context_of("a") is None
    first = shelf.get("a")
    assert shelf.get("a") is first
    assert shelf.context_of("a") == 1
    shelf.get("b")
    assert shelf.context_of("a") is None
    shelf.get("a")
    shelf.clear()
    assert shelf.context_of("a") is None
    shelf.get("a")
    assert opened == ["a", "b", "a", "a"]


def test_what_fails_to_load_is_not_kept() -> None:
    def open(name: str) -> Any:
        raise UserError("model.name: no")

    shelf = Shelf(lambda: ["a"], open)
    for _ in range(2):
        with pytest.raises(UserError):
            shelf.get("a")


def test_a_shelf_of_one_model() -> None:
    model = a_model()
    shelf = Shelf.of("a", model)
    assert (list(shelf.names()), shelf.get("a"), shelf.context_of("a")) == (["a"], model, 7)
