"""Writes Ollama's Modelfile: the prompt as the model was trained on it, its ends, and its system prompt."""

from collections.abc import Iterator

from whet.errors import UserError
from whet.export.go_template import turns_of
from whet.export.model_files import tokenizer_of
from whet.export.subject import Subject
from whet.models.dimensions import Dimensions
from whet.text import shell_quoted

GGUF, MODELFILE = "model.gguf", "Modelfile"

LONGEST_CONTEXT = 8192
"""Tokens of context that Ollama is asked to keep memory for, where the model reads more."""


def modelfile(subject: Subject) -> str:
    """Returns the text of the Modelfile beside `model.gguf`.

    Raises `UserError` for a model without a chat template, or with one that Ollama cannot follow.
    """
    template = subject.renderer.template
    if not template.source:
        raise UserError("--kind: ollama needs a model with a chat template; export --kind gguf")
    start = subject.tokenizer.bos_token if tokenizer_of(subject.folder).starts_with_bos else None
    return "\n".join(_lines(subject, turns_of(template, start).go())) + "\n"


def _lines(subject: Subject, template: str) -> Iterator[str]:
    yield f"# ollama create {shell_quoted(subject.name.lower())} -f {MODELFILE}"
    yield f"FROM ./{GGUF}"
    yield f'TEMPLATE """{template}"""'
    for end in subject.end_tokens:
        yield f'PARAMETER stop "{end}"'
    yield "PARAMETER temperature 0"  # held-out problems are answered greedily
    yield f"PARAMETER num_ctx {_context(subject)}"
    if subject.system_prompt:
        yield f"SYSTEM {_quoted(subject.system_prompt)}"


def _context(subject: Subject) -> int:
    from transformers import AutoConfig

    read = Dimensions.of(AutoConfig.from_pretrained(subject.folder, local_files_only=True)).context
    return min(read or LONGEST_CONTEXT, LONGEST_CONTEXT)


def _quoted(text: str) -> str:
    """A text in three quotes. Raises `UserError` for one that holds three itself, or ends in one."""
    if '"""' in text or text.endswith('"'):
        raise UserError('format.system_prompt: holds """ or ends with a quote, which a Modelfile cannot say; change it')
    return f'"""{text}"""'
