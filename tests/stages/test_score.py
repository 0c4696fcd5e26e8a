"""Rewards on completions in a file."""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.rewards.registry import REWARDS
from whet.stages import score as module
from whet.stages.score import asked_for, score

MESSAGES = [{"role": "assistant", "content": "The answer is 4."}]
ROWS: list[dict[str, Any]] = [
    {"prompt": "2+2?", "completion": "<think>2+2</think> <answer>4</answer>", "answer": "4"},
    {"prompt": "2+2?", "completion": r"It is \boxed{5}", "answer": "4"},
    {"prompt": [{"role": "user", "content": "2+2?"}], "completion": MESSAGES, "answer": 4.0},
]


def written(folder: Path, rows: list[Any], name: str = "completions.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def user_function(folder: Path, body: str) -> str:
    """`file.py:own`, whose text this is."""
    path = folder / "mine.py"
    path.write_text(textwrap.dedent(body), encoding="utf-8")
    return f"{path}:own"


ALONE = [name for name, spec in REWARDS.items() if not spec.has_client]
"""Rewards that need nobody to ask."""


def test_one_dict_per_line_in_order(tmp_path: Path) -> None:
    found = list(score(written(tmp_path, ROWS), ["accuracy", "last_integer"]))
    assert found == [
        {"accuracy": 1.0, "last_integer": 1.0},
        {"accuracy": 0.0, "last_integer": 0.0},
        {"accuracy": 1.0, "last_integer": 1.0},
    ]


def test_a_named_format_says_where_the_answer_stands(tmp_path: Path) -> None:
    found = score(written(tmp_path, ROWS), ["accuracy", "format_strict"], "think_answer")
    assert [tuple(one.values()) for one in found] == [(1.0, 1.0), (0.0, 0.0), (0.0, 0.0)]


@pytest.mark.parametrize("gold", ["2 * 36 = <<2*36=72>>72\n#### 72", "72", 72, 72.0, "$72.00"])
def test_gold_answers_as_data_sets_have_them(tmp_path: Path, gold: Any) -> None:
    path = written(tmp_path, [{"completion": "The answer is 72.", "answer": gold}])
    assert list(score(path, ["accuracy"])) == [{"accuracy": 1.0}]


def test_a_line_without_an_answer_does_not_count(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        [{"completion": "4"}, {"completion": "4", "answer": "4"}, {"completion": "4", "answer": None}],
    )
    scoring = score(path, ["accuracy"])
    assert list(scoring) == [{"accuracy": None}, {"accuracy": 1.0}, {"accuracy": None}]
    assert scoring.summary.means == {"accuracy": 1.0}
    assert scoring.summary.applied == {"accuracy": 1}
    assert scoring.summary.lines() == ["3 completions  ·  accuracy 1.0000 (of 1)"]


def test_a_file_without_answers_has_no_accuracy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a column `answer`"):
        list(score(written(tmp_path, [{"completion": "4"}]), ["accuracy"]))
    boxed = written(tmp_path, [{"completion": r"\boxed{4}"}])
    assert list(score(boxed, ["format_soft"], "boxed")) == [{"format_soft": 1.0}]


def test_functions_see_the_file_as_it_is(tmp_path: Path) -> None:
    own = user_function(
        tmp_path,
        """
        seen = []
        def own(prompts, completions, answer, solution, level, **columns):
            seen.append((prompts, completions, answer, solution, level, sorted(columns)))
            return [len(completion) for completion in completions]
        """,
    )
    rows = [{**ROWS[0], "level": 3, "prompts": "mine"}, ROWS[2]]
    here = {"name": own, "isolate": False, "completions": "messages"}
    assert [one["own"] for one in score(written(tmp_path, rows), [here])] == [37.0, 1.0]
    loaded = [module for name, module in sys.modules.items() if re.fullmatch(r"whet_user_\w+\.mine", name)][-1]
    assert loaded.seen == [
        (
            ["2+2?", [{"role": "user", "content": "2+2?"}]],
            [ROWS[0]["completion"], MESSAGES],
            ["4", "4"],
            ["4", "4"],
            [3, None],
            ["log_extra", "log_metric", "trainer_state"],
        )
    ]


def test_what_is_missing_or_null(tmp_path: Path) -> None:
    own = user_function(
        tmp_path,
        """
        def own(prompts, answer, **_):
            return [float(said == "" and gold is True) for said, gold in zip(prompts, answer)]
        """,
    )
    rows = [
        {"completion": "yes", "prompt": None, "answer": True},
        {"completion": "yes", "answer": True},
        ROWS[0],
    ]
    assert [one["own"] for one in score(written(tmp_path, rows), [own])] == [1.0, 1.0, 0.0]


def test_a_solution_column_stays_what_it_is(tmp_path: Path) -> None:
    own = user_function(tmp_path, "def own(solution, **_): return [float(text == 'worked') for text in solution]")
    assert list(score(written(tmp_path, [{**ROWS[0], "solution": "worked"}]), [own])) == [{"own": 1.0}]


def test_tokens_that_the_file_does_not_have(tmp_path: Path) -> None:
    own = user_function(tmp_path, "def own(completion_ids): return [float(len(ids)) for ids in completion_ids]")
    with pytest.raises(UserError, match="completion_ids"):
        list(score(written(tmp_path, ROWS), [own]))
    with_tokens = written(tmp_path, [{"completion": "4", "completion_ids": [7, 8, 9]}])
    assert list(score(with_tokens, [own])) == [{"own": 3.0}]


def test_every_built_in_reward_where_the_file_has_what_it_needs(tmp_path: Path) -> None:
    row = {"completion": "<think>1. Add them up: 2+2=4</think> <answer>4</answer>", "answer": "4"}
    path = written(tmp_path, [{**row, "completion_ids": [7] * 95}, row])
    limit = {"max_tokens": 100}
    named = [
        {"name": name, "params": limit} if name.startswith("length") else name for name in ALONE if name != "integer"
    ]
    first, second = score(path, named, "think_answer")
    assert set(first) == set(ALONE) - {"integer"}
    assert None not in first.values()
    assert first["reasoning_steps"] == pytest.approx(1 / 3)
    assert first["output_consistency"] == 1.0
    assert first["length_overlong"] == -0.75
    assert {name for name, value in second.items() if value is None} == {"length_cosine", "length_overlong"}


def test_what_length_rewards_need(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    with pytest.raises(UserError, match=r"lacks 'max_tokens': write \{name: length_overlong, params:"):
        score(path, ["length_overlong"])
    with pytest.raises(UserError, match="needs a column `completion_ids`"):
        list(score(path, [{"name": "length_overlong", "params": {"max_tokens": 9}}]))
    with pytest.raises(UserError, match="--format"):
        score(path, ["output_consistency"])


def test_rewards_are_asked_for_as_in_a_recipe() -> None:
    assert asked_for("accuracy,mine.py:own , format_soft") == ["accuracy", "mine.py:own", "format_soft"]
    params = {"name": "repetition", "params": {"size": 2}}
    assert asked_for("mine.py:own, {name: repetition, params: {size: 2}}") == ["mine.py:own", params]
    with pytest.raises(UserError, match=r"rewards: is .* which is not a YAML value"):
        asked_for("{name: repetition")


def test_parameters_count(tmp_path: Path) -> None:
    path = written(tmp_path, [{"completion": "a b a b a"}])
    assert list(score(path, asked_for("{name: repetition, params: {size: 2}}"))) == [{"repetition": -0.5}]


def test_a_function_that_fails_loses_only_its_own_rewards(tmp_path: Path) -> None:
    own = user_function(tmp_path, "def own(completions, **_): return [1 / ('5' not in text) for text in completions]")
    scoring = score(written(tmp_path, [ROWS[0], ROWS[1], ROWS[0]]), [own, "accuracy"])
    assert list(scoring) == [
        {"own": 1.0, "accuracy": 1.0},
        {"own": None, "accuracy": 0.0},
        {"own": 1.0, "accuracy": 1.0},
    ]
    assert scoring.summary.failures == {"own": 1}
    assert scoring.summary.means["own"] == 1.0
    assert scoring.summary.as_dict()["applied"] == {"own": 2, "accuracy": 3}
    total, failed = scoring.summary.lines()
    assert total.startswith("3 completions  ·  own 1.0000 (of 2)  ·  accuracy 0.6667")
    assert failed.startswith("own failed once, first on line 2: ")
    assert "ZeroDivisionError" in failed


def test_large_files_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2)
    rows = [{"completion": f"{number}", "answer": "4"} for number in range(6)]
    scoring = score(written(tmp_path, [*rows, "{broken"]), ["accuracy"])
    scores = iter(scoring)
    assert [next(scores)["accuracy"] for _ in range(6)] == [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    with pytest.raises(UserError, match="line 7: is not JSON"):
        next(scores)
    assert scoring.summary.count == 6


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{broken", "line 2: is not JSON"),
        ("[1]", "line 2: is "),
        ({"prompt": "2+2?", "completions": "4"}, "line 2: has no `completion`; did you mean completions?"),
        ({"completion": None}, "line 2: has no `completion`"),
        ({"completion": 4}, "line 2: has a completion that is neither a text nor a list of messages"),
        ({"completion": [{"role": "assistant"}]}, "line 2: has a completion that is neither"),
        ({"completion": "4", "prompt": {"content": "2+2?"}}, "line 2: has a prompt that is neither"),
        ('{"completion": "4", "answer": NaN}', "line 2: has the answer nan"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, row: Any, says: str) -> None:
    path = written(tmp_path, [ROWS[0], row])
    with pytest.raises(UserError) as refusal:
        list(score(path, ["accuracy"]))
    assert f"{path}, {says}" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("rewards", "format_name", "says"),
    [
        (["acuracy"], None, "did you mean 'accuracy'"),
        (["", " "], None, "rewards: is empty"),
        (["accuracy"], "think_anser", "did you mean think_answer"),
        (["format_soft"], None, "--format"),
        ([{"params": {}}], None, "rewards.name: Field required"),
        ([{"name": "repetition", "params": {"n": 3}}], None, "rewards.repetition.params.n: unknown key"),
    ],
)
def test_wrong_names_are_refused_before_anything_is_read(
    tmp_path: Path, rewards: list[Any], format_name: str | None, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        score(written(tmp_path, ["{broken"]), rewards, format_name)


def test_a_missing_or_empty_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        score(tmp_path / "nothing.jsonl", ["accuracy"])
    with pytest.raises(UserError, match="is empty"):
        list(score(written(tmp_path, []), ["accuracy"]))


@pytest.mark.parametrize(
    ("name", "least"), [("gsm8k_four_models", 1.0), ("rho1b_cot_gsm8k", 0.995), ("rho1b_cot_math", 0.966)]
)
def test_verdicts_agree_with_those_of_others(shared: Path, name: str, least: float) -> None:
    path = shared / "completions" / f"{name}.jsonl"
    verdicts = [json.loads(line)["correct"] for line in path.read_text("utf-8").splitlines()]
    ours = [one["accuracy"] == 1.0 for one in score(path, ["accuracy"])]
    same = sum(a == b for a, b in zip(ours, verdicts, strict=True))
    assert same / len(verdicts) >= least


def test_scoring_loads_nothing_heavy(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    script = (
        "import sys; from whet.stages.score import score\n"
        f"assert len(list(score({str(path)!r}, ['accuracy']))) == 3\n"
        "print({'torch', 'transformers', 'datasets', 'math_verify', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
