"""llama.cpp's name of a tokenizer's pre-tokenizer, which cuts text into the words that merges stay within.

GGUF has no place for the rule itself: `tokenizer.ggml.pre` names one of those that llama.cpp has built in. A wrong name
gives other tokens without a word.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from whet.errors import UserError
from whet.models.gguf import HANDED_DOWN

_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}"
    r"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

NAMES: Mapping[tuple[str, ...], str] = {
    ("digits", "words"): "smollm",
    ("words",): "gpt-2",
    (_WORDS.format(digits=r"\p{N}"), "bytes"): "qwen2",
    (_WORDS.format(digits=r"\p{N}{1,3}"), "bytes"): "llama-bpe",
}
"""The steps of a byte-level pre-tokenizer → its name in llama.cpp.

A step is `digits` (each alone), `words` (as GPT-2 splits them, in bytes), `bytes` alone, or a regular expression.
"""


def pre_tokenizer_id(tokenizer: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Returns `tokenizer.ggml.pre` for the content of `tokenizer.json` and of `tokenizer_config.json`.

    A tokenizer that came from a GGUF file hands down the name that stood there, where its steps are not in `NAMES`.

    Raises `UserError` for one that llama.cpp is not known to have.
    """
    found = tuple(_steps(tokenizer.get("pre_tokenizer")))
    if name := NAMES.get(found) or settings.get(HANDED_DOWN):
        return str(name)
    what = " then ".join(found) or "none"
    raise UserError(
        f"--kind: gguf needs a pre-tokenizer that llama.cpp has, and this tokenizer's is {what!r}; export --kind hf"
    )


def _steps(rule: Mapping[str, Any] | None) -> Iterator[str]:
    if rule is None:
        return
    for step in rule.get("pretokenizers", [rule]):
        kind = step["type"]
        if kind == "Digits" and step["individual_digits"]:
            yield "digits"
        elif kind == "ByteLevel" and not step["add_prefix_space"]:
            yield "words" if step.get("use_regex", True) else "bytes"
        elif kind == "Split" and step["behavior"] == "Isolated" and "Regex" in step["pattern"]:
            yield str(step["pattern"]["Regex"])
        else:
            yield kind
