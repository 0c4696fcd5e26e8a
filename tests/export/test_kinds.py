"""The kinds of export."""

from pathlib import Path

import pytest

from export.models_to_export import save
from whet.errors import UserError
from whet.export.kinds import ADAPTER, KINDS, kind_of
from whet.export.modelfile import modelfile
from whet.export.subject import Subject
from whet.text import silent


@pytest.mark.parametrize(
    ("name", "target", "kind"),
    [
        (None, "out", "hf"),
        (None, "out.zip", "zip"),
        (None, "out.gguf", "gguf"),
        (None, "out.v2", "hf"),
        ("ollama", "out", "ollama"),
        ("hf", "out.gguf", "hf"),
    ],
)
def test_the_kind_is_the_one_asked_for_or_that_of_the_name(name: str | None, target: str, kind: str) -> None:
    assert kind_of(name, Path(target), False) is KINDS[kind]


def test_adapters_are_a_folder() -> None:
    assert kind_of(None, Path("out"), True) is kind_of("hf", Path("out"), True) is ADAPTER
    with pytest.raises(UserError, match=r"--adapter: is a folder, not --kind gguf"):
        kind_of("gguf", Path("out"), True)
    with pytest.raises(UserError, match=r"--kind: is 'ggfu'; .* did you mean gguf\?"):
        kind_of("ggfu", Path("out"), False)


def test_a_kind_has_some_types_and_one_by_default() -> None:
    assert KINDS["hf"].type_of(None) is None
    for name in ("gguf", "ollama"):
        found = KINDS[name].type_of(None)
        assert found
        assert found.name == "f16"
    with pytest.raises(UserError, match=r"--type: is q8_0; --kind hf has f32, f16, bf16"):
        KINDS["hf"].type_of("q8_0")
    with pytest.raises(UserError, match=r"adapters are written as they are"):
        ADAPTER.type_of("f16")


@pytest.mark.parametrize("name", KINDS)
def test_what_is_written_is_loaded_again(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    subject = Subject("tiny", save(tmp_path / "source"))
    path = tmp_path / f"out{kind.suffix}"
    kind.write(subject, path, kind.type_of(None), silent)
    assert kind.load(subject, path, silent).config.hidden_size == 32
    assert path.is_file() is bool(kind.suffix)
    assert sorted(item.name for item in tmp_path.iterdir()) == sorted(["source", path.name])


def test_ollamas_folder_has_the_file_and_how_to_ask_it(tmp_path: Path) -> None:
    subject = Subject("tiny", save(tmp_path / "source"))
    KINDS["ollama"].write(subject, tmp_path / "out", None, silent)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Modelfile", "model.gguf"]
    assert (tmp_path / "out" / "Modelfile").read_text() == modelfile(subject)
    assert KINDS["ollama"].gguf_file(tmp_path) == tmp_path / "model.gguf"
    assert KINDS["gguf"].gguf_file(tmp_path / "a.gguf") == tmp_path / "a.gguf"
    assert KINDS["hf"].gguf_file(tmp_path) is None
