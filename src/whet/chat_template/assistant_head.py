"""The head of an assistant's turn, for chat templates that ignore `add_generation_prompt`."""


def missing_head(template: str, asked: str, answered: str, answer: str) -> str:
    r"""Returns what stands before an answer that the template does not print for a question alone; empty for nothing.

    `asked` is a question as it is rendered, `answered` the same question with `answer`. A template that reads
    `add_generation_prompt` has its own way of beginning a response.

    >>> missing_head("", "<user>1 + 1?<end>\n", "<user>1 + 1?<end>\n<model>2<end>\n", "2<")
    '<model>'
    """
    before, found, _ = answered.rpartition(answer)
    if "add_generation_prompt" in template or not found or not before.startswith(asked):
        return ""
    head = before.removeprefix(asked)
    return head.rstrip(" ") if head.strip() else ""


def with_head(template: str, head: str) -> str:
    """Returns the template, printing `head` where a caller asks for a generation prompt.

    >>> with_head("{{ a }}", "<model>")
    "{{ a }}{% if add_generation_prompt %}{{ '<model>' }}{% endif %}"
    """
    asked = f"{{% if add_generation_prompt %}}{{{{ {head!r} }}}}{{% endif %}}"
    return template.removesuffix("\n") + asked if head else template  # Jinja drops a last line break
