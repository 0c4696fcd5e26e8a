"""What crosses between a program and its tests."""

import os
from collections import Counter, OrderedDict, namedtuple
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.sandbox.wire import MAX_MESSAGE, GoneError, decode, encode, receive, send

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.complex_numbers(allow_nan=False)  # fmt: skip  # noqa: E501
KEYS = st.recursive(ATOMS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
VALUES = st.recursive(
    KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.sets(KEYS, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def crossed(value: Any) -> Any:
    """What arrives of a value, through a pipe."""
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb") as file:
        send(writes, encode(value, keep_nothing))
        os.close(writes)
        return decode(receive(file), keep_nothing)


def keep_nothing(value: Any) -> Any:
    raise AssertionError(f"{value!r} is plain")


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_plain_values_arrive_with_their_types(value: Any) -> None:
    came = crossed(value)
    assert came == value
    assert type(came) is type(value)


class Level(IntEnum):
    HIGH = 3


class Agreeable(list[int]):
    def __eq__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (namedtuple("Pair", "a b")(1, 2), (1, 2)),
        (Level.HIGH, 3),
        (bytearray(b"x"), b"x"),
        (Agreeable([1]), [1]),
    ],
)
def test_of_a_subclass_only_the_value_arrives(value: Any, plain: Any) -> None:
    came = crossed(value)
    assert type(came) is type(plain)
    assert plain == came
    assert not isinstance(came, Agreeable)


def test_what_is_not_plain_is_kept_and_a_number_sent() -> None:
    kept: list[Any] = []

    def keep(value: Any) -> int:
        kept.append(value)
        return len(kept) - 1

    data = encode([object, {"f": print}], keep)
    assert kept == [object, print]
    assert decode(data, lambda number: f"object {number}") == ["object 0", {"f": "object 1"}]


@pytest.mark.parametrize(
    "data", [["list"], ["eval", "1"], ["dict", 3], [[], []], ["set", [["list", []]]], ["bytes", "zz"], ["list", 5]]
)
def test_malformed_data_raises(data: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        decode(data, keep_nothing)


def test_the_other_side_is_gone() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with pytest.raises(GoneError, match="has ended"):
        send(writes, "x" * 10)
    os.close(writes)


@pytest.mark.parametrize(("said", "what"), [(b"", "has ended"), (b'{"value"', "over"), (b"x" * MAX_MESSAGE, "over")])
def test_messages_that_do_not_end(said: bytes, what: str) -> None:
    import io

    with pytest.raises(GoneError, match=what):
        receive(io.BytesIO(said))
