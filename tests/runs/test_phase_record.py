"""`phases.json`: phases of all processes of a run, and its peak of memory."""

from pathlib import Path

import psutil

from whet.runs.phase_record import peak_bytes, read_phases, record_phases


def test_a_resumed_run_adds_its_phases(tmp_path: Path) -> None:
    assert read_phases(tmp_path) is None
    record_phases(tmp_path, [("Load", 1.0), ("Check", 2.0)], 100)
    record_phases(tmp_path, [("Load", 3.0)], 50)
    assert read_phases(tmp_path) == {"phases": [["Load", 1.0], ["Check", 2.0], ["Load", 3.0]], "peak_bytes": 100}


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    record_phases(tmp_path / "file" / "run", [("Load", 1.0)], None)
    assert read_phases(tmp_path / "file" / "run") is None


def test_what_is_not_json_counts_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "phases.json").write_text("[")
    assert read_phases(tmp_path) is None


def test_the_peak_is_at_least_what_is_used() -> None:
    held = bytearray(50_000_000)
    peak = peak_bytes()
    assert peak is None or peak >= 50_000_000
    assert peak is None or peak < psutil.virtual_memory().total
    assert len(held) == 50_000_000
