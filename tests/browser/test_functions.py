"""The page's small functions, called in the browser: numbers, marks of unseen characters, paths, tints, lists."""

from collections.abc import Iterator
from typing import Any

import pytest

from browser.conftest import Reader, Served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def reader(chromium: Any, served: Served) -> Iterator[Reader]:
    """One open page for all of them: nothing here changes it."""
    made = Reader(chromium, served).open()
    yield made
    made.close()


def called(reader: Reader, module: str, expression: str) -> Any:
    """What an expression over a module of the page, `m`, comes to."""
    return reader.page.evaluate(f"import('/static/{module}.js').then(m => ({expression}))")


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("m.percent(0.5703)", "57.0\u00a0%"),
        ("m.percent(null)", "–"),
        ("m.percent(-0.125, 0)", "−12\u00a0%"),
        ("m.number(0)", "0"),
        ("m.number(0.0000200)", "2e−5"),
        ("m.number(0.01234)", "0.0123"),
        ("m.number(1234567)", "1,234,567"),
        ("m.number(-45.678)", "−45.7"),
        ("m.signed(0.5)", "+0.50"),
        ("m.interval({low: 0.509, high: 0.629})", "[50.9,\u00a062.9]"),
        ("m.points({difference: 0.316, low: 0.249, high: 0.379})", "+31.6 points [+24.9, +37.9]"),
        ("m.points({difference: -0.02, low: -0.1, high: 0.05})", "−2.0 points [−10.0, +5.0]"),
        ("m.points({difference: 0.3125, low: 0.1, high: 0.5})", "+31.2 points [+10.0, +50.0]"),
        ("m.duration(271)", "4:31"),
        ("m.duration(3723)", "1:02:03"),
        ("m.size(12345678)", "12 MB"),
        ("m.size(2400)", "2.4 kB"),
        ("m.probability(0.0387)", "p = 0.04"),
        ("m.probability(2.6e-12)", "p = 3e-12"),
        ("m.plural(1, 'step')", "1 step"),
        ("m.plain('raise `x`, **now**')", "raise x, now"),
        ("m.quoted('runs/sums-001:base')", "runs/sums-001:base"),
        ("m.quoted('my runs/1')", "'my runs/1'"),
        ("m.quoted('Al\\'s $1')", "'Al'\"'\"'s $1'"),
        ("m.quoted('größe')", "'größe'"),
        ("m.quoted('')", "''"),
    ],
)
def test_numbers_are_shown_as_people_read_them(reader: Reader, expression: str, shown: str) -> None:
    assert called(reader, "format", expression) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟪RLO⟫b"),
        ("\x00", "␀"),
        ("\x1b[31m", "␛[31m"),
        ("a\u200bb\ufeff", "a⟪ZWSP⟫b⟪BOM⟫"),
        ("\x85", "⟪U+0085⟫"),
        ("\u2066x\u2069", "⟪LRI⟫x⟪PDI⟫"),
        ("\U000e0041", "⟪U+E0041⟫"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("a\u200db", "a⟪ZWJ⟫b"),
        ("line\nand\ttab", "line\nand\ttab"),
        ("שלום, 日本", "שלום, 日本"),
    ],
)
def test_what_the_eye_would_not_see_has_a_mark(reader: Reader, text: str, shown: str) -> None:
    assert reader.page.evaluate("text => import('/static/text.js').then(m => m.visible(text))", text) == shown


def test_curves_and_axes(reader: Reader) -> None:
    assert (
        called(reader, "curve", "m.path([0, 1, 2], [0, 10, 5], [0, 2, 0, 10], 100, 50)")
        == "M0.0 50.0L50.0 0.0L100.0 25.0"
    )
    assert called(reader, "curve", "m.path([0, 1, 2], [0, null, 10], [0, 2, 0, 10], 100, 50)") == "M0.0 50.0M100.0 0.0"
    assert called(reader, "curve", "m.ticks(0, 100, 4)") == [0, 50, 100]
    assert called(reader, "curve", "m.ticks(0.12, 0.31, 4)") == [0.15, 0.2, 0.25, 0.3]
    assert called(reader, "curve", "m.smooth([1, 2, 6, null, 5], 3)") == [1.5, 3, 4, None, 5]


def test_tints_have_eleven_classes(reader: Reader) -> None:
    level = "m.TINTS.{}.level({})"
    assert called(reader, "tokens", level.format("logprob", "0")) == 0
    assert called(reader, "tokens", level.format("logprob", "-1.5")) == 5, "10·√(1.5 / 6)"
    assert called(reader, "tokens", level.format("logprob", "-99")) == 10
    assert called(reader, "tokens", level.format("advantage", "0")) == 5
    assert called(reader, "tokens", level.format("advantage", "-2")) == 0
    assert called(reader, "tokens", level.format("ratio", "1")) == 5
    assert called(reader, "tokens", level.format("ratio", "1.2")) == 7, "5 + 10·log 1.2 = 6.8"


def test_a_list_draws_what_can_be_seen(reader: Reader) -> None:
    assert called(reader, "virtual", "m.window_(0, 300, 30, 10000)") == [0, 18]
    assert called(reader, "virtual", "m.window_(150000, 300, 30, 10000)") == [4992, 5018]
    assert called(reader, "virtual", "m.window_(0, 300, 30, 3)") == [0, 3]


def test_where_two_answers_part(reader: Reader) -> None:
    assert called(reader, "pair", "[m.parting('abc', 'abd'), m.parting('ab', 'abc'), m.parting('a', 'a')]") == [
        2,
        2,
        None,
    ]


def test_findings_of_a_detector_stand_together_newest_first(reader: Reader) -> None:
    found = "[{step: 1, detector: 'a'}, {step: 5, detector: 'b'}, {step: 9, detector: 'a'}]"
    assert called(reader, "finding", f"m.byDetector({found}).map(all => all.map(one => one.step))") == [[9, 1], [5]]
