"""What a run came to, from its folder."""

from pathlib import Path

from whet.eval.evaluation import Evaluation
from whet.eval.record import Record
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.stages.run_result import evaluations_of, finished


def evaluation(correct: int) -> Evaluation:
    rest = {"question": "?", "gold": "4", "response": "4", "answer": "4", "formatted": True, "tokens": 1}
    return Evaluation(
        tuple(
            Record(id=str(n), correct=n < correct, lenient=True, finish="stop", **rest)  # type: ignore[arg-type]
            for n in range(4)
        )
    )


def test_measurements_come_back_in_the_order_of_the_way(tmp_path: Path) -> None:
    made = {"final": evaluation(3), "step-000002": evaluation(2), "sft": evaluation(1), "base": evaluation(0)}
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        for stage, found in made.items():
            run.record_evaluation(stage, [record.as_dict() for record in found.records], found.summary())
        run.record_timings("grpo", 0, {"step_time": 2.0, "tokens_per_second": 5.0, "efficiency": 0.5})
    reader = RunReader(run.path)
    assert list(evaluations_of(reader)) == ["base", "sft", "final"]
    assert evaluations_of(reader) == {stage: made[stage] for stage in ("base", "sft", "final")}
    outcome = finished(reader)
    assert (outcome.path, outcome.report) == (run.path, None)
    assert outcome.pace is not None
    assert (outcome.pace.steps, outcome.pace.seconds) == (1, 2.0)


def test_a_run_that_measured_nothing(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        pass
    assert finished(RunReader(run.path)).evaluations == {}
