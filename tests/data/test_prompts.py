"""Prompt text, compared with what each kind of chat template should produce."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from whet.config import FormatConfig
from whet.data.prompts import PromptRenderer
from whet.data.question_template import check_question_template
from whet.errors import UserError
from whet.formats import ResponseFormat, build_format
from whet.types import Problem

PROBLEM = Problem("1", "What is {3} + 4?", "7")

GEMMA = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<model>{% endif %}"
)
SILENT = (
    "{% for m in messages if m['role'] != 'system' %}[{{ m['content'] }}]{% endfor %}"
    "{% if add_generation_prompt %}>{% endif %}"
)


def says(system_prompt: str) -> ResponseFormat:
    return build_format(FormatConfig(system_prompt=system_prompt))


def with_template(tokenizer: Any, template: str | None) -> Any:
    copy = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, unk_token=tokenizer.unk_token)
    copy.chat_template = template
    return copy


def rendered(tokenizer: Any, system_prompt: str, template: str = "{question}") -> str:
    prompt = PromptRenderer(tokenizer, says(system_prompt), template).render(PROBLEM)
    assert prompt.problem is PROBLEM
    return str(tokenizer.decode(list(prompt.tokens)))


def test_a_chat_template_gets_both_turns_and_is_left_open(tiny_tokenizer: Any) -> None:
    assert rendered(tiny_tokenizer, "Add.") == (
        "<|im_start|>system\nAdd.<|im_end|>\n<|im_start|>user\nWhat is {3} + 4?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_the_messages_are_what_rewards_will_see(tiny_tokenizer: Any) -> None:
    prompt = PromptRenderer(tiny_tokenizer, says("Add."), "Please: {question}").render(PROBLEM)
    assert prompt.messages == (
        {"role": "system", "content": "Add."},
        {"role": "user", "content": "Please: What is {3} + 4?"},
    )


def test_nothing_to_say_sends_no_system_turn(tiny_tokenizer: Any) -> None:
    prompt = PromptRenderer(tiny_tokenizer, says("")).render(PROBLEM)
    assert [message["role"] for message in prompt.messages] == ["user"]


@pytest.mark.parametrize(
    ("template", "text"),
    [(GEMMA, "<user>Add.\n\nWhat is {3} + 4?<model>"), (SILENT, "[Add.\n\nWhat is {3} + 4?]>")],
)
def test_a_template_without_a_system_turn_gets_it_in_the_users(tiny_tokenizer: Any, template: str, text: str) -> None:
    assert rendered(with_template(tiny_tokenizer, template), "Add.") == text


def test_a_model_without_a_template_reads_plain_text(tiny_tokenizer: Any) -> None:
    plain = with_template(tiny_tokenizer, None)
    assert rendered(plain, "Add.") == "Add.\n\nWhat is {3} + 4?\n"
    assert rendered(plain, "") == "What is {3} + 4?\n"


def test_tokens_are_those_of_the_text(tiny_tokenizer: Any) -> None:
    prompt = PromptRenderer(tiny_tokenizer, says("Add.")).render(PROBLEM)
    text = tiny_tokenizer.apply_chat_template(
        [dict(message) for message in prompt.messages], add_generation_prompt=True, tokenize=False
    )
    assert list(prompt.tokens) == tiny_tokenizer(text, add_special_tokens=False)["input_ids"]
    assert all(type(token) is int for token in prompt.tokens)


def test_a_conversation_can_go_on(tiny_tokenizer: Any) -> None:
    renderer = PromptRenderer(tiny_tokenizer, says("Add."))
    turns = (
        *renderer.messages("1 + 1?"),
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "+ 1?"},
    )
    text = tiny_tokenizer.decode(list(renderer.encode(turns)))
    assert text.endswith("assistant\n2<|im_end|>\n<|im_start|>user\n+ 1?<|im_end|>\n<|im_start|>assistant\n")


def test_a_wording_needs_a_place_for_the_question(tiny_tokenizer: Any) -> None:
    check_question_template("Q: {question}\nA:")
    with pytest.raises(UserError, match=r"data.question: is 'Q: question'; it must contain \{question\}"):
        PromptRenderer(tiny_tokenizer, says(""), "Q: question")


@pytest.mark.parametrize("template", ["{{ raise_exception('not today') }}", "{{ 1 // 0 }}", "{% broken"])
def test_a_template_that_fails_is_the_models_fault(tiny_tokenizer: Any, template: str) -> None:
    with pytest.raises(
        UserError, match=r"^model\.name: its chat template fails \(.+\); name another model$"
    ) as refusal:
        rendered(with_template(tiny_tokenizer, template), "")
    assert "\n" not in str(refusal.value)
