"""GGUF → a folder that transformers loads."""

import string
from pathlib import Path
from typing import Any

import pytest
import torch
from gguf import GGUFWriter
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

import tiny
from models.tiny_gguf import write_gguf
from whet.errors import UserError
from whet.models.gguf import convert, folder_of, pre_tokenizer_name


def logits(model: Any) -> Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(60).reshape(3, 20)).logits


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny.tiny_model(vocab_size=108)


@pytest.fixture(scope="module")
def gguf(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", model)


@pytest.fixture(scope="module")
def folder(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted")
    convert(gguf, folder)
    return folder


def test_the_converted_model_computes_the_same(folder: Path, model: Any) -> None:
    back = AutoModelForCausalLM.from_pretrained(folder)
    assert {weight.dtype for weight in back.parameters()} == {torch.float32}
    torch.testing.assert_close(logits(back), logits(model), atol=1e-5, rtol=1e-5)


def test_digits_come_out_one_token_each_and_text_round_trips(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = "ab 123 + 4512 = ?\n12.5%"
    ids = tokenizer(text, add_special_tokens=False).input_ids
    tokens = tokenizer.convert_ids_to_tokens(ids)
    assert [token for token in tokens if any(c in string.digits for c in token)] == list("1234512125")
    assert "ab" in tokens
    assert tokenizer.decode(ids) == text


def test_without_that_row_digits_would_merge(model: Any, tmp_path: Path) -> None:
    convert(write_gguf(tmp_path / "other.gguf", model, pre="gpt-2"), tmp_path / "folder")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "folder")
    assert "123" in tokenizer.tokenize("ab 123")


def test_special_tokens_template_and_generation_settings_are_there(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == (
        "<|im_start|>",
        "<|im_end|>",
        "<|im_end|>",
    )
    turns = [{"role": "user", "content": "1"}]
    rendered = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert rendered == "<|im_start|>user\n1<|im_end|>\n<|im_start|>assistant\n"
    settings = AutoModelForCausalLM.from_pretrained(folder).generation_config
    assert (settings.bos_token_id, settings.eos_token_id, settings.pad_token_id) == (1, 2, 2)


def test_no_trace_of_quantisation_is_left(folder: Path) -> None:
    text = (folder / "config.json").read_text()
    assert "quantization" not in text
    assert "gguf" not in text


def test_conversion_is_silent(gguf: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    convert(gguf, tmp_path / "folder")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_a_file_converts_once_and_goes_by_its_content(
    gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    said: list[str] = []
    folder = folder_of(gguf, said.append)
    assert folder.is_relative_to(tmp_path / "cache")
    assert said == ["converting tiny.gguf once to safetensors"]
    moved = tmp_path / "elsewhere" / "tiny.gguf"
    moved.parent.mkdir()
    moved.write_bytes(gguf.read_bytes())
    assert folder_of(moved, said.append) == folder
    assert len(said) == 1


def test_the_name_of_the_pre_tokenizer_is_read(gguf: Path) -> None:
    assert pre_tokenizer_name(gguf) == "smollm"


def test_what_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"\x80\x04PICKLE")
    with pytest.raises(UserError, match="is not a GGUF file"):
        folder_of(tmp_path / "x.gguf")


def test_a_model_that_transformers_does_not_know_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    writer = GGUFWriter(tmp_path / "x.gguf", "some-new-architecture")
    writer.add_block_count(1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(UserError, match=r"cannot be converted.*safetensors"):
        folder_of(tmp_path / "x.gguf")
    assert not list((tmp_path / "cache" / "gguf").glob("x-*-v*[!k]"))


def test_a_truncated_file_is_refused(gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(gguf.read_bytes()[:20_000])
    with pytest.raises(UserError, match="cannot be converted"):
        folder_of(cut)
