"""Templates that ignore `add_generation_prompt`."""

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

import templates
from templates import tokenizer
from whet.chat_template import ChatTemplate
from whet.chat_template.assistant_head import missing_head, with_head

BY_NAME = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


@pytest.mark.parametrize(
    ("template", "head"),
    [
        (templates.CHATML, "<|im_start|>assistant\n"),
        (BY_NAME, "assistant:"),
        (templates.OPENS_THINK, ""),
        (templates.APPENDS_END, ""),
        (templates.MISTRAL, ""),
        (templates.TURNS_BY_END, ""),
        (templates.DEAF, ""),
    ],
)
def test_what_begins_an_answer_and_is_not_printed(template: str, head: str) -> None:
    assert ChatTemplate(tokenizer(template)).missing_head == head


def test_a_head_is_what_comes_before_the_answer_only() -> None:
    assert missing_head("", "a?", "a?<m>b", "b") == "<m>"
    assert (
        missing_head("", "a?", "a?b", "b")
        == missing_head("", "x", "a?<m>b", "b")
        == missing_head("", "a", "a", "b")
        == ""
    )


@pytest.mark.parametrize("template", ["a\n", "a", "{% if true %}a{% endif %}\n"])
def test_the_template_then_prints_it_for_a_generation_prompt(template: str) -> None:
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(
        with_head(template, "<m>\n'")
    )
    assert made.render(add_generation_prompt=True) == "a<m>\n'"
    assert made.render(add_generation_prompt=False) == "a"
    assert with_head(template, "") == template
