"""How long a run took, by its log."""

from pathlib import Path

from whet.runs.log_times import logged_seconds


def log(path: Path, *lines: tuple[str, str]) -> Path:
    path.write_text("".join(f"2026-11-27T{at}+00:00 {text}\n" for at, text in lines))
    return path


def test_pauses_between_processes_do_not_count(tmp_path: Path) -> None:
    path = log(
        tmp_path / "l",
        ("10:00:00", "[Load]"),
        ("10:00:30", "interrupted; `whet resume x` goes on"),
        ("12:00:00", "[GRPO]"),  # an hour and a half later
        ("12:00:20", "[GRPO 1/4]"),  # killed
        ("13:00:00", "[Load]"),
        ("13:00:05", "finished"),
    )
    assert logged_seconds(path) == 30 + 20 + 5


def test_lines_without_a_time_are_passed_over(tmp_path: Path) -> None:
    path = log(tmp_path / "l", ("10:00:00", "[Load]"), ("10:00:10", "failed:\nTraceback\n  File x"))
    assert logged_seconds(path) == 10


def test_a_log_of_one_line_says_nothing(tmp_path: Path) -> None:
    assert logged_seconds(log(tmp_path / "l", ("10:00:00", "[Load]"))) is None
    assert logged_seconds(tmp_path / "none") is None
