"""Names of run folders."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.runs.naming import ALLOWED, check_name, new_folder, stem_of


def test_numbers_go_up_and_never_repeat(tmp_path: Path) -> None:
    assert [new_folder(tmp_path / "runs", "quick").name for _ in range(2)] == ["quick-001", "quick-002"]
    (tmp_path / "runs" / "quick-017").mkdir()
    (tmp_path / "runs" / "quick-long-099").mkdir()
    (tmp_path / "runs" / "quick-001").rmdir()
    assert new_folder(tmp_path / "runs", "quick").name == "quick-018"


def test_runs_that_start_together_get_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_folder(tmp_path, "r"), range(32)))
    assert len(set(made)) == 32


def test_a_name_that_was_asked_for_is_taken_once(tmp_path: Path) -> None:
    folder = new_folder(tmp_path, "stem", "mine")
    assert folder == tmp_path / "mine"
    (folder / "file").write_text("x")
    with pytest.raises(UserError, match=r"run\.name: .*mine exists.*choose another name"):
        new_folder(tmp_path, "stem", "mine")


@pytest.mark.parametrize("name", ["../up", "a/b", "", " ", "-x", ".hidden", "a\nb", "x" * 101, "naïve"])
def test_names_that_are_no_plain_folder_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"run\.name"):
        check_name(name)


@pytest.mark.parametrize("text", ["", "…", "../../etc", "a b.yaml", "x" * 300, "-.-", "日本.yaml"])
def test_any_text_gives_a_stem_that_is_allowed(text: str) -> None:
    assert ALLOWED.fullmatch(stem_of(text))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"run\.folder: .*cannot be written"):
        new_folder(tmp_path / "file", "stem")
