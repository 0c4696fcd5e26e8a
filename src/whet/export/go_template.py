"""Turns a model's chat template into a Go template for Ollama, by rendering conversations of known words.

Ollama joins all system turns into `.System`, merges turns of one role that follow each other, and gives the rest as
`.Messages`; so a conversation alternates, and what stands between two turns depends on their roles alone.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from whet.chat_template import ChatTemplate
from whet.errors import UserError
from whet.types import Message

SYSTEM: Message = {"role": "system", "content": "Whet writes what the system says here."}
FIRST: Message = {"role": "user", "content": "Whet writes the first question here."}
ANSWER: Message = {"role": "assistant", "content": "Whet writes an answer here."}
SECOND: Message = {"role": "user", "content": "Whet writes the second question here."}
THIRD: Message = {"role": "user", "content": "Whet writes the third question here."}


@dataclass(frozen=True, slots=True)
class Turns:
    """What a chat template prints around the contents of turns."""

    bare: str
    """Before the first question, without a system prompt."""
    before_system: str
    after_system: str
    """Between the system prompt and the first question."""
    after_question: str
    """Between a question and an answer that is there."""
    generation: str
    """Between the last question and the response."""
    after_answer: str
    """Between an answer and the next question."""

    def go(self) -> str:
        """Returns the Go template. Every newline in it is one of the chat template's."""
        system = f"{self.before_system}{{{{ .System }}}}{self.after_system}"
        head = f"{{{{ if .System }}}}{system}{{{{ else }}}}{self.bare}{{{{ end }}}}"
        user = f'{{{{ if eq .Role "user" }}}}{{{{ .Content }}}}{self._end_of_question()}'
        answer = f'{{{{ else if eq .Role "assistant" }}}}{{{{ .Content }}}}{self.after_answer}{{{{ end }}}}'
        return f"{head}{{{{ range $i, $_ := .Messages }}}}{user}{answer}{{{{ end }}}}"

    def _end_of_question(self) -> str:
        if self.after_question == self.generation:
            return self.generation
        last = "{{ if eq (len (slice $.Messages $i)) 1 }}"
        return f"{last}{self.generation}{{{{ else }}}}{self.after_question}{{{{ end }}}}"


def turns_of(template: ChatTemplate, start: str | None) -> Turns:
    """Returns what `template` prints around turns, without the start token `start`, which a GGUF reader adds itself.

    A template that prints no system prompt gets it before the first question, as Whet asks such a model.

    Raises `UserError` where it prints a turn otherwise in a longer conversation, so that no Go template follows it.
    """
    bare, generation = _around(template, start, [FIRST])
    before, after, end = bare, "\n\n", generation
    if template.keeps_system(SYSTEM["content"]):
        before, after, end = _around(template, start, [SYSTEM, FIRST])
    first, *between, last = _around(template, start, [FIRST, ANSWER, SECOND, ANSWER, THIRD])
    after_question, after_answer = between[:2]
    if (first, last, end) != (bare, generation, generation) or between[2:] != between[:2]:
        what = "prints turns by their place"
        raise UserError(f"--kind: ollama cannot follow this chat template, which {what}; export --kind gguf")
    found = Turns(bare, before, after, after_question, generation, after_answer)
    if any(mark in part for part in astuple(found) for mark in ("{{", "}}", '"""')):
        what = 'prints {{, }} or """'
        raise UserError(f"--kind: ollama cannot hold this chat template, which {what}; export --kind gguf")
    return found


def _around(template: ChatTemplate, start: str | None, messages: Sequence[Message]) -> tuple[str, ...]:
    """What is printed before, between and after the contents of `messages`, one text more than there are messages."""
    rest = template.text(messages)
    if start:
        rest = rest.removeprefix(start)
    found = []
    for message in messages:
        before, there, rest = rest.partition(message["content"])
        if not there:
            what = f"does not print a turn of the {message['role']}"
            raise UserError(f"--kind: ollama cannot follow this chat template, which {what}; export --kind gguf")
        found.append(before)
    return (*found, rest)
