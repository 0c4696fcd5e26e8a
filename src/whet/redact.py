"""Redacts secrets: passwords and keys, recognised by the environment variables that hold them and by their form.

The only place that does. Whatever a run writes and every error message goes through `redact`.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from os import environ
from typing import Any

REDACTED = "[redacted]"

SHORTEST = 8
"""Minimum characters of an environment variable's value that counts as a secret."""

_SECRET_NAME = re.compile(
    r"TOKEN(?!IZ|S)|SECRET|PASSW|PASSPHRASE|CREDENTIAL|APIKEY|KEYS?(?:_|$)|_(?:PWD|AUTH|PAT)$", re.IGNORECASE
)
_NO_SECRET_NAME = re.compile(r"(?:PATH|FILE|DIR|FOLDER|HOME|SOCK|ENV|VAR)$", re.IGNORECASE)
"""Names of settings that only say where a secret is."""

_ONE_WORD = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+=~-]{16,}")

_KINDS = tuple(
    (marks.split(), re.compile(pattern))
    for marks, pattern in (
        # Hugging Face, GitHub, AWS; OpenAI, W&B, GitHub, GitLab, Google, Slack; JSON web tokens (RFC 7519)
        ("hf_ ghp_ gho_ ghu_ ghs_ ghr_ AKIA ASIA", r"\b(?:hf_|gh[pousr]_|A[KS]IA)[A-Za-z0-9]{16,}"),
        ("sk-", r"\bsk-(?=[\w-]*\d)[\w-]{16,}"),
        ("wandb_v1_ github_pat_ glpat- AIza xox", r"\b(?:wandb_v1_|github_pat_|glpat-|AIza|xox[a-z]-)[\w-]{16,}"),
        ("eyJ", r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
        ("earer", r"(?<=[Bb]earer )(?=\S*\d)[\w.~+/=-]{8,}"),
        ("Basic", r"(?<=Basic )[A-Za-z0-9+/]{8,}={1,2}"),
        ("://", r"(?<=://)[^\s/@?#\"'<>\\]+(?=@)"),  # user and password of an address (RFC 3986, section 3.2.1)
        ("key= token= secret= password=", r"(?<=[?&])\w*(?:key|token|secret|password)=[^\s&#\"'<>\\]{6,}"),
        ("PRIVATE", r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*PRIVATE KEY-----|.*)"),
    )
)
"""(marks, pattern) of well-known kinds of secrets; a text with none of the marks is not searched: ten times faster."""


def redact(text: str) -> str:
    """Replaces every secret in `text` by `[redacted]`: values of the environment, and what has the form of a key.

    >>> redact("GET https://me:hunter22@example.org/v1 failed"), redact("What is 3 + 4?")
    ('GET https://[redacted]@example.org/v1 failed', 'What is 3 + 4?')
    """
    for value in known_secrets():
        for spelling in _spellings(value):
            text = text.replace(spelling, REDACTED)
    for marks, pattern in _KINDS:
        if any(mark in text for mark in marks):
            text = pattern.sub(REDACTED, text)
    return text


def redacted(value: Any) -> Any:
    """Redacts every text in a tree of mappings and lists, keys included; returns the tree itself where it has none.
    Numbers are unchanged: no digits of a figure count as a secret."""
    texts: list[str] = []
    _each(value, texts.append)
    whole = "\n".join(texts)  # one search of all texts is ten times faster than one of each
    return value if redact(whole) == whole else _each(value, redact)


def _each(value: Any, change: Callable[[str], Any]) -> Any:
    """Applies `change` to every text in a tree, and to `str` of every other object that is no number."""
    if isinstance(value, Mapping):
        return {_each(key, change): _each(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        # token ids and log-probabilities are most of what is written
        plain = _NUMBERS.issuperset(map(type, value))
        return list(value) if plain else [_each(inner, change) for inner in value]
    return value if _is_number(value) else change(str(value))


_NUMBERS = frozenset({int, float})


def _is_number(value: Any) -> bool:
    """Whether a value has no text to redact: None, a bool, a number, or a numpy or torch scalar."""
    return value is None or isinstance(value, int | float) or hasattr(value, "item")


def known_secrets() -> list[str]:
    """Returns the values of environment variables whose names mark them as secret, the longest first."""
    found = {environ.get(name, "").strip() for name in environ if names_a_secret(name)}
    return sorted((value for value in found if len(value) >= SHORTEST), key=len, reverse=True)


@lru_cache(maxsize=256)
def _spellings(value: str) -> tuple[str, ...]:
    """Returns a value's spellings in output: plain, as in Python's `repr`, and each of these escaped for JSON."""
    shown = (value, repr(value)[1:-1], repr(value + "\"'")[1:-4])
    in_json = (json.dumps(text, ensure_ascii=plain)[1:-1] for text in shown for plain in (False, True))
    return tuple(dict.fromkeys((*shown, *in_json)))


@lru_cache(maxsize=1024)
def names_a_secret(name: str) -> bool:
    """Whether a setting called `name` holds a secret, rather than the place of one.

    >>> [names_a_secret(name) for name in ("HF_TOKEN", "api_key", "key_env", "TOKENIZERS_PARALLELISM", "max_tokens")]
    [True, True, False, False, False]
    """
    return bool(_SECRET_NAME.search(name)) and not _NO_SECRET_NAME.search(name)


def may_be_secret(name: str, value: str) -> bool:
    """Whether the `value` of the setting `name` may be a secret: by its own form, or by the name and its form.

    >>> may_be_secret("stop_token", "</s>"), may_be_secret("api_key", "0123456789abcdef0123")
    (False, True)
    """
    return redact(value) != value or (names_a_secret(name) and bool(_ONE_WORD.fullmatch(value)))
