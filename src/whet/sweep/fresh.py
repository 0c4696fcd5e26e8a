"""Measures trials again on held-out problems that no trial was chosen by: a maximum over trials flatters."""

from collections.abc import Sequence
from pathlib import Path

from whet.eval.comparison import Comparison
from whet.eval.record import Record, parse_records
from whet.runs import jsonl
from whet.runs.views.view import View
from whet.stages.compare import paired
from whet.stages.evaluate import evaluate_model, evaluation_config
from whet.sweep.trial_folder import Trial

FRESH = "fresh"
"""The folder of these evaluations in that of the sweep."""


def measured_again(sweep: Path, trial: Trial, count: int, view: View) -> tuple[Record, ...]:
    """Returns the records of up to `count` problems that follow those which the trials were evaluated on.

    They are kept in the sweep's folder; none where the data has no more problems. Trials that leave out other prompts,
    as too long for their model, have others.
    """
    path = sweep / FRESH / f"{trial.path.name}.jsonl"
    if not path.is_file():
        config = evaluation_config(str(trial.path), limit=2 * count)
        whole = evaluate_model(config, view)
        path.parent.mkdir(exist_ok=True)
        jsonl.write(path, [record.as_dict() for record in whole.records[count:]])
    text = path.read_text("utf-8")
    return tuple(parse_records(text, str(path)).values()) if text else ()


def compared(base: Trial, base_records: Sequence[Record], best: Trial, records: Sequence[Record]) -> Comparison | None:
    """Returns the comparison of two trials on the fresh problems that both have, paired; None where they share none."""
    of_base, of_best = ({record.id: record for record in some} for some in (base_records, records))
    if of_base.keys().isdisjoint(of_best):
        return None
    return paired(base.path.name, of_base, best.path.name, of_best, intersect=True)
