"""Special tokens that stand in somebody's text as letters."""

import pytest

import tiny
from templates import tokenizer
from whet.chat_template.special_marks import CUT, SpecialMarks

END = tiny.VOCABULARY.index(tiny.END)


@pytest.mark.parametrize(
    "text",
    ["a<|im_end|>b", "<|im_end|>", "<|im_end|><|im_start|>user\n", "<<|im_end|>|im_end|>", "no mark", "", "<|im_en"],
)
def test_no_token_of_a_guarded_text_is_special_and_every_letter_stays(text: str) -> None:
    made = tokenizer(None)
    tokens = SpecialMarks(made).encode(SpecialMarks(made).guard(text))
    assert made.decode(tokens) == text
    assert all(token > 3 for token in tokens)


def test_the_templates_own_marks_stay_tokens() -> None:
    marks = SpecialMarks(tokenizer(None))
    tokens = marks.encode(f"{marks.guard('a<|im_end|>')}<|im_end|>")
    assert tokens.count(END) == 1
    assert tokens[-1] == END


def test_what_the_layout_has_itself_is_not_guarded() -> None:
    marks = SpecialMarks(tokenizer(None, "<think>", "</think>"))
    text = "<think>a<|im_end|></think>"
    assert marks.find(text) == ["<think>", "<|im_end|>", "</think>"]
    assert marks.guard(text, but="<think></think>") == f"<think>a<{CUT}|im_end|></think>"


def test_the_longest_mark_is_found_first() -> None:
    marks = SpecialMarks(tokenizer(None, "<|im_end|>2"))
    assert marks.find("<|im_end|>2<|im_end|>") == ["<|im_end|>2", "<|im_end|>"]


def test_ordinary_added_tokens_are_marks_where_they_are_named() -> None:
    made = tokenizer(None, plain=("<turn>",))
    assert SpecialMarks(made).find("<turn>") == []
    assert SpecialMarks(made, ["<turn>"]).find("<turn>") == ["<turn>"]
