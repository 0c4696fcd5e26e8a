"""Templates over columns."""

from pathlib import Path

import pytest

from whet.config import DataConfig, SourceConfig
from whet.data.load_data import load_data, load_source
from whet.data.question_template import check_question_template, fill, has_columns, places
from whet.errors import UserError


@pytest.fixture
def crates(tmp_path: Path) -> str:
    lines = [f'{{"tale": "A crate holds {n}.", "question": "How many?", "answer": {n}}}' for n in range(10, 40)]
    (tmp_path / "crates.jsonl").write_text("\n".join(lines))
    return str(tmp_path / "crates.jsonl")


def test_places_and_letters() -> None:
    assert places(r"{a} {b.c} {a} {{no}} \frac{1}{2} \boxed{}") == ["a", "b.c"]
    assert fill(r"{q} \frac{1}{2} \boxed{} {{x}}", {"q": "{y}"}.__getitem__) == r"{y} \frac{1}{2} \boxed{} {x}"
    assert has_columns("{tale} {question}")
    assert not has_columns("{question} {{tale}}")
    check_question_template("{tale}")
    with pytest.raises(UserError, match=r"data.question: is 'Why\?'; it must contain \{question\}"):
        check_question_template("Why?")


def test_a_template_words_the_questions_and_keeps_them_apart(crates: str) -> None:
    held = SourceConfig(name=crates, params={"hold_out": 0.2})
    train, test = load_data(DataConfig(train=held, question="{tale} {question} Think."), 0)
    problems = [*train, *test]
    assert len(problems) == 30
    assert {one.question for one in problems} == {f"A crate holds {n}. How many? Think." for n in range(10, 40)}
    own = SourceConfig(name=crates, columns={"question": "{tale} {question}"})
    assert load_source(own, "train", 0)[0].question == "A crate holds 10. How many?"
    both = load_source(own, "train", 0, question="{answer_type} {question}".replace("{answer_type}", "{tale}"))
    assert both[0].question == "A crate holds 10. A crate holds 10. How many?"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{taile} {question}", r"^data.question: .*has the place \{taile\}, and .* has only tale, question, answer"),
        ("{taile} {question}", "did you mean tale\\?; for the letters themselves, double the braces"),
        (r"{question} \boxed{answer}", r"^data.question: .* shows the gold answer with \{answer\}"),
    ],
)
def test_places_that_cannot_be_filled_are_refused(crates: str, template: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_source(SourceConfig(name=crates), "train", 0, question=template)


def test_named_sources_have_their_own_columns(shared: Path) -> None:
    math = SourceConfig(name="math500", path=str(shared / "math500"), limit=2)
    assert load_source(math, "test", 0, question="{subject}: {question}")[0].question.startswith("Precalculus: Convert")
    with pytest.raises(UserError, match=r"data.question: .*\{topic\}, and math500 has only question, problem"):
        load_source(math, "test", 0, question="{topic}: {question}")
    with pytest.raises(UserError, match="arithmetic has none but"):
        load_source(SourceConfig(name="arithmetic"), "train", 0, question="{topic}: {question}")
