"""A tokenizer as GGUF has it: tokens by id with their types, merges or scores, special tokens, chat template."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.export.pre_tokenizer import pre_tokenizer_id

SPACE = "▁"
"""How SentencePiece writes a space."""

UNREACHED = -1e6
"""The score of a token that no merge makes: worse than any merge."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokenizer of a model folder."""

    folder: Path
    tokenizer: Mapping[str, Any]
    """The content of `tokenizer.json`."""
    settings: Mapping[str, Any]
    """The content of `tokenizer_config.json`."""
    size: int
    """Rows of the embedding."""

    @classmethod
    def of(cls, folder: Path, size: int) -> "Vocabulary":
        """Reads a model folder. Raises `UserError` where its tokenizer is not byte-level or SentencePiece's BPE."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise UserError(f"--kind: gguf is written from tokenizer.json, which {folder} lacks; export --kind hf")
        found, settings = (_json(folder / name) for name in (path.name, "tokenizer_config.json"))
        if found["model"]["type"] != "BPE":
            kind = found["model"]["type"]
            raise UserError(f"--kind: gguf is written for BPE tokenizers, and this one is {kind}; export --kind hf")
        return cls(folder, found, settings, size)

    @property
    def sentencepiece(self) -> bool:
        """Whether it merges characters, with bytes as a last resort; else it merges bytes."""
        return bool(self.tokenizer["model"].get("byte_fallback"))

    def write(self, writer: Any, starts_with_bos: bool, turn_end: int | None) -> None:
        """Adds the tokenizer to a `GGUFWriter`.

        `starts_with_bos`: whether it puts the start token before a text. `turn_end`: the token that ends a turn.
        """
        texts, kinds = self.tokens()
        writer.add_tokenizer_model("llama" if self.sentencepiece else "gpt2")
        writer.add_tokenizer_pre("default" if self.sentencepiece else pre_tokenizer_id(self.tokenizer, self.settings))
        writer.add_token_list(texts)
        if self.sentencepiece:
            writer.add_token_scores(self.scores())
            writer.add_add_space_prefix(False)
        writer.add_token_types(kinds)
        self._add_special(writer, starts_with_bos, turn_end)

    def tokens(self) -> tuple[list[str], list[int]]:
        """Returns text and `gguf.TokenType` of every id below `size`; ids without a token are `[PADi]`, unused."""
        from gguf import TokenType

        texts = [f"[PAD{place}]" for place in range(self.size)]
        kinds = [int(TokenType.UNUSED)] * self.size
        for place, text, kind in self._entries():
            if place < self.size:
                texts[place], kinds[place] = text, int(kind)
        return texts, kinds

    def _entries(self) -> Iterator[tuple[int, str, int]]:
        """Yields id, text and type; of a token that was added, last, since it stands in the vocabulary too."""
        from gguf import TokenType

        unknown = self.tokenizer["model"].get("unk_token") if self.sentencepiece else None
        for text, place in self.tokenizer["model"]["vocab"].items():
            byte = self.sentencepiece and len(text) == 6 and text.startswith("<0x")
            yield place, text, TokenType.BYTE if byte else TokenType.NORMAL
        for token in self.tokenizer["added_tokens"]:
            text, place = token["content"], token["id"]
            if text == unknown:
                yield place, text, TokenType.UNKNOWN
            elif token["special"]:
                yield place, text, TokenType.CONTROL
            else:
                yield place, text.replace(SPACE, " ") if self.sentencepiece else text, TokenType.USER_DEFINED

    def scores(self) -> list[float]:
        """Returns minus the rank of the first merge that makes each token, by which SentencePiece orders merges."""
        found = [UNREACHED] * self.size
        ids = self.tokenizer["model"]["vocab"]
        for rank, pair in enumerate(self._pairs()):
            place = ids["".join(pair)]
            if place < self.size and found[place] == UNREACHED:
                found[place] = -float(rank)
        return found

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for merge in self.tokenizer["model"]["merges"]:
            left, right = merge.split(" ") if isinstance(merge, str) else merge
            yield left, right

    def _add_special(self, writer: Any, starts_with_bos: bool, turn_end: int | None) -> None:
        from gguf import SpecialVocab

        special = SpecialVocab(self.folder, load_merges=not self.sentencepiece, n_vocab=self.size)
        special.add_special_token = {"bos": starts_with_bos, "eos": False}
        if turn_end is not None and turn_end != special.special_token_ids.get("eos"):
            special.special_token_ids["eot"] = turn_end
        special.add_to_gguf(writer, quiet=True)


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is no such file."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found
