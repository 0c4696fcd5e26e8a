"""The process that builds an index."""

from pathlib import Path

import pytest

from page_runs import page_run
from whet.dashboard import build_index
from whet.dashboard.open_run import open_run


def test_everything_is_indexed_at_the_lowest_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, nice = page_run(tmp_path / "r"), []
    monkeypatch.setattr(build_index.os, "nice", nice.append)
    monkeypatch.setattr(build_index.sys, "argv", ["build_index", str(folder)])
    with pytest.raises(SystemExit) as end:
        build_index.main()
    assert (end.value.code, nice) == (0, [19])
    assert open_run(folder).index.refresh()["steps"] == 4


def test_where_it_cannot_be_written_it_fails(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (folder / ".cache").write_text("")
    assert not build_index.build(folder)
