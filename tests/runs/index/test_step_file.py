"""The file of a step, line by line."""

from pathlib import Path

from page_runs import lines, step_records, write_rollouts
from whet.runs.index.step_file import decoded, lines_of, read_line, sizes


def test_each_line_stands_where_it_is_said_to(tmp_path: Path) -> None:
    write_rollouts(tmp_path, 2)
    content = (tmp_path / "rollouts" / "step-000002.jsonl").read_bytes()
    found = list(lines_of(content))
    assert [line.record for line in found] == step_records(2)
    assert all(read_line(tmp_path, 2, line.start, line.size) == line.record for line in found)


def test_damaged_and_unfinished_lines_are_left_out_and_the_places_of_others_stay() -> None:
    whole = lines(step_records(0)).encode().splitlines(keepends=True)
    content = whole[0] + b'{"step": 0, "gro\n' + b"[]\n" + b"{}\n" + whole[1] + whole[2][:-1]
    found = list(lines_of(content))
    assert [line.record["sample"] for line in found] == [0, 1]
    second = found[1]
    assert decoded(content[second.start : second.start + second.size]) == step_records(0)[1]


def test_a_place_that_is_gone_is_none(tmp_path: Path) -> None:
    write_rollouts(tmp_path, 0)
    assert read_line(tmp_path, 0, 5, 20) is None
    assert read_line(tmp_path, 7, 0, 20) is None


def test_sizes_are_those_of_step_files_alone(tmp_path: Path) -> None:
    assert sizes(tmp_path) == {}
    write_rollouts(tmp_path, 0)
    write_rollouts(tmp_path, 3)
    folder = tmp_path / "rollouts"
    (folder / ".step-000004.jsonl.x.tmp").write_text("half")
    (folder / "notes.txt").write_text("mine")
    (folder / "step-000009.jsonl").symlink_to(tmp_path / "elsewhere")
    assert sizes(tmp_path) == {step: (folder / f"step-{step:06d}.jsonl").stat().st_size for step in (0, 3)}
