"""What must never be written or said: passwords and keys, told by where they stand and by how they look.

The only place that knows. Whatever a run writes and whatever an error says goes through `redact`.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from os import environ
from typing import Any

REDACTED = "[redacted]"

SHORTEST = 8
"""Letters of the shortest value in the environment that is taken for a secret."""

_SECRET_NAME = re.compile(
    r"TOKEN(?!IZ|S)|SECRET|PASSW|PASSPHRASE|CREDENTIAL|APIKEY|KEYS?(?:_|$)|_(?:PWD|AUTH|PAT)$", re.IGNORECASE
)
_NO_SECRET_NAME = re.compile(r"(?:PATH|FILE|DIR|FOLDER|HOME|SOCK|ENV|VAR)$", re.IGNORECASE)
"""Names that only say where the secret is."""

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
"""How secrets of well-known kinds look: a text that has none of the marks is not searched, ten times faster."""


def redact(text: str) -> str:
    """`text` with `[redacted]` in place of every secret in it: values of the environment, and what looks like a key.

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
    """The same for every text in a tree of mappings and lists, keys included; the tree itself where there is no secret
    in it. Numbers stay as they are: no digits of a figure are taken for a secret."""
    texts: list[str] = []
    _each(value, texts.append)
    whole = "\n".join(texts)  # one look at them all costs a tenth of a look at each
    return value if redact(whole) == whole else _each(value, redact)


def _each(value: Any, change: Callable[[str], Any]) -> Any:
    """A tree with `change` done to every text in it, also to that of an object which is written as its text."""
    if isinstance(value, Mapping):
        return {_each(key, change): _each(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        # token ids and log-probabilities are most of what is written
        plain = _NUMBERS.issuperset(map(type, value))
        return list(value) if plain else [_each(inner, change) for inner in value]
    return value if _is_number(value) else change(str(value))


_NUMBERS = frozenset({int, float})


def _is_number(value: Any) -> bool:
    """Also nothing, a truth value, and the scalars of numpy and torch."""
    return value is None or isinstance(value, int | float) or hasattr(value, "item")


def known_secrets() -> list[str]:
    """The values of the environment's variables whose names say that they are secret, the longest first."""
    found = {environ.get(name, "").strip() for name in environ if names_a_secret(name)}
    return sorted((value for value in found if len(value) >= SHORTEST), key=len, reverse=True)


@lru_cache(maxsize=256)
def _spellings(value: str) -> tuple[str, ...]:
    """As it is, as Python shows it, alone and within a longer text, and each of these as JSON has it."""
    shown = (value, repr(value)[1:-1], repr(value + "\"'")[1:-4])
    in_json = (json.dumps(text, ensure_ascii=plain)[1:-1] for text in shown for plain in (False, True))
    return tuple(dict.fromkeys((*shown, *in_json)))


@lru_cache(maxsize=1024)
def names_a_secret(name: str) -> bool:
    """Whether what is called `name` is a secret, and not only where to find one.

    >>> [names_a_secret(name) for name in ("HF_TOKEN", "api_key", "key_env", "TOKENIZERS_PARALLELISM", "max_tokens")]
    [True, True, False, False, False]
    """
    return bool(_SECRET_NAME.search(name)) and not _NO_SECRET_NAME.search(name)


def may_be_secret(name: str, value: str) -> bool:
    """Whether `value`, which stands under `name`, is or may be a secret: by its looks, or by its name and its looks.

    >>> may_be_secret("stop_token", "</s>"), may_be_secret("api_key", "0123456789abcdef0123")
    (False, True)
    """
    return redact(value) != value or (names_a_secret(name) and bool(_ONE_WORD.fullmatch(value)))
