"""Following a run by cursor: nothing lost, nothing doubled, nothing sent when nothing is new."""

import json
import threading
from pathlib import Path

import pytest

from page_runs import lines, metrics_line, page_run, timings_line, write_evaluation
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.added import added, cursor_at_end, newest


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def append(run: OpenRun, name: str, text: str) -> None:
    with (run.path / name).open("a") as file:
        file.write(text)


def test_from_the_start_everything_comes(run: OpenRun) -> None:
    found = added(run)
    assert found["metrics"] == [metrics_line(step) for step in range(4)]
    assert found["timings"] == [timings_line(step) for step in range(4)]
    assert [one["id"] for one in found["findings"]] == ["truncated-3"]
    assert [one["stage"] for one in found["stages"]] == ["base", "final"]
    assert found["run"]["step"] == 4
    assert found["rollouts"] == 3
    assert "more" not in found


def test_nothing_new_is_a_cursor_alone(run: OpenRun) -> None:
    cursor = added(run)["cursor"]
    assert added(run, cursor) == {"cursor": cursor}
    assert cursor_at_end(run) == cursor


def test_a_line_comes_once_and_when_it_is_finished(run: OpenRun) -> None:
    cursor = cursor_at_end(run)
    line = lines([metrics_line(3) | {"step": 4}])
    append(run, "metrics.jsonl", line[:30])
    assert added(run, cursor) == {"cursor": cursor}
    append(run, "metrics.jsonl", line[30:])
    found = added(run, cursor)
    assert [one["step"] for one in found["metrics"]] == [4]
    assert (found["run"]["step"], found["rollouts"]) == (5, 4)
    assert "timings" not in found
    assert "metrics" not in added(run, found["cursor"])


def test_a_new_evaluation_and_a_change_of_state_are_news(run: OpenRun) -> None:
    cursor = cursor_at_end(run)
    write_evaluation(run.path, "step-000002", {0})
    found = added(run, cursor)
    assert [one["stage"] for one in found["stages"]] == ["base", "step-000002", "final"]
    with (run.path / "train.log").open("a") as file:
        file.write("2026-11-01T11:00:00+00:00 stopped: data.train: gone\n")
    assert added(run, found["cursor"])["run"]["why"] == "data.train: gone"


def test_a_rewound_run_is_read_afresh(run: OpenRun) -> None:
    cursor = cursor_at_end(run)
    new = run.path / "new"
    new.write_text(lines([metrics_line(step) for step in range(2)]))
    new.replace(run.path / "metrics.jsonl")
    found = added(run, cursor)
    assert found["reset"]
    assert added(run, found["cursor"]) == {"cursor": found["cursor"]}
    assert newest(run) == 1


def test_cursors_of_others_and_rubbish_start_afresh(run: OpenRun, tmp_path: Path) -> None:
    other = OpenRun(page_run(tmp_path / "other"))
    for cursor in (cursor_at_end(other), "x", "~~~~~", "a" * 500, cursor_at_end(run)[:-20], "../../etc"):
        assert added(run, cursor)["reset"], cursor


def test_a_writer_that_appends_loses_and_doubles_nothing(run: OpenRun) -> None:
    """Two files grow in half lines while a reader polls: each step comes once from each, in order."""
    count = 300
    cursor = cursor_at_end(run)

    def write() -> None:
        for step in range(4, count):
            for name, record in (
                ("metrics.jsonl", {"phase": "grpo", "step": step}),
                ("timings.jsonl", timings_line(3)),
            ):
                text = json.dumps(record | {"step": step}) + "\n"
                append(run, name, text[: step % len(text)])
                append(run, name, text[step % len(text) :])

    writer = threading.Thread(target=write)
    writer.start()
    seen: dict[str, list[int]] = {"metrics": [], "timings": []}
    while writer.is_alive() or seen["timings"][-1:] != [count - 1]:
        found = added(run, cursor)
        assert "reset" not in found
        cursor = found["cursor"]
        for key, steps in seen.items():
            steps += [one["step"] for one in found.get(key, [])]
    writer.join()
    assert seen == {"metrics": list(range(4, count)), "timings": list(range(4, count))}


def test_an_empty_run_says_so_little(tmp_path: Path) -> None:
    run = OpenRun(page_run(tmp_path / "r", steps=0))
    assert newest(run) is None
    assert "metrics" not in added(run)
