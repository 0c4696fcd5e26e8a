"""docs/how-to/from-trl.md: every argument and default is that of the installed TRL, every key and default is ours."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from trl import GRPOConfig

from whet.recipe import make_recipe
from whet.recipe.keys import known_keys
from whet.stages.score import score

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "from-trl.md"

ROW = re.compile(
    r"^\| `(?P<theirs>\w+)` \| (?P<default>[^|]+) \| `(?P<ours>[\w.*]+)` \| (?P<own>[^|]+) \|", re.MULTILINE
)

NOT_OURS = ("top_k", "min_p", "repetition_penalty", "log_completions", "use_vllm", "gradient_checkpointing", "optim")


def rows() -> list[dict[str, str]]:
    """The rows of the table."""
    return [found.groupdict() for found in ROW.finditer(PAGE.read_text("utf-8"))]


def theirs() -> dict[str, Any]:
    """TRL's arguments with their defaults."""
    fields = dataclasses.fields(GRPOConfig)
    return {one.name: one.default_factory() if callable(one.default_factory) else one.default for one in fields}


def shown(value: Any) -> str:
    """A default as the table has it."""
    return "–" if value is None else f"`{value}`"


def test_every_line_of_the_table_is_read() -> None:
    table = PAGE.read_text("utf-8").partition("| TRL |")[2].partition("\n\n")[0]
    assert len(rows()) == len(table.splitlines()) - 2 >= 40


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["theirs"])
def test_a_row_says_what_both_have(row: dict[str, str]) -> None:
    defaults = theirs()
    assert row["theirs"] in defaults
    assert row["default"].strip() == shown(defaults[row["theirs"]])
    assert row["ours"] in known_keys()
    assert row["own"].strip() == shown(known_keys()[row["ours"]].default)


def test_what_has_no_counterpart_is_named_as_theirs() -> None:
    assert set(NOT_OURS) <= set(theirs())
    text = PAGE.read_text("utf-8")
    assert all(f"`{name}`" in text for name in NOT_OURS)


def test_their_loss_types_are_names_of_objectives() -> None:
    named = re.search(r"`loss_type`.*", PAGE.read_text("utf-8"))
    assert named
    tree: dict[str, Any] = {"model": "any", "data": {"train": {"name": "arithmetic"}}}
    for name in re.findall(r"`(\w+)`", named[0].partition("equal in value")[0])[3:]:
        assert make_recipe({**tree, "grpo": {"objective": {"name": name}}}).grpo.objective.name == name


def test_their_reward_functions_run_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    texts = ("<think>\n1\n</think>\n2", "2")
    turns = [[{"role": "assistant", "content": text}] for text in texts]
    lines = [{"prompt": "1 + 1?", "completion": turn, "answer": "2"} for turn in turns]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = list(score(file, ["trl.rewards:think_format_reward"]))
    assert [list(one.values()) for one in found] == [[1.0], [0.0]]
