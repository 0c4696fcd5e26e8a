"""YAML as people expect it: numbers are numbers, words are words, and every key has its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.errors import UserError
from whet.recipe.yaml_lines import read_document, read_value, write_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("5E-6", 5e-6),
        ("1.5", 1.5),
        (".5", 0.5),
        ("3", 3),
        ("-3", -3),
        ("1_000", 1000),
        ("0", 0),
        ("010", "010"),
        ("1:30", "1:30"),
        ("2026-11-20", "2026-11-20"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("[1, a]", [1, "a"]),
        ("{a: 1e-3}", {"a": 1e-3}),
        ("'3'", "3"),
        (".inf", float("inf")),
        ("e5", "e5"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    found = read_value(text)
    assert found == value
    assert type(found) is type(value)


def test_a_value_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(UserError, match=r"is '\[1', which is not a YAML value"):
        read_value("[1")


TEXT = """\
# a comment
model: tiny

data:
  train:
    name: x
    columns: {question: q, answer: a}
rewards:
  - accuracy
  - name: integer
    weight: 2
"""


def test_every_key_knows_its_line() -> None:
    lines = read_document(TEXT, "mine.yaml").lines
    assert lines[("model",)] == 2
    assert lines[("data", "train", "name")] == 6
    assert lines[("data", "train", "columns", "answer")] == 7
    assert lines[("rewards", 0)] == 9
    assert lines[("rewards", 1, "weight")] == 11


def test_a_missing_key_is_placed_where_it_should_stand() -> None:
    document = read_document(TEXT, "mine.yaml")
    assert document.place(("rewards", 1, "weight")) == "mine.yaml:11"
    assert document.place(("data", "train", "split")) == "mine.yaml:5"
    assert document.place(("grpo", "steps")) == "mine.yaml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "mine.yaml: is empty; a recipe has sections"),
        ("- a\n", "mine.yaml: is no mapping"),
        ("a: 1\nb: 2\na: 3\n", "mine.yaml:3: a: stands twice, first on line 1"),
        ("g: {x: 1, x: 2}\n", "mine.yaml:1: g.x: stands twice, first on line 1"),
        ("a: 1\n  b: 2\n", "mine.yaml:2: is not YAML: mapping values are not allowed here"),
        ("a:\n\t- b\n", "mine.yaml:2: is not YAML: found character '\\t'"),
        ("a: [1\n", "mine.yaml:2: is not YAML"),
        ("a: 1\n---\nb: 2\n", "mine.yaml:2: is not YAML"),
        ("a: !!python/object:os.system {}\n", "mine.yaml:1: is not YAML: could not determine a constructor"),
        ("a: &a [*a]\n", "mine.yaml: is nested too deeply, or holds itself"),
        ("a: " + "[" * 3000, "mine.yaml: is nested too deeply, or holds itself"),
        ("a: 1\nb: \x0c\n", "mine.yaml:2: is not YAML: holds a character that cannot be seen"),
        ("a: *b\n", "mine.yaml:1: is not YAML: found undefined alias"),
        ("? [a]\n: 1\n", "mine.yaml:1: a list or mapping: a key must be a text"),
    ],
)
def test_what_is_no_recipe_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as refusal:
        read_document(text, "mine.yaml")
    assert str(refusal.value).startswith(said)
    assert "\n" not in str(refusal.value)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), TREES, min_size=1, max_size=4))
def test_what_is_written_reads_back(tree: dict[str, object]) -> None:
    assert read_document(write_document(tree), "mine.yaml").tree == tree


@pytest.mark.parametrize(
    "word",
    [
        "1e5",
        "no",
        "010",
        "1:30",
        "null",
        "~",
        "true",
        "3",
        ".5",
        "2026-11-20",
        "<<",
        "a\x85b",
        "\u2028",
        "é",
        "数",
    ],
)
def test_words_that_look_like_something_else_stay_words(word: str) -> None:
    assert read_document(write_document({"a": word}), "mine.yaml").tree == {"a": word}
