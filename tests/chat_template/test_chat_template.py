"""What each family's template makes of a conversation, and what ends its turns."""

from datetime import date
from typing import Any

import pytest
from tokenizers.processors import TemplateProcessing

import templates
import tiny
from templates import tokenizer
from whet.chat_template import ChatTemplate
from whet.errors import UserError
from whet.types import Message

ANSWERED: tuple[Message, ...] = ({"role": "assistant", "content": "<think>Yes?</think>Yes."},)
ASKED: tuple[Message, ...] = ({"role": "user", "content": "3 + 4?"},)
DAY = date(2024, 7, 6)


def read(made: Any, **options: Any) -> str:
    return str(made.decode(ChatTemplate(made, **options).tokens(ASKED)))


@pytest.mark.parametrize(
    ("template", "special", "text"),
    [
        (templates.OPENS_THINK, (), "<|im_start|>user\n3 + 4?<|im_end|>\n<|im_start|>assistant\n<think>\n"),
        (templates.PARTS, (), "user: 3 + 4?<|im_end|>\nassistant:"),
        (templates.GEMMA, ("<end_of_turn>",), "<start_of_turn>user\n3 + 4?<end_of_turn>\n<start_of_turn>model\n"),
        (templates.PHI, ("<|end|>",), "<|user|>\n3 + 4?<|end|>\n<|assistant|>\n"),
        (templates.MISTRAL, (), "<|im_start|>[INST] 3 + 4? [/INST]"),
        (templates.APPENDS_END, (), "user: 3 + 4?\nassistant: "),
        (templates.TURNS_BY_END, (), "3 + 4?<|im_end|>"),
        (templates.CHATML, (), "<|im_start|>user\n3 + 4?<|im_end|>\n<|im_start|>assistant\n"),
    ],
)
def test_the_model_reads_the_question_up_to_where_it_answers(template: str, special: tuple[str], text: str) -> None:
    assert read(tokenizer(template, *special)) == text


@pytest.mark.parametrize(
    ("template", "special", "end"),
    [
        (templates.OPENS_THINK, (), tiny.END),
        (templates.PARTS, (), tiny.END),
        (templates.GEMMA, ("<end_of_turn>",), "<end_of_turn>"),
        (templates.PHI, ("<|end|>",), "<|end|>"),
        (templates.LLAMA3, ("<|start|>", "<|eot_id|>"), "<|eot_id|>"),
        (templates.MISTRAL, (), tiny.END),
        (templates.STRIPS_THOUGHTS, (), tiny.END),
        (templates.APPENDS_END, (), tiny.END),
        ("{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}\n{% endfor %}", (), None),
        ("{{ messages[0]['content'] }}>", (), None),
        (None, (), None),
    ],
)
def test_the_token_that_ends_a_turn(template: str | None, special: tuple[str], end: str | None) -> None:
    made = tokenizer(template, *special)
    found = ChatTemplate(made).turn_end
    assert found == (None if end is None else made.convert_tokens_to_ids(end))


def test_an_end_that_is_an_ordinary_added_token_counts_and_one_that_is_no_token_does_not() -> None:
    made = tokenizer(templates.GEMMA, plain=("<end_of_turn>",))
    assert ChatTemplate(made).turn_end == made.convert_tokens_to_ids("<end_of_turn>")
    assert ChatTemplate(tokenizer(templates.GEMMA)).turn_end is None


def test_a_prompt_is_rendered_in_a_handful_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks for its own head to find its head renders until Python's stack is full."""
    made, calls = tokenizer(templates.CHATML), list[bool]()
    real = made.apply_chat_template

    def counted(turns: Any, **options: Any) -> Any:
        calls.append(options["add_generation_prompt"])
        return real(turns, **options)

    monkeypatch.setattr(made, "apply_chat_template", counted)
    chat = ChatTemplate(made)
    chat.tokens(ASKED)
    assert len(calls) < 10
    calls.clear()
    assert chat.text(ASKED)
    assert calls == [True], "what a template does is found once"


def test_a_template_that_prints_no_question_is_refused() -> None:
    with pytest.raises(UserError, match=r"^model\.name: its chat template does not print what the user says; name an"):
        read(tokenizer(templates.DEAF))


@pytest.mark.parametrize("template", ["{{ messages[-1]['content'] }}>", templates.STRIPS_THOUGHTS.replace("==", "!=")])
def test_a_conversation_that_is_not_printed_in_full_is_refused(template: str) -> None:
    """What the user said first, and what stands before `</think>`, would be left out without a word."""
    turns: tuple[Message, ...] = ({"role": "user", "content": "Is </think> a tag?"}, *ANSWERED, *ASKED)
    with pytest.raises(
        UserError, match=r"does not print all that the user's turn says \('Is </think> a tag\?'\); name"
    ):
        ChatTemplate(tokenizer(template)).tokens(turns)


def test_the_date_is_the_one_that_is_given() -> None:
    assert read(tokenizer(templates.DATED), day=DAY).startswith("Today is 06 Jul 2024\n<|im_start|>user")
    made = tokenizer(templates.LLAMA3, "<|start|>", "<|eot_id|>")
    assert read(made, day=DAY).startswith("<|im_start|><|start|>user (06 Jul 2024)\n3 + 4?<|eot_id|>")
    assert "(1 May 1999)" in read(made, day=DAY, settings={"date_string": "1 May 1999"})
    assert ChatTemplate(made).prints_date
    assert not ChatTemplate(tokenizer(templates.PHI)).prints_date
    assert ChatTemplate(made).day == date.today()


def test_settings_reach_the_template_and_unknown_ones_are_named() -> None:
    made = tokenizer(templates.THINKING_OFF)
    assert read(made).endswith("assistant\n<think>\n\n</think>\n\n")
    assert read(made, settings={"enable_thinking": True}).endswith("assistant\n<think>\n")
    assert ChatTemplate(made, {"enable_thinking": True, "thinking": True}).unread_settings == ["thinking"]


def test_the_start_token_stands_once() -> None:
    """Template and tokenizer both write one; so does a template that prints it twice."""
    made = tokenizer(templates.MISTRAL)
    start = [(tiny.START, made.bos_token_id)]
    made.backend_tokenizer.post_processor = TemplateProcessing(single=f"{tiny.START} $A", special_tokens=start)
    assert ChatTemplate(made).tokens(ASKED).count(made.bos_token_id) == 1
    made.chat_template = "{{ bos_token }}" + templates.MISTRAL
    assert ChatTemplate(made).tokens(ASKED).count(made.bos_token_id) == 1
    made.chat_template = None
    assert made.decode(ChatTemplate(made).tokens(ASKED)) == "<|im_start|>3 + 4?\n"


def test_a_tokenizer_that_appends_an_end_to_plain_text_does_not_end_the_prompt() -> None:
    made = tokenizer(None)
    marks = [(tiny.START, made.bos_token_id), (tiny.END, made.eos_token_id)]
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{tiny.START} $A {tiny.END}", special_tokens=marks
    )
    assert made.decode(ChatTemplate(made).tokens(ASKED)) == "<|im_start|>3 + 4?\n"


def test_several_templates_by_name() -> None:
    made = tokenizer({"default": templates.PHI, "tool_use": "{{ 1 // 0 }}"}, "<|end|>")  # type: ignore[arg-type]
    assert read(made) == "<|user|>\n3 + 4?<|end|>\n<|assistant|>\n"


def test_several_templates_without_a_default_are_refused_rather_than_left_out() -> None:
    made = tokenizer({"tool_use": templates.PHI, "rag": templates.PHI}, "<|end|>")  # type: ignore[arg-type]
    with pytest.raises(
        UserError, match="its chat templates are rag, tool_use, and none is called default; name the one"
    ):
        read(made)


def test_a_template_that_prints_parts_as_python_does_takes_no_parts() -> None:
    cut = "{% for m in messages %}{{ m['content'][:5] }}{% endfor %}"
    with pytest.raises(UserError, match="does not print what the user says"):
        read(tokenizer(cut))


@pytest.mark.parametrize(
    ("template", "kept"),
    [
        (templates.GEMMA, False),
        (templates.MISTRAL, False),
        (templates.PHI, True),
        (templates.PARTS, True),
        (templates.SYSTEM_CHANGED, False),
        (None, True),
    ],
)
def test_whether_a_system_turn_is_kept(template: str | None, kept: bool) -> None:
    assert ChatTemplate(tokenizer(template)).keeps_system("Reply as <think>a</think>.") is kept


def test_marks_that_only_the_template_prints_are_marks() -> None:
    made = tokenizer(templates.GEMMA, plain=("<end_of_turn>", "<tool>"))
    assert {"<end_of_turn>", tiny.END} <= ChatTemplate(made).marks.all
    assert "<tool>" not in ChatTemplate(made).marks.all
