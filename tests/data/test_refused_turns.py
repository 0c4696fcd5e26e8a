"""Conversations that a chat template refuses."""

import logging
from dataclasses import replace

import pytest

import templates
from templates import tokenizer
from whet.data.prompts import PromptRenderer
from whet.data.refused_turns import without_refused
from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.types import Problem

ALTERNATES = (
    "{% for m in messages if m['role'] != 'system' %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}"
) + templates.CHATML
TALK = Problem("a", "Why?", "7", turns=({"role": "user", "content": "3?"}, {"role": "assistant", "content": "3"}))
TWICE = replace(TALK, id="b", row=5, turns=({"role": "user", "content": "3?"},))


def renderer(template: str) -> PromptRenderer:
    return PromptRenderer(tokenizer(template), BUILT_IN["think_answer"])


def test_what_the_template_renders_is_left_as_it_is() -> None:
    problems = [TALK, TWICE]
    assert without_refused(problems, renderer(templates.CHATML), "data.train") is problems


def test_a_few_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    problems = [replace(TALK, id=str(n)) for n in range(120)] + [TWICE]
    with caplog.at_level(logging.WARNING, "whet.data"):
        kept = without_refused(problems, renderer(ALTERNATES), "data.train")
    assert list(kept) == problems[:-1]
    assert caplog.messages == [
        "data.train: left out: 1 of 121 conversations are refused: row 5 its chat template fails (roles must alternate)"
    ]


def test_many_are_a_mistake() -> None:
    with pytest.raises(UserError, match=r"^data\.train: 1 of 2 conversations are refused: row 5 .*; mend their turns"):
        without_refused([TALK, TWICE], renderer(ALTERNATES), "data.train")
