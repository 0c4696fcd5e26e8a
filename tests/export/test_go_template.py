"""Chat templates as Go templates: a small reader of Go's language renders them beside transformers."""

import re
from typing import Any

import jinja2
import pytest

import templates
import tiny
from export.models_to_export import sentencepiece
from whet.chat_template import ChatTemplate
from whet.errors import UserError
from whet.export.go_template import turns_of

ONE = [{"role": "user", "content": "What is 37 + 45?"}]
SYSTEM = {"role": "system", "content": "Think first.\nThen answer."}
LONG = [*ONE, {"role": "assistant", "content": "82"}, {"role": "user", "content": " And 1 + 1? "}]

GO_TO_JINJA = (
    (r"\{\{ if \.System \}\}", "{% if system %}"),
    (r"\{\{ \.System \}\}", "{{ system }}"),
    (r"\{\{ range \$i, \$_ := \.Messages \}\}", "{% for m in messages %}"),
    (r'\{\{ if eq \.Role "user" \}\}', "{% if m.role == 'user' %}"),
    (r'\{\{ else if eq \.Role "assistant" \}\}', "{% elif m.role == 'assistant' %}"),
    (r"\{\{ if eq \(len \(slice \$\.Messages \$i\)\) 1 \}\}", "{% if loop.last %}"),
    (r"\{\{ \.Content \}\}", "{{ m.content }}"),
    (r"\{\{ else \}\}", "{% else %}"),
)


def as_ollama(go: str, messages: list[dict[str, str]]) -> str:
    """Renders a Go template as Ollama does: system turns joined, also kept among the messages."""
    opened: list[str] = []

    def end(match: re.Match[str]) -> str:
        return "{% endfor %}" if opened.pop() == "range" else "{% endif %}"

    parts = []
    for piece in re.split(r"(\{\{.*?\}\})", go):
        if re.match(r"\{\{ (range|if) ", piece):
            opened.append(piece.split()[1])
        text = re.sub(r"\{\{ end \}\}", end, piece)
        for pattern, jinja in GO_TO_JINJA:
            text = re.sub(pattern, jinja, text)
        parts.append(text)
    system = "\n\n".join(turn["content"] for turn in messages if turn["role"] == "system")
    source = jinja2.Environment(keep_trailing_newline=True).from_string("".join(parts))
    return source.render(system=system, messages=messages)


def tokenizer(template: str, end: str = "<|im_end|>") -> Any:
    return templates.tokenizer(template, end)


LLAMA_3 = (
    "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)


@pytest.mark.parametrize("system", [True, False])
@pytest.mark.parametrize("turns", [ONE, LONG], ids=["one", "long"])
@pytest.mark.parametrize("name", ["chatml", "llama3", "gemma"])
def test_it_prints_what_the_chat_template_prints(name: str, turns: list[dict[str, str]], system: bool) -> None:
    made = {
        "chatml": lambda: tokenizer(tiny.CHAT_TEMPLATE),
        "llama3": lambda: tokenizer(LLAMA_3, "<|eot_id|>"),
        "gemma": sentencepiece,
    }[name]()
    messages = [SYSTEM, *turns] if system else turns
    if name == "gemma":  # its template trims
        messages = [{**turn, "content": turn["content"].strip()} for turn in messages]
    wanted = made.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    start = "" if name == "chatml" else made.bos_token  # SmolLM2's start token begins every turn
    go = turns_of(ChatTemplate(made), start).go()
    assert as_ollama(go, messages) == wanted.removeprefix(start)


def test_chatml_reads_as_a_person_would_write_it() -> None:
    go = turns_of(ChatTemplate(tokenizer(tiny.CHAT_TEMPLATE)), None).go()
    assert go == (
        "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n<|im_start|>user\n"
        "{{ else }}<|im_start|>user\n{{ end }}"
        '{{ range $i, $_ := .Messages }}{{ if eq .Role "user" }}{{ .Content }}<|im_end|>\n<|im_start|>assistant\n'
        '{{ else if eq .Role "assistant" }}{{ .Content }}<|im_end|>\n<|im_start|>user\n{{ end }}{{ end }}'
    )


def test_what_only_opens_the_response_stands_after_the_last_question_alone() -> None:
    made = tokenizer(templates.OPENS_THINK)
    wanted = made.apply_chat_template(LONG, tokenize=False, add_generation_prompt=True)
    assert wanted.count("<think>") == 1
    assert as_ollama(turns_of(ChatTemplate(made), None).go(), LONG) == wanted


def test_a_template_without_system_turns_gets_it_before_the_question() -> None:
    turns = "{% for m in messages if m.role != 'system' %}[{{ m.content }}]{% endfor %}"
    plain = tokenizer(turns + "{% if add_generation_prompt %}>{% endif %}")
    wanted = "[Think first.\nThen answer.\n\nWhat is 37 + 45?]>"
    assert as_ollama(turns_of(ChatTemplate(plain), None).go(), [SYSTEM, *ONE]) == wanted


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}{{ loop.index }}{{ m.content }}{% endfor %}", "prints turns by their place"),
        ("{{ messages[-1].content }}>", "does not print a turn of the user"),
        ("{% for m in messages %}{{ '{{' }}{{ m.content }}{% endfor %}", "prints {{"),
    ],
)
def test_what_go_cannot_follow_is_refused(template: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        turns_of(ChatTemplate(tokenizer(template)), None)
