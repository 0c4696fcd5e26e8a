"""What a warm start from a model's own answers costs and brings, beside one from worked solutions.

    python -m benchmarks.warm_starts RECIPE --out FOLDER [--seeds 0 1 2] [--set KEY=VALUE ...] [--ask TEXT]

For each seed the recipe is trained twice, with `sft.from own` and with `sft.from solutions`. All settings else are
equal; the first ends once the layout is kept (`sft.stop_at_format`), so for as many steps set that to null. The
base model is also asked without the layout: what it can do before any training. Every figure is of the same held-out
problems, greedy, so that all differences are paired. Runs that are finished already are read, not made again.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.table import Table
from whet.api import load_recipe, train
from whet.config import Config
from whet.eval.comparison import p_text, points
from whet.eval.evaluation import Evaluation
from whet.eval.statistics import PairedDifference, paired_difference
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from whet.stages.measure import measure
from whet.stages.pipeline import load, settled
from whet.stages.run_result import BASE, FINAL, WARM, evaluations_of

SOURCES = ("own", "solutions")

ANYWHERE, IN_PLACE = "lenient", "correct"
"""Attributes of a record: the right answer anywhere in a response, and where the format expects it."""

Found = Mapping[str, Mapping[str, Evaluation]]
"""By source, then by stage."""


def asked_plainly(config: Config, prompt: str) -> Evaluation:
    """The base model's answers to the held-out problems under the system prompt `prompt`, in no layout."""
    plain = load_recipe(config, {"format": {"name": "plain", "system_prompt": prompt}, "rewards": ["last_integer"]})
    view = PlainView(print)
    built = settled(load(plain, view), plain, view)
    return measure(built.policy, built.sampler, built.task.eval_set, plain, view, "Base model without the layout")


def trained(config: Config, folder: Path, seed: int, source: str) -> dict[str, Evaluation]:
    """By stage, the evaluations of one run; read from its folder where it is finished."""
    name = f"{source}-{seed}"
    if not (folder / name / "final").is_dir():
        changes = {"seed": seed, "sft.when": "always", "sft.from": source, "run.folder": str(folder), "run.name": name}
        train(config, changes, view=PlainView(print))
    return evaluations_of(RunReader(folder / name))


def difference(pairs: Sequence[tuple[Evaluation, Evaluation]], what: str) -> PairedDifference:
    """The second less the first of each pair, over the problems of all pairs."""
    before, after = ([getattr(record, what) for pair in pairs for record in pair[which].records] for which in (0, 1))
    return paired_difference(before, after)


def differences(plain: Evaluation, found: Sequence[Found]) -> list[tuple[str, PairedDifference]]:
    """The questions asked of the runs of all seeds, by name."""
    own, solutions = ([one[source] for one in found] for source in SOURCES)
    return [
        *(
            (f"right anywhere: after the warm start from {name} less the base model without the layout", of)
            for name, runs in (("own answers", own), ("solutions", solutions))
            for of in [difference([(plain, run[WARM]) for run in runs], ANYWHERE)]
        ),
        *(
            (f"right anywhere: after the warm start from {name} less the base model", of)
            for name, runs in (("own answers", own), ("solutions", solutions))
            for of in [difference([(run[BASE], run[WARM]) for run in runs], ANYWHERE)]
        ),
        *(
            (f"{words}: GRPO after own answers less GRPO after solutions", difference(ends, what))
            for words, what in (("right anywhere", ANYWHERE), ("right in place", IN_PLACE))
            for ends in [[(b[FINAL], a[FINAL]) for a, b in zip(own, solutions, strict=True)]]
        ),
    ]


def tables(config: Config, plain: Evaluation, seeds: Sequence[int], found: Sequence[Found]) -> list[Table]:
    """Accuracy by seed and stage, and the paired differences over all seeds."""
    given = f"{config.model.name}, {config.eval.problems} problems"
    rows = [["", "without the layout", *_figures(plain)]]
    for seed, one in zip(seeds, found, strict=True):
        for source in SOURCES:
            stages = one[source].items()
            rows += [[f"{seed}", f"{stage}, {source}", *_figures(evaluation)] for stage, evaluation in stages]
    columns = ("seed", "stage", "right anywhere", "right in place", "format", "tokens")
    lines = [[name, *_sides(of)] for name, of in differences(plain, found)]
    return [
        Table("warm_starts", f"Warm starts: {given}", columns, rows, {}),
        Table("differences", "Paired, all seeds together", ("", "points", "95 %", "gained / lost", "p"), lines, {}),
    ]


def _figures(evaluation: Evaluation) -> list[str]:
    shares = (evaluation.lenient_accuracy, evaluation.accuracy, evaluation.format_rate)
    return [*(f"{100 * share:.1f} %" for share in shares), f"{evaluation.mean_length:.0f}"]


def _sides(of: PairedDifference) -> list[str]:
    interval = f"[{points(of.low)}, {points(of.high)}]"
    return [points(of.difference), interval, f"{of.fixed} / {of.broken}", p_text(of.p_value).removeprefix("p = ")]


def settings(pairs: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` words as overrides, the values read as YAML.

    >>> settings(["grpo.steps=4", "data.train={name: arithmetic}"])
    {'grpo.steps': 4, 'data.train': {'name': 'arithmetic'}}
    """
    return {key: yaml.safe_load(value) for key, _, value in (pair.partition("=") for pair in pairs)}


def main() -> None:
    """Trains, then prints the tables; also after each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="replaces settings of the recipe")
    parser.add_argument("--ask", default="", help="the system prompt of the base model without the layout (none)")
    asked = parser.parse_args()
    config = load_recipe(asked.recipe, settings(asked.set))
    plain = asked_plainly(config, asked.ask)
    found: list[Found] = []
    for seed in asked.seeds:
        found.append({source: trained(config, asked.out, seed, source) for source in SOURCES})
        for table in tables(config, plain, asked.seeds[: len(found)], found):
            print(table.markdown(), flush=True)


if __name__ == "__main__":
    main()
