"""What must never be written or said: passwords and keys, told by where they stand and by how they look.

The only place that knows. Whatever a run writes and whatever an error says goes through `redact`.
"""

import json
import re
from collections.abc import Iterator, Mapping
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

_USUAL: tuple[tuple[str, str], ...] = (
    ("hf_", r"\bhf_[A-Za-z0-9]{16,}"),
    ("sk-", r"\bsk-(?=[\w-]*\d)[\w-]{16,}"),
    ("wandb_v1_", r"\bwandb_v1_\w{16,}"),
    *((f"gh{kind}_", rf"\bgh{kind}_[A-Za-z0-9]{{20,}}") for kind in "pousr"),
    ("github_pat_", r"\bgithub_pat_\w{20,}"),
    ("glpat-", r"\bglpat-[\w-]{16,}"),
    ("AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
    ("ASIA", r"\bASIA[A-Z0-9]{16}\b"),
    ("AIza", r"\bAIza[\w-]{30,}"),
    ("xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("eyJ", r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),  # a JSON web token (RFC 7519)
    ("earer ", r"(?<=[Bb]earer )(?=\S*\d)[\w.~+/=-]{8,}"),
    ("Basic ", r"(?<=Basic )[A-Za-z0-9+/]{8,}={1,2}"),
    ("://", r"(?<=://)[^\s/@?#\"'<>\\]+(?=@)"),  # user and password of an address (RFC 3986, section 3.2.1)
    *((f"{name}=", rf"(?<=[?&])\w*{name}=[^\s&#\"'<>\\]{{6,}}") for name in ("key", "token", "secret", "password")),
    ("PRIVATE KEY-----", r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*PRIVATE KEY-----|.*)"),
)
"""How secrets of well-known kinds look, and a part of each that is quickly looked for."""

_PATTERNS = tuple((mark, re.compile(pattern)) for mark, pattern in _USUAL)


def redact(text: str) -> str:
    """`text` with `[redacted]` in place of every secret in it: values of the environment, and what looks like a key.

    >>> redact("GET https://me:hunter22@example.org/v1 failed"), redact("What is 3 + 4?")
    ('GET https://[redacted]@example.org/v1 failed', 'What is 3 + 4?')
    """
    for value in known_secrets():
        for spelling in _spellings(value):
            text = text.replace(spelling, REDACTED)
    for mark, pattern in _PATTERNS:
        if mark in text:
            text = pattern.sub(REDACTED, text)
    return text


def redacted(value: Any) -> Any:
    """The same for every text in a tree of mappings and lists, keys included; the tree itself where there is no secret
    in it. Numbers stay as they are: no digits of a figure are taken for a secret."""
    whole = "\n".join(_texts(value))  # one look at them all costs a tenth of a look at each
    return value if redact(whole) == whole else _redacted(value)


def _redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_redacted(key): _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value if _is_number(value) else redact(str(value))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a tree, also that of an object which is written as its text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        if not _NUMBERS.issuperset(map(type, value)):  # token ids and log-probabilities are most of what is written
            for inner in value:
                yield from _texts(inner)
    elif not _is_number(value):
        yield str(value)


_NUMBERS = frozenset({int, float})


def _is_number(value: Any) -> bool:
    """Also nothing, a truth value, and the scalars of numpy and torch."""
    return value is None or isinstance(value, int | float) or hasattr(value, "item")


def known_secrets() -> list[str]:
    """The values of the environment's variables whose names say that they are secret, the longest first."""
    found = {environ.get(name, "").strip() for name in _secret_names("\n".join(environ))}
    return sorted((value for value in found if len(value) >= SHORTEST), key=len, reverse=True)


@lru_cache(maxsize=8)
def _secret_names(names: str) -> tuple[str, ...]:
    return tuple(filter(names_a_secret, names.splitlines()))


@lru_cache(maxsize=256)
def _spellings(value: str) -> tuple[str, ...]:
    """As it is, as Python shows it, alone and within a longer text, and each of these as JSON has it."""
    shown = (value, repr(value)[1:-1], repr(value + "\"'")[1:-4])
    in_json = (json.dumps(text, ensure_ascii=plain)[1:-1] for text in shown for plain in (False, True))
    return tuple(dict.fromkeys((*shown, *in_json)))


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
