"""Prompts and targets on the screen."""

from io import StringIO

import pytest
from rich.console import Console

from whet.cli.examples_page import examples_page
from whet.stages.show_examples import ShownExample, ShownTokens

READ = ShownTokens((1, 5, 6, 7), ("<|im_start|>", "3 + 4 is what?" * 8, "<|im_end|>", "\n"))
LEARNED = ShownTokens((8, 9, 10, 2), ("so\n", "\x1b[2J", "7", "<|im_end|>"))


def page(example: ShownExample, width: int = 80) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=width, highlight=False, markup=False)
    console.print(examples_page([example], width), soft_wrap=True)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100])
def test_every_line_fits_and_no_letter_is_lost(width: int) -> None:
    lines = page(ShownExample("p1", READ, LEARNED), width)
    assert all(len(line) <= width for line in lines)
    read = "".join(line[2:] for line in lines if line.startswith("  ") and "last read:" not in line)
    assert "<|im_start|>" + "3 + 4 is what?" * 8 + "<|im_end|>$" in read


def test_what_is_learned_is_marked_in_the_margin() -> None:
    lines = page(ShownExample("p1", READ, LEARNED))
    assert "1 of 1: p1, 4 tokens read, 4 learned" in lines
    assert "| so$" in lines
    assert "| ·[2J7<|im_end|>" in lines, "control characters are shown, not sent"
    assert lines[-1] == "| last learned: '<|im_end|>':2"


def test_nothing_learned_is_said() -> None:
    lines = page(ShownExample("p1", READ, None))
    assert "1 of 1: p1, 4 tokens read, nothing learned: no worked solution" in lines
    assert not any(line.startswith("| ") and "marks what" not in line for line in lines)
