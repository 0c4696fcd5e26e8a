"""Tiny models with tokenizers such as real ones have: every byte a token, some merges, words cut as SmolLM2 does."""

from functools import cache
from pathlib import Path
from typing import Any

import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

import tiny

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = (("t", "h"), ("th", "e"), ("Ġ", "the"), ("i", "n"), ("in", "g"), ("1", "2"), ("12", "3"), ("=", "="))
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""As it stands in the tokenizer.json of Qwen2.5."""


def smollm() -> Any:
    """The pre-tokenizer in the tokenizer.json of SmolLM2."""
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words])


def qwen2(digits: str = r"\p{N}") -> Any:
    """That of Qwen2.5, or with other groups of digits."""
    split = pre_tokenizers.Split(Regex(QWEN2.replace(r"\p{N}|", rf"{digits}|", 1)), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def byte_level(pre_tokenizer: Any = None, bos: bool = False) -> Any:
    """A byte-level BPE: `SPECIAL`, every byte, what `MERGES` makes, and an added token that is not special."""
    words = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in MERGES)]
    ids = {word: place for place, word in enumerate(words)}
    made = Tokenizer(models.BPE(ids, merges=list(MERGES)))
    made.pre_tokenizer = pre_tokenizer or smollm()
    made.decoder = decoders.ByteLevel()
    if bos:
        start = [(SPECIAL[1], ids[SPECIAL[1]])]
        made.post_processor = processors.TemplateProcessing(f"{SPECIAL[1]} $A", f"{SPECIAL[1]} $A $B", start)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[2],
        unk_token=SPECIAL[0],
        chat_template=tiny.CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.add_tokens(["<answer>"])
    return tokenizer


@cache
def sentencepiece() -> Any:
    """A BPE over characters with bytes as a last resort, spaces written as `▁`, as Gemma's."""
    byte = [f"<0x{value:02X}>" for value in range(256)]
    letters = list("▁abcdefghijklmnopqrstuvwxyz0123456789+=?.")
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("i", "n"), ("in", "g"), ("▁", "a")]
    words = ["<pad>", "<eos>", "<bos>", "<unk>", *byte, *letters, *("".join(pair) for pair in merges)]
    ids = {word: place for place, word in enumerate(words)}
    made = Tokenizer(models.BPE(ids, merges=merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.post_processor = processors.TemplateProcessing("<bos> $A", "<bos> $A $B", [("<bos>", 2)])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", unk_token="<unk>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<start_of_turn>", "<end_of_turn>"]})
    tokenizer.chat_template = (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
        "{% set turns = messages[1:] %}{% else %}{% set first = '' %}{% set turns = messages %}{% endif %}"
        "{% for m in turns %}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' "
        "+ (first if loop.first else '') + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
    )
    return tokenizer


GEMMA: dict[str, Any] = {"num_hidden_layers": 6, "layer_types": None}
"""Six layers, of which the last attends to everything: Gemma 3's own pattern."""


def save(folder: Path, family: str = "llama", tokenizer: Any = None, **changes: Any) -> Path:
    """Writes a tiny model of a family with such a tokenizer; its embedding has a few rows more than tokens."""
    made = tokenizer or (sentencepiece() if family == "gemma3" else byte_level())
    settings = {
        "vocab_size": len(made) + 5,
        "bos_token_id": made.bos_token_id,
        "eos_token_id": made.eos_token_id,
        "pad_token_id": made.pad_token_id,
    }
    tiny.tiny_model(family, **{**settings, **(GEMMA if family == "gemma3" else {}), **changes}).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder
