"""Short files, short functions."""

import textwrap
from collections.abc import Iterable
from statistics import median

from house.source import ROOT, Source, modules

FILE_LINES, FUNCTION_LINES, MEDIAN_LINES, EXAMPLE_LINES = 300, 60, 12, 60


def long_files(sources: Iterable[Source]) -> list[str]:
    """Files over the wall."""
    return [f"{source.name} has {source.lines} lines" for source in sources if source.lines > FILE_LINES]


def function_lengths(sources: Iterable[Source]) -> dict[str, int]:
    """Lines of every function, from `def` to its last line."""
    return {
        f"{source.name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for source in sources
        for node in source.functions()
    }


def long_functions(sources: Iterable[Source]) -> list[str]:
    """Functions over the wall."""
    lengths = function_lengths(sources)
    return [f"{name} has {lines} lines" for name, lines in lengths.items() if lines > FUNCTION_LINES]


def test_files_are_short() -> None:
    assert long_files(modules()) == []


def test_functions_are_short() -> None:
    assert long_functions(modules()) == []
    assert median(function_lengths(modules()).values()) <= MEDIAN_LINES


def test_examples_are_short() -> None:
    examples = sorted((ROOT / "examples").glob("[0-9]*.py"))
    assert [path.name for path in examples if len(path.read_text("utf-8").splitlines()) >= EXAMPLE_LINES] == []


def _function(lines: int) -> str:
    return "def long():\n" + textwrap.indent("pass\n" * (lines - 1), "    ")


def test_a_long_file_is_found() -> None:
    assert long_files([Source("whet.a", "x = 1\n" * 300)]) == []
    assert long_files([Source("whet.a", "x = 1\n" * 301)]) == ["whet.a has 301 lines"]


def test_a_long_function_is_found_even_inside_a_class() -> None:
    assert long_functions([Source("whet.a", _function(60))]) == []
    assert long_functions([Source("whet.a", _function(61))]) == ["whet.a:1 long has 61 lines"]
    method = "class A:\n" + textwrap.indent(_function(61), "    ")
    assert long_functions([Source("whet.a", method)]) == ["whet.a:2 long has 61 lines"]


def test_lengths_count_from_def_to_the_last_line() -> None:
    text = "def one(): return 1\n\n@property\ndef two(\n    a,\n):\n    '''Doc.'''\n    return a\n"
    assert list(function_lengths([Source("whet.a", text)]).values()) == [1, 5]
