"""Files without a name."""

import json
import os

import pytest

from whet.sandbox.anonymous_files import json_file, text_file


@pytest.mark.parametrize(("text", "held"), [("", b""), ("ä\n", b"\xc3\xa4\n"), ("\ud800x", b"?x")])
def test_a_text_is_ready_to_be_read(text: str, held: bytes) -> None:
    with text_file(text) as file:
        assert os.read(file.fileno(), 100) == held


def test_a_value_is_read_as_it_was() -> None:
    value = {"a": ["\ud800", 1.5, None, 10**30]}
    with json_file(value) as file:
        assert json.load(file) == value
