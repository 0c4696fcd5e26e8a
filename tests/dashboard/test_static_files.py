"""The page's files."""

from pathlib import Path

import pytest

from whet.dashboard.static_files import StaticFiles


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    folder = tmp_path / "static"
    (folder / "vendor" / "deep").mkdir(parents=True)
    for name in ("index.html", "app.js", "vendor/plot.css", "vendor/LICENSE", "vendor/deep/far.js", "notes.py"):
        (folder / name).write_text(name)
    (tmp_path / "secret.js").write_text("secret")
    return StaticFiles(folder)


def test_files_of_known_types_are_served_one_folder_deep(files: StaticFiles) -> None:
    found = files.response("vendor/plot.css")
    assert found is not None
    assert (found.body, found.media_type) == (b"vendor/plot.css", "text/css; charset=utf-8")
    assert files.response("app.js") is not None


@pytest.mark.parametrize(
    "name",
    ["", "vendor", "vendor/LICENSE", "vendor/deep/far.js", "notes.py", "../secret.js", "./app.js", "/app.js", "APP.JS"],
)
def test_anything_else_is_not(files: StaticFiles, name: str) -> None:
    assert files.response(name) is None


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert StaticFiles(tmp_path / "none").response("index.html") is None
