"""A run fails where tests are skipped that nobody allowed to be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from allowed_skips import Allowed, excess, read_allowed
from house.source import ROOT

LISTS = [ROOT / ".ci" / "allowed-skips.toml", ROOT / ".ci" / "allowed-skips-without-bubblewrap.toml"]
GPU, ROWS = Allowed("needs a GPU", 2, "no GPU"), Allowed("no rows", 1, "not committed")


@pytest.mark.parametrize(
    ("reasons", "lines"),
    [
        ([], []),
        (["Skipped: needs a GPU"] * 2 + ["no rows"], []),
        (["Skipped: needs a GPU"] * 3, ["3 tests skipped where 2 may be: needs a GPU"]),
        (["bubblewrap: not installed"] * 177, ["177 tests skipped where 0 may be: bubblewrap: not installed"]),
        (["no rows", "no rows", "x"], ["2 tests skipped where 1 may be: no rows", "1 tests skipped where 0 may be: x"]),
    ],
)
def test_every_skip_too_many_is_named(reasons: list[str], lines: list[str]) -> None:
    assert excess(reasons, [GPU, ROWS]) == lines


def test_a_row_says_why(tmp_path: Path) -> None:
    file = tmp_path / "list.toml"
    file.write_text('[[skip]]\nreason = "x"\nmost = 1\n', encoding="utf-8")
    with pytest.raises(ValueError, match="needs `reason`, `most` and `why`"):
        read_allowed(file)
    file.write_text('[[skip]]\nreason = "x"\nmost = 1\nwhy = "so"\n', encoding="utf-8")
    assert read_allowed(file) == [Allowed("x", 1, "so")]


def test_the_committed_lists_are_read() -> None:
    always, without = map(read_allowed, LISTS)
    assert all(row.most > 0 for row in always + without)
    assert not any("bubblewrap" in row.reason for row in always), "what .ci/run installs may not be missing"
    assert all("bubblewrap" in row.reason for row in without)


def test_pytest_takes_the_arguments_of_the_ci_run() -> None:
    """pytest takes the word after an option that it does not know yet for a path, and then finds no conftest.py."""
    given = re.findall(r"--allowed-skips\S+\.toml", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert [word.partition("=")[2] for word in given] == [f".ci/{file.name}" for file in LISTS]
    command = [sys.executable, "-m", "pytest", "--markers", *given]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


SOME_SKIP = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_some(number):
    if number:
        pytest.skip("needs a GPU")
"""


@pytest.mark.parametrize(("most", "status"), [(2, 0), (1, 1)])
@pytest.mark.parametrize("processes", [(), ("-n1",)], ids=["alone", "in workers"])
def test_a_run_fails_by_its_skips_alone(tmp_path: Path, most: int, status: int, processes: tuple[str, ...]) -> None:
    (tmp_path / "test_it.py").write_text(SOME_SKIP, encoding="utf-8")
    (tmp_path / "list.toml").write_text(f'[[skip]]\nreason = "GPU"\nmost = {most}\nwhy = "no"\n', encoding="utf-8")
    hooks = (ROOT / "tests" / "conftest.py").read_text("utf-8")
    (tmp_path / "conftest.py").write_text(hooks, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--allowed-skips",
        "list.toml",
        *processes,
    ]
    environment = {"PYTHONPATH": str(ROOT / "tests"), "PATH": ""}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stdout
    assert ("allowed skips: 2 tests skipped where 1 may be: GPU" in ended.stdout) is bool(status)
