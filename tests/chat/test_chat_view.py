"""What a conversation looks like, on a terminal and in a file."""

import io
import sys

import pytest
from rich.console import Console

from whet.chat.chat_model import Reply
from whet.chat.chat_view import CONTROLS, ChatView, PlainPage, TerminalPage, make_page, typed
from whet.chat.parts import Part, Speaker, StreamChunk
from whet.formats import BUILT_IN


def screen(colour: bool = False, width: int = 80) -> Console:
    """A terminal in memory."""
    system = "truecolor" if colour else None
    return Console(file=Utf8(), force_terminal=True, width=width, color_system=system, legacy_windows=False)


class Utf8(io.StringIO):
    """Text in memory that says how it is encoded."""

    encoding = "utf-8"


class Ascii(io.StringIO):
    """The same for a file that holds nothing but ASCII."""

    encoding = "ascii"


def reply(answer: str | None = "4", speaker: Speaker = "model", finish: str = "stop") -> Reply:
    return Reply("2+2?", "2+2 is 4", answer, "…", 0.42, 18, finish, speaker)  # type: ignore[arg-type]


PIECES: list[tuple[Part, str]] = [
    ("reasoning", "\n2+2"),
    ("reasoning", " is 4"),
    ("other", "\n"),
    ("answer", "\n4\n"),
]


def show(page: ChatView, pieces: list[tuple[Part, str]], whole: Reply) -> None:
    for part, text in pieces:
        page.piece(StreamChunk(text, part, whole.speaker))
    page.reply(whole)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_reasoning_then_the_answer() -> None:
    console = screen()
    show(TerminalPage(console), PIECES, reply())
    assert shown(console) == "  2+2 is 4\n\n  ▸ 4\n  18 tokens  ·  0.4 s\n\n"


def test_parts_have_looks_of_their_own() -> None:
    console = screen(colour=True)
    show(TerminalPage(console), [("reasoning", "so"), ("answer", "4"), ("other", "Done")], reply())
    show(TerminalPage(console), [("answer", "5")], reply("5", speaker="base"))
    text = shown(console)
    assert "\x1b[2;3m  so\x1b[0m" in text  # dim, italic
    assert "\x1b[1;32m  ▸\x1b[0m\x1b[1;32m 4\x1b[0m" in text  # bold, green
    assert "\n  Done\n" in text
    assert "\x1b[33m  The untrained model\x1b[0m" in text
    assert "\x1b[1;33m  ▸\x1b[0m\x1b[1;33m 5\x1b[0m" in text  # bold, yellow


def test_an_answer_that_no_piece_told_comes_last() -> None:
    console = screen()
    show(TerminalPage(console), [("reasoning", "2+2 = 4.")], reply())
    assert shown(console).startswith("  2+2 = 4.\n\n  ▸ 4\n")


def test_an_answer_that_changed_is_told_again() -> None:
    console = screen()
    show(TerminalPage(console), [("answer", "4"), ("other", " so "), ("answer", " 4 ")], reply())
    assert shown(console).count("▸ 4") == 2
    console = screen()
    show(TerminalPage(console), [("answer", "3")], reply("4"))
    assert shown(console).startswith("  ▸ 3\n\n  ▸ 4\n")


def test_no_answer_is_no_answer() -> None:
    console = screen()
    show(TerminalPage(console), [("other", "I do not know")], reply(None, finish="length"))
    assert shown(console) == "  I do not know\n  18 tokens  ·  0.4 s  ·  truncated\n\n"


def test_a_new_turn_starts_afresh() -> None:
    console = screen()
    page = TerminalPage(console)
    show(page, PIECES, reply())
    show(page, [("reasoning", "again 4")], reply())
    assert shown(console).endswith("  again 4\n\n  ▸ 4\n  18 tokens  ·  0.4 s\n\n")


def test_a_note_ends_what_was_being_written() -> None:
    console = screen()
    page = TerminalPage(console)
    page.piece(StreamChunk("2 + 2 is", "reasoning"))
    page.note("stopped")
    assert shown(console) == "  2 + 2 is\n  stopped\n\n"


def test_the_opening_says_who_answers_and_how() -> None:
    console = screen()
    TerminalPage(console).open("quickstart-001", BUILT_IN["boxed"], 0.0, CONTROLS)
    TerminalPage(console).open("a model", None, 0.7, CONTROLS)
    text = shown(console)
    assert "quickstart-001 · boxed · greedy" in text
    assert "a model · no format · temperature 0.7" in text
    assert "/quit" in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_a_model_writes_cannot_move_the_cursor() -> None:
    console = screen()
    show(
        TerminalPage(console),
        [("reasoning", "\x1b[2J\x1b[H\x07[bold]b[/]"), ("answer", "4\x1b[1A")],
        reply("4\x1b[1A"),
    )
    assert "\x1b" not in shown(console)
    assert "\x07" not in shown(console)
    assert "[bold]b[/]" in shown(console)
    assert shown(console).count("▸") == 1


def test_plain_text_for_everything_but_a_terminal() -> None:
    file = Utf8()
    page = make_page(Console(file=file))
    page.open("a run", None, 0.0, CONTROLS)
    show(page, PIECES, reply())
    show(page, [("other", "five")], reply(None, speaker="base"))
    assert isinstance(page, PlainPage)
    assert file.getvalue() == "2+2 is 4\n\nAnswer: 4\n\nThe untrained model:\n\nfive\n\n"


def test_plain_text_tells_an_answer_once() -> None:
    file = Utf8()
    page = PlainPage(Console(file=file))
    show(page, [("reasoning", "2+2 = 4.")], reply())
    page.piece(StreamChunk("half", "reasoning"))
    page.note("stopped")
    show(page, [("answer", " 4\n")], reply())
    assert file.getvalue() == "2+2 = 4.\n\nAnswer: 4\n\nstopped\n\nAnswer: 4\n\n"


def test_plain_text_fits_any_encoding() -> None:
    file = Ascii()
    show(PlainPage(Console(file=file)), [("other", "π ✓ \x1b")], reply(None))
    assert file.getvalue() == "? + .\n\n"


def test_a_terminal_without_unicode_gets_plain_text() -> None:
    assert isinstance(make_page(screen()), TerminalPage)
    assert isinstance(make_page(Console(file=Ascii(), force_terminal=True)), PlainPage)


def test_questions_are_lines_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("2+2?\n3+3?"))
    assert list(typed("you › ")) == ["2+2?", "3+3?"]


@pytest.mark.parametrize("page_of", [TerminalPage, PlainPage])
def test_questions_that_nobody_typed_are_shown(
    monkeypatch: pytest.MonkeyPatch, page_of: type[TerminalPage] | type[PlainPage]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("2+2?\x1b\n"))
    console = screen()
    assert list(page_of(console).questions()) == ["2+2?\x1b"]
    assert "2+2?·\n" in shown(console)


def test_ctrl_c_at_the_prompt_ends_the_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    assert list(typed("you › ")) == []
