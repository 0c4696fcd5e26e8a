"""Measures trials again on held-out problems that no trial was chosen by: a maximum over trials flatters."""

from pathlib import Path

from whet.eval.comparison import Comparison
from whet.eval.record import Record, parse_records
from whet.runs import jsonl
from whet.runs.views.view import View
from whet.stages.evaluate import evaluate_model, evaluation_config
from whet.sweep.trial_folder import Trial

FRESH = "fresh"
"""The folder of these evaluations in that of the sweep."""


def measured_again(sweep: Path, trial: Trial, count: int, view: View) -> tuple[Record, ...]:
    """Returns the records of up to `count` problems that follow those which the trials were evaluated on.

    They are the same for every trial, and kept in the sweep's folder; none where the data has no more problems.
    """
    path = sweep / FRESH / f"{trial.path.name}.jsonl"
    if not path.is_file():
        config = evaluation_config(str(trial.path), limit=2 * count)
        whole = evaluate_model(config, view)
        path.parent.mkdir(exist_ok=True)
        jsonl.write(path, [record.as_dict() for record in whole.records[count:]])
    text = path.read_text("utf-8")
    return tuple(parse_records(text, str(path)).values()) if text else ()


def compared(base: Trial, base_records: tuple[Record, ...], best: Trial, records: tuple[Record, ...]) -> Comparison:
    """Returns the comparison of two trials on the fresh problems, paired."""
    pairs = tuple(zip(base_records, records, strict=True))
    return Comparison(base.path.name, best.path.name, pairs)
