"""What users call a run, and which folder it is."""

from pathlib import Path

import pytest

from whet.errors import UserError
from whet.runs.address import Address, find_run, locate


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with runs/it, in which the user works."""
    make(tmp_path / "runs" / "it")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(run: Path) -> Path:
    (run / "checkpoints" / "step-7").mkdir(parents=True)
    for name in ("manifest.json", "recipe.yaml"):
        (run / name).write_text("{}")
    return run


@pytest.mark.parametrize(
    ("what", "part"),
    [
        ("it", ""),
        ("runs/it", ""),
        ("./runs/it/", ""),
        ("it:base", "base"),
        ("it:step-7", "step-7"),
        ("runs/it:step-000007", "step-000007"),
        ("runs/it/checkpoints/step-7", "step-7"),
    ],
)
def test_a_run_is_found_by_any_of_its_names(desk: Path, what: str, part: str) -> None:
    found = locate(what)
    assert found
    assert (found.path.resolve(), found.part) == (desk / "runs" / "it", part)


@pytest.mark.parametrize("what", ["another", "runs", "it/x", "owner/it", "", ".", "..", ":", "it:", "no:step-7"])
def test_other_names_are_no_runs(desk: Path, what: str) -> None:
    assert locate(what) is None


def test_a_model_on_disk_comes_before_a_run_of_its_name(desk: Path) -> None:
    (desk / "it").mkdir()
    assert find_run("it") == Path("runs/it"), "an empty folder is neither a run nor a model"
    (desk / "it" / "config.json").write_text("{}")
    assert locate("it") is None


def test_a_run_on_disk_comes_before_one_in_runs(desk: Path) -> None:
    make(desk / "it")
    assert locate("it") == Address(Path("it"))


def test_steps_are_numbers() -> None:
    assert [Address(Path(), part).step for part in ("step-7", "step-000007", "final", "")] == [7, 7, None, None]


@pytest.mark.parametrize("what", ["it:step-7", "it:base", "runs/it/checkpoints/step-7"])
def test_a_part_is_not_the_run_itself(desk: Path, what: str) -> None:
    with pytest.raises(UserError, match=r"is a part of a run; name the run itself, runs/it$"):
        find_run(what)


def test_what_is_not_found_stays_as_it_is(tmp_path: Path) -> None:
    assert find_run(tmp_path / "gone") == tmp_path / "gone"
    assert find_run("deep/it-001") == Path("deep/it-001")
    assert find_run("it-001") == Path("runs/it-001")
