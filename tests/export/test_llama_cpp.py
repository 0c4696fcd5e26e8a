"""The same tokens in llama.cpp."""

from pathlib import Path

import pytest

from export.models_to_export import byte_level, qwen2, save
from whet.errors import UserError
from whet.export import llama_cpp
from whet.export.gguf_file import write_gguf
from whet.export.weight_types import TYPES
from whet.models.load import load_tokenizer

needs_llama_cpp = pytest.mark.skipif(not llama_cpp.is_installed(), reason="llama.cpp (xllamacpp) is not installed")


def test_texts_are_the_same_every_time_half_of_them_given_and_all_composed() -> None:
    texts = llama_cpp.texts_with(["cafe\u0301", *map(str, range(900))])
    assert texts == llama_cpp.texts_with(["cafe\u0301", *map(str, range(900))])
    assert len(texts) == llama_cpp.TEXTS
    assert texts[:3] == ["café", "0", "1"]
    assert texts[499] == "498"
    assert len(set(texts[500:])) > 450
    assert any("123" in text and "你" in text for text in texts[500:])
    assert len(llama_cpp.texts_with(["one"])) == llama_cpp.TEXTS


@needs_llama_cpp
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_llama_cpp_cuts_texts_as_the_tokenizer_does(family: str, tmp_path: Path) -> None:
    folder = save(tmp_path, family, byte_level(qwen2() if family == "qwen2" else None))
    write_gguf(folder, folder / "a.gguf", TYPES["f16"], "a")
    texts = ["the 123 thing<|im_end|>\n<answer>12</answer>", "==", *llama_cpp.texts_with([])[:200]]
    assert llama_cpp.same_tokens(folder / "a.gguf", load_tokenizer(str(folder)), texts) == len(texts)


@needs_llama_cpp
def test_a_wrong_name_of_the_pre_tokenizer_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save(tmp_path)
    monkeypatch.setattr("whet.export.gguf_vocabulary.pre_tokenizer_id", lambda *_: "gpt-2")
    write_gguf(folder, folder / "a.gguf", TYPES["f16"], "a")
    assert llama_cpp.same_tokens(folder / "a.gguf", load_tokenizer(str(folder)), ["a 123", "the"]) == 1


@needs_llama_cpp
def test_a_file_that_llama_cpp_does_not_load_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF and nothing more")
    with pytest.raises(UserError, match=r"llama.cpp does not load the GGUF file"):
        llama_cpp.tokens_of(tmp_path / "a.gguf", ["a"])


@needs_llama_cpp
def test_a_sentencepiece_tokenizer_is_read_the_same(tmp_path: Path) -> None:
    folder = save(tmp_path, "gemma3")
    write_gguf(folder, folder / "a.gguf", TYPES["f16"], "a")
    texts = ["the thing in a ring", "12 + 7 = 19", "<start_of_turn>ing<end_of_turn>", "naïve 😀", "a  b   c"]
    assert llama_cpp.same_tokens(folder / "a.gguf", load_tokenizer(str(folder)), texts) == len(texts)
