"""JSON that any reader takes, one object per line."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from whet.errors import UserError
from whet.files import write_bytes
from whet.runs.jsonl import Tail, append, encode, read, write


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_does_not_have_is_null_at_any_depth(value: float) -> None:
    record = {"a": value, "b": [1, (value, {"c": value})], "d": 0.5}
    assert json.loads(encode(record)) == {"a": None, "b": [1, [None, {"c": None}]], "d": 0.5}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_every_digit(value: float) -> None:
    assert json.loads(encode({"x": value}))["x"] == value


@given(st.text(st.characters(codec=None)))
def test_every_text_comes_back_in_one_line(text: str) -> None:
    line = encode({"x": text})
    assert b"\n" not in line
    assert json.loads(line)["x"] == text


def test_lone_surrogates_and_line_separators_survive_a_file(tmp_path: Path) -> None:
    records = [{"text": "\udc80 half \ud83d"}, {"text": "a\u2028b\x85c\x00\x1b[31m"}]
    write(tmp_path / "x.jsonl", records)
    assert read(tmp_path / "x.jsonl") == records


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (torch.tensor(0.5), 0.5),
        (np.float32(0.25), 0.25),
        (np.int64(3), 3),
        (torch.tensor(float("nan")), None),
        (Path("a/b"), "a/b"),
    ],
)
def test_scalars_of_other_libraries_are_numbers_and_the_rest_is_text(value: Any, expected: Any) -> None:
    assert json.loads(encode({"x": value}))["x"] == expected


def test_lines_are_appended_and_an_unfinished_one_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    assert read(path) == []
    append(path, {"step": 0})
    append(path, {"step": 1})
    with path.open("ab") as file:
        file.write(b'{"step": 2, "rew')
    assert read(path) == [{"step": 0}, {"step": 1}]


def test_what_was_read_is_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tail = Tail(tmp_path / "m.jsonl")
    assert tail.read() == []
    append(tail.path, {"step": 0})
    assert tail.read() == [{"step": 0}]
    parsed: list[bytes] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda line: parsed.append(line) or loads(line))
    append(tail.path, {"step": 1})
    assert tail.read() == tail.read() == [{"step": 0}, {"step": 1}]
    assert parsed == [b'{"step": 1}']


LINES = st.lists(st.sampled_from([b'{"a": 1}\n', b'{"b": 22}\n', b"\n", b'{"c": 3}\n']), max_size=6)


@given(LINES, LINES, LINES, st.integers(0, 30))
def test_a_tail_is_what_reading_anew_gives_also_after_a_rewind(
    tmp_path_factory: pytest.TempPathFactory, kept: list[bytes], lost: list[bytes], new: list[bytes], half: int
) -> None:
    path = tmp_path_factory.mktemp("tail") / "m.jsonl"
    path.write_bytes(b"".join(kept + lost))
    tail = Tail(path)
    assert tail.read() == read(path)
    write_bytes(path, b"".join(kept))
    assert half % 2 or tail.read() == read(path)
    content = b"".join(kept + new)
    write_bytes(path, content[:half])
    assert tail.read() == read(path)
    with path.open("ab") as file:
        file.write(content[half:])
    assert tail.read() == read(path)
    with path.open("ab") as file:
        file.truncate(max(0, len(content) - half))
    assert tail.read() == read(path)
    path.unlink()
    assert tail.read() == []


@pytest.mark.parametrize("line", [b"{", b"[1]", b"NaN", b"\xff"])
def test_a_broken_line_in_the_middle_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b'\n{"a": 3}\n')
    with pytest.raises(UserError, match=r"m\.jsonl, line 2: not"):
        read(path)


def test_a_line_that_does_not_fit_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.jsonl"
    append(path, {"step": 0})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            append(path, {"step": 1})
    append(path, {"step": 2})
    assert read(path) == [{"step": 0}, {"step": 2}]


def test_secrets_are_left_out_of_every_text_and_of_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "12345678")
    monkeypatch.setenv("MY_PASSWORD", 'a "quoted" \\ one')
    secret = {"text": 'x a "quoted" \\ one x', "12345678": 0.12345678}
    records = [{**secret, "deep": [{"a": "12345678"}], "path": Path("12345678")}]
    write(tmp_path / "x.jsonl", [*records, {"step": 1}])
    append(tmp_path / "x.jsonl", records[0])
    clean = {"text": "x [redacted] x", "[redacted]": 0.12345678, "deep": [{"a": "[redacted]"}], "path": "[redacted]"}
    assert read(tmp_path / "x.jsonl") == [clean, {"step": 1}, clean]
