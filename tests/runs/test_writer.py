"""What a run leaves on disk while it goes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.protocols import Run
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.types import Group, Problem, Prompt, Reward, Rollout


def group(step: int) -> Group:
    rollouts = (Rollout((7,), (-0.1,), f"answer {step}", "stop"), Rollout((8,), (-2.0,), "3", "length"))
    return Group(Prompt(Problem("1", "1 + 1?", "2"), (), ()), rollouts, (Reward(1.0), Reward(0.0)))


def do_steps(run: RunWriter, until: int, **extra: float) -> None:
    loop: Run = run
    for step in loop.steps(until):
        loop.record(step, [group(step)], [[1.0, -1.0]], {"reward": step / 3, **extra})
        run.record_timings("grpo", step, {"seconds": 0.5})
        run.record_finding({"step": step, "detector": "truncated", "figure": step / 7})


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with RunWriter.create(tmp_path / "runs", "seed: 0\n", {"seed": 0, "data": {"sha256": "ab"}}, "quick") as run:
        yield run


def contents(path: Path, but: tuple[str, ...] = ("timings.jsonl", "manifest.json", "owner.json")) -> dict[str, bytes]:
    files = (file for file in path.rglob("*") if file.is_file() and file.name not in but)
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def test_a_new_run_knows_its_recipe_and_what_it_was_made_with(run: RunWriter) -> None:
    assert run.path.name == "quick-001"
    assert (run.path / "recipe.yaml").read_text() == "seed: 0\n"
    manifest = json.loads((run.path / "manifest.json").read_text())
    assert manifest["seed"] == 0
    assert manifest["data"] == {"sha256": "ab"}
    assert manifest["name"] == "quick-001"
    assert manifest["format"] == 1
    assert {"python", "torch", "whet"} <= set(manifest["versions"])


def test_steps_are_recorded_with_every_digit(run: RunWriter) -> None:
    do_steps(run, 3, loss=float("nan"))
    lines = (run.path / "metrics.jsonl").read_text().splitlines()
    assert lines[1] == '{"phase": "grpo", "step": 1, "reward": 0.3333333333333333, "loss": null}'
    assert len(lines) == 3
    rollouts = RunReader(run.path).rollouts(2)
    assert [(r["text"], r["finish"], r["advantage"]) for r in rollouts] == [
        ("answer 2", "stop", 1.0),
        ("3", "length", -1.0),
    ]
    assert list(run.steps(5)) == [3, 4]


def test_rollouts_are_on_disk_before_the_step_counts_as_done(run: RunWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(RunWriter, "record_metrics", fail)
    with pytest.raises(OSError, match="disk full"):
        run.record(0, [group(0)], [[1.0, -1.0]], {})
    assert RunReader(run.path).rollout_steps() == [0]
    assert list(run.steps(1)) == [0]


def test_a_run_that_went_on_is_byte_for_byte_the_one_that_never_stopped(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, "r", {}, name="whole") as whole:
        whole.record_metrics("sft", 0, {"loss": 2.0})
        do_steps(whole, 6)
    with RunWriter.create(tmp_path, "r", {}, name="broken") as broken:
        broken.record_metrics("sft", 0, {"loss": 2.0})
        do_steps(broken, 4, reward=99.0)
        with (broken.path / "metrics.jsonl").open("ab") as file:
            file.write(b'{"phase": "grpo", "st')
        (broken.path / "rollouts" / ".step-000004.jsonl.x.tmp").write_text("half")
        first = (whole.path / "metrics.jsonl").read_bytes().splitlines(keepends=True)[:3]
        rest = (broken.path / "metrics.jsonl").read_bytes().splitlines(keepends=True)[3:]
        (broken.path / "metrics.jsonl").write_bytes(b"".join(first + rest))
        (broken.path / "rollouts" / "step-000003.jsonl").write_text("{}\n")
    with RunWriter.reopen(broken.path) as again:
        again.rewind(2)
        assert list(again.steps(6)) == [2, 3, 4, 5]
        do_steps(again, 6)
    assert contents(broken.path) == contents(whole.path)
    assert [line["step"] for line in RunReader(broken.path).timings()] == list(range(6))
    assert [line["step"] for line in RunReader(broken.path).findings()] == list(range(6))


def test_a_run_that_begins_anew_forgets_its_warm_start_too(run: RunWriter) -> None:
    run.record_metrics("sft", 0, {"loss": 2.0})
    do_steps(run, 2)
    run.rewind(0, 0)
    assert RunReader(run.path).metrics("sft") == RunReader(run.path).metrics() == []
    assert RunReader(run.path).rollout_steps() == []
    assert list(run.steps(2)) == [0, 1]


def test_measurements_after_the_step_are_forgotten(run: RunWriter) -> None:
    for stage in ("base", "step-000001", "step-000002", "step-000003", "final"):
        run.record_evaluation(stage, [{"id": "1"}], {"accuracy": 0.5})
    run.rewind(2)
    assert set(RunReader(run.path).evaluations()) == {"base", "step-000001", "step-000002", "final"}
    assert RunReader(run.path).records("step-000003") == {}


def test_models_of_checkpoints_that_will_be_made_again_are_forgotten(run: RunWriter) -> None:
    for step in (2, 3, 10):
        (run.path / "models" / f"step-{step}").mkdir(parents=True)
    run.rewind(3)
    assert {path.name for path in (run.path / "models").iterdir()} == {"step-2", "step-3"}


def test_a_run_in_use_is_refused(run: RunWriter) -> None:
    with pytest.raises(UserError, match="in use"):
        RunWriter.reopen(run.path)


def test_what_is_no_run_cannot_be_reopened(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a run folder"):
        RunWriter.reopen(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_name_is_taken_is_refused_and_left_alone(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, "first", {}, name="mine"):
        pass
    with pytest.raises(UserError, match=r"run\.name.*choose another name"):
        RunWriter.create(tmp_path, "second", {}, name="mine")
    assert (tmp_path / "mine" / "recipe.yaml").read_text() == "first"


def test_an_evaluation_is_a_record_per_problem_and_a_summary(run: RunWriter) -> None:
    run.record_evaluation("before", [{"problem": "1", "correct": True}], {"accuracy": 1.0, "n": 1})
    assert json.loads((run.path / "eval" / "before.json").read_text()) == {"accuracy": 1.0, "n": 1}
    assert (run.path / "eval" / "before.jsonl").read_text() == '{"problem": "1", "correct": true}\n'
    with pytest.raises(UserError):
        run.record_evaluation("../before", [], {})


def test_checks_are_kept_by_stage(run: RunWriter) -> None:
    run.record_check("", {"pass@1": 0.1})
    run.record_check("sft", {"pass@1": 0.6})
    found = {path.name: json.loads(path.read_text()) for path in run.path.glob("check*.json")}
    assert found == {"check.json": {"pass@1": 0.1}, "check-sft.json": {"pass@1": 0.6}}


def test_the_log_keeps_every_line_whatever_is_in_it(run: RunWriter) -> None:
    run.log("one")
    run.log("two \udc80 π")
    lines = (run.path / "train.log").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["one", "two \\udc80 π"]


def test_the_places_of_checkpoints_and_of_the_final_model(run: RunWriter) -> None:
    assert (run.checkpoints, run.final) == (run.path / "checkpoints", run.path / "final")


def test_close_gives_the_folder_up(run: RunWriter) -> None:
    run.close()
    run.close()
    RunWriter.reopen(run.path).close()


START = """
import sys
from pathlib import Path
from whet.errors import UserError
from whet.runs.writer import RunWriter
print("ready", flush=True)
input()
try:
    with RunWriter.create(Path(sys.argv[1]), sys.argv[2], {}, name="mine") as run:
        for step in range(200):
            run.record_metrics("sft", step, {"who": float(sys.argv[2])})
    print("done")
except UserError as refusal:
    print(refusal)
"""


def test_of_runs_that_begin_together_in_one_folder_one_goes_on(tmp_path: Path) -> None:
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    each = [[sys.executable, "-c", START, str(tmp_path), str(number)] for number in range(4)]
    processes = [subprocess.Popen(command, **pipes) for command in each]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    (winner,) = (number for number, text in enumerate(said) if text == "done")
    for text in said[:winner] + said[winner + 1 :]:
        in_use = f"mine is in use by process {processes[winner].pid} on "
        assert in_use in text or text.endswith("mine exists; choose another name")
    lines = [json.loads(line) for line in (tmp_path / "mine" / "metrics.jsonl").read_text().splitlines()]
    assert [(line["step"], line["who"]) for line in lines] == [(step, float(winner)) for step in range(200)]
    assert (tmp_path / "mine" / "recipe.yaml").read_text() == str(winner)


def test_a_name_that_was_free_and_is_taken_meanwhile_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the name and the lock another run began and ended."""
    with RunWriter.create(tmp_path, "first", {}, name="mine"):
        pass
    before = contents(tmp_path / "mine")
    monkeypatch.setattr("whet.runs.writer.new_folder", lambda *_: tmp_path / "mine")
    with pytest.raises(UserError, match=r"run\.name: .*mine exists; choose another name"):
        RunWriter.create(tmp_path, "second", {}, name="mine")
    assert contents(tmp_path / "mine") == before
    RunWriter.reopen(tmp_path / "mine").close()


def test_listeners_are_told_of_every_figure_once_it_is_on_disk(run: RunWriter) -> None:
    told: list[Any] = []

    def listener(phase: str, step: int, figures: Any) -> None:
        kept = sum(len(path.read_bytes()) for path in [*run.path.glob("*s.jsonl"), *run.path.glob("eval/*.json")])
        told.append((phase, step, dict(figures), kept))

    run.listeners.append(listener)
    run.record_metrics("sft", 0, {"loss": 2.0})
    run.record(0, [group(0)], [[1.0, -1.0]], {"reward": 0.5})
    run.record_timings("grpo", 0, {"step_time": 1.0})
    run.record_evaluation("step-000001", [], {"accuracy": 0.5})
    assert [one[:3] for one in told] == [
        ("sft", 0, {"loss": 2.0}),
        ("grpo", 0, {"reward": 0.5}),
        ("grpo", 0, {"step_time": 1.0}),
        ("eval", 1, {"accuracy": 0.5}),
    ]
    kept = [one[3] for one in told]
    assert kept == sorted(set(kept)), "each was on disk when it was told"


def test_recipe_and_log_hold_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-0001")
    with RunWriter.create(tmp_path, "name: canary-0001\n", {"note": "canary-0001"}) as run:
        run.log("401 for canary-0001")
        run.record_finding({"sentence": "canary-0001"})
    files = [path.read_bytes() for path in run.path.rglob("*") if path.is_file()]
    assert not any(b"canary" in content for content in files)
    assert (run.path / "recipe.yaml").read_text() == "name: [redacted]\n"
