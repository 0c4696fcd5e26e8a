"""Run folders of trials, without a training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sweep.records import records
from whet.eval.evaluation import Evaluation
from whet.recipe import dump_recipe, load_recipe
from whet.runs.writer import RunWriter


def write_trial(
    sweep: Path,
    number: int,
    values: Mapping[str, Any],
    accuracy: float | None = None,
    between: Mapping[int, float] = {},
) -> Path:
    """The folder of a trial with evaluations between steps; finished where it has an accuracy."""
    recipe = dump_recipe(load_recipe("quickstart", values))
    with RunWriter.create(sweep, recipe, {}, name=f"trial-{number:03d}") as run:
        for step, share in between.items():
            run.record_evaluation(f"step-{step:06d}", [], {"accuracy": share})
        if accuracy is not None:
            made = records("01")
            figures = Evaluation(made).summary()
            given = {"accuracy": accuracy, "accuracy_interval": [accuracy - 0.1, accuracy + 0.1]}
            assert given.keys() <= figures.keys()
            run.record_evaluation("final", [record.as_dict() for record in made], figures | given)
            run.final.mkdir()
    return run.path
