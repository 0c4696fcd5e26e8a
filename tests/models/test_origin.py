"""Where a converted model came from."""

from pathlib import Path

import pytest

from whet.models.origin import NAME, read_origin, write_origin


def test_what_was_noted_is_read_back(tmp_path: Path) -> None:
    write_origin(tmp_path, "a wheel, π")
    assert read_origin(tmp_path, "x") == "a wheel, π"


@pytest.mark.parametrize("text", [None, "{", "[]", "{}", "3"])
def test_without_a_note_the_name_stands(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / NAME).write_text(text)
    assert read_origin(tmp_path, "./mine") == "./mine"


def test_a_snapshot_from_the_hub_tells_its_revision(tmp_path: Path) -> None:
    folder = tmp_path / "models--somebody--tiny" / "snapshots" / "abc123"
    assert read_origin(folder, "somebody/tiny") == "somebody/tiny at revision abc123"
