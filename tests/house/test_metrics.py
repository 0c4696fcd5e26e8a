"""docs/metrics.md lists the figures that a run writes: all of them, and no others."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from house.source import ROOT, Source, modules

DOCUMENT = ROOT / "docs" / "metrics.md"
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
PLACEHOLDER = re.compile(r"<\w+>")


def documented(text: str) -> set[str]:
    """The metrics of every table, with `<…>` where a name varies."""
    return set(ROW.findall(text))


def unwritten(names: Iterable[str], sources: Iterable[Source]) -> list[str]:
    """Documented metrics that no text in the code spells."""
    patterns = [re.compile(pattern) for source in sources for pattern in _texts(source.tree)]
    spelled = {name: PLACEHOLDER.sub("anything", name) for name in names}
    return sorted(name for name, text in spelled.items() if not any(p.fullmatch(text) for p in patterns))


def _texts(tree: ast.Module) -> Iterator[str]:
    """A pattern for every text literal; what an f-string fills in may be anything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.escape(node.value)
        elif isinstance(node, ast.JoinedStr) and any(isinstance(part, ast.Constant) for part in node.values):
            yield "".join(_pattern(part) for part in node.values)


def _pattern(part: ast.expr) -> str:
    return re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"


def undocumented(names: Iterable[str], text: str) -> list[str]:
    """Written metrics that no table lists."""
    patterns = [re.compile(".+".join(map(re.escape, PLACEHOLDER.split(name)))) for name in documented(text)]
    return sorted(name for name in names if not any(pattern.fullmatch(name) for pattern in patterns))


def test_documented_metrics_are_written() -> None:
    names = documented(DOCUMENT.read_text("utf-8"))
    assert {"reward", "frac_reward_zero_std", "rewards/<function>/mean", "kl", "accuracy"} <= names
    assert unwritten(names, modules()) == []


@pytest.fixture(scope="module")
def run(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the smallest run that goes through every stage."""
    from whet.api import train
    from whet.config import Config
    from whet.runs.views.live import make_view

    recipe: dict[str, Any] = {
        "model": str(tiny_folder),
        "data": {"train": {"name": "arithmetic", "params": {"level": 1}}},
        "check": {"problems": 2, "samples": 2, "gold": 4},
        "sft": {"when": "always", "steps": 1, "batch_size": 2, "held_out": 2, "evaluate_every": 1},
        "grpo": {
            "steps": 1,
            "prompts_per_step": 2,
            "group_size": 2,
            "sampling": {"max_tokens": 8},
            "objective": {"beta": 0.1},
        },
        "eval": {"problems": 4, "samples": 2},
        "run": {"folder": str(tmp_path_factory.mktemp("runs"))},
    }
    with make_view(Console(file=StringIO())) as view:
        return train(Config.model_validate(recipe), view=view).path


@pytest.mark.parametrize("file", ["metrics.jsonl", "timings.jsonl"])
def test_what_every_step_writes_is_documented(run: Path, file: str) -> None:
    lines = [json.loads(line) for line in (run / file).read_text("utf-8").splitlines()]
    assert len(lines) == len({line["phase"] for line in lines}) > 0
    names = {name for line in lines for name in line} - {"phase", "step", "at"}
    assert undocumented(names, DOCUMENT.read_text("utf-8")) == []


def test_what_every_measurement_writes_is_documented(run: Path) -> None:
    summary = json.loads((run / "eval" / "final.json").read_text("utf-8"))
    assert undocumented(summary, DOCUMENT.read_text("utf-8")) == []


TABLE = "| metric | formula |\n|---|---|\n| `loss` | −J |\n| `rewards/<function>/mean` | mean |\n"


def test_a_table_is_read() -> None:
    assert documented(TABLE) == {"loss", "rewards/<function>/mean"}


def test_a_metric_that_is_gone_is_found() -> None:
    code = Source("whet.a", "record({'loss': 1.0, f'rewards/{name}/mean': 2.0})")
    assert unwritten({"loss", "rewards/<function>/mean"}, [code]) == []
    assert unwritten({"lost", "rewards/<function>/max"}, [code]) == ["lost", "rewards/<function>/max"]


def test_an_undocumented_metric_is_found() -> None:
    names = ["loss", "rewards/accuracy/mean", "rewards/accuracy/max", "reward"]
    assert undocumented(names, TABLE) == ["reward", "rewards/accuracy/max"]
