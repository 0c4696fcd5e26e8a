"""A tokenizer in GGUF."""

from pathlib import Path
from typing import Any

import pytest
from gguf import TokenType
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from export.models_to_export import MERGES, SPECIAL, byte_level, sentencepiece
from whet.errors import UserError
from whet.export.gguf_vocabulary import UNREACHED, Vocabulary


class Recorder:
    """Plays a `GGUFWriter`: keeps what is added to it by name."""

    def __init__(self) -> None:
        self.added: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return lambda value: self.added.__setitem__(name.removeprefix("add_"), value)


def read(tokenizer: Any, folder: Path, extra: int = 2) -> tuple[Vocabulary, int]:
    tokenizer.save_pretrained(folder)
    return Vocabulary.of(folder, len(tokenizer) + extra), len(tokenizer)


def test_every_id_has_a_text_and_a_type(tmp_path: Path) -> None:
    vocabulary, size = read(byte_level(), tmp_path)
    texts, kinds = vocabulary.tokens()
    ids = byte_level().get_vocab()
    assert len(texts) == len(kinds) == size + 2
    assert all(texts[place] == text for text, place in ids.items())
    assert texts[size:] == [f"[PAD{size}]", f"[PAD{size + 1}]"]
    assert kinds[size:] == [TokenType.UNUSED] * 2
    assert [kinds[ids[text]] for text in SPECIAL] == [TokenType.CONTROL] * 3
    assert kinds[ids["<answer>"]] == TokenType.USER_DEFINED
    assert kinds[ids["Ġ"]] == kinds[ids["the"]] == TokenType.NORMAL


def test_tokens_without_an_embedding_are_left_out(tmp_path: Path) -> None:
    vocabulary, size = read(byte_level(), tmp_path, extra=-1)
    texts, _ = vocabulary.tokens()
    assert len(texts) == size - 1
    assert "<answer>" not in texts


def test_a_byte_level_tokenizer_is_written_whole(tmp_path: Path) -> None:
    vocabulary, _ = read(byte_level(), tmp_path)
    writer = Recorder()
    vocabulary.write(writer, starts_with_bos=False, turn_end=2)
    assert writer.added["tokenizer_model"] == "gpt2"
    assert writer.added["tokenizer_pre"] == "smollm"
    assert writer.added["token_merges"] == [" ".join(pair) for pair in MERGES]
    assert (writer.added["bos_token_id"], writer.added["eos_token_id"], writer.added["pad_token_id"]) == (1, 2, 2)
    assert writer.added["add_bos_token"] is False, "llama.cpp must not put a token before every text by itself"
    assert "eot_token_id" not in writer.added
    assert "im_start" in writer.added["chat_template"]
    assert "token_scores" not in writer.added


def test_what_ends_a_turn_is_named_where_it_is_not_the_end_token(tmp_path: Path) -> None:
    vocabulary, _ = read(byte_level(), tmp_path)
    writer = Recorder()
    vocabulary.write(writer, starts_with_bos=True, turn_end=0)
    assert writer.added["eot_token_id"] == 0
    assert writer.added["eos_token_id"] == 2
    assert writer.added["add_bos_token"] is True


def test_a_sentencepiece_tokenizer_has_scores_in_the_order_of_its_merges(tmp_path: Path) -> None:
    vocabulary, _ = read(sentencepiece(), tmp_path)
    _, kinds = vocabulary.tokens()
    scores = vocabulary.scores()
    ids = sentencepiece().get_vocab()
    assert [scores[ids[word]] for word in ("th", "the", "▁the", "in", "ing", "▁a")] == [0, -1, -2, -3, -4, -5]
    assert scores[ids["q"]] == UNREACHED
    assert kinds[ids["<0x0A>"]] == TokenType.BYTE
    assert kinds[ids["<unk>"]] == TokenType.UNKNOWN
    assert kinds[ids["<start_of_turn>"]] == kinds[ids["<bos>"]] == TokenType.CONTROL
    writer = Recorder()
    vocabulary.write(writer, starts_with_bos=True, turn_end=None)
    assert (writer.added["tokenizer_model"], writer.added["tokenizer_pre"]) == ("llama", "default")
    assert writer.added["add_space_prefix"] is False
    assert "token_merges" not in writer.added


def test_other_tokenizers_are_refused(tmp_path: Path) -> None:
    words = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 0}, unk_token="a")))
    with pytest.raises(UserError, match=r"written for BPE tokenizers, and this one is WordLevel"):
        read(words, tmp_path / "words")
    with pytest.raises(UserError, match=r"written from tokenizer.json, which .* lacks"):
        Vocabulary.of(tmp_path, 5)
