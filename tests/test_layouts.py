"""The columns of well-known data sets, on made rows with their field names: read as they come, or by a column map.

Each row here is written for this test; only the names and shapes of the columns are those of the data set.
docs/how-to/data.md has the same maps.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from whet.config import SourceConfig
from whet.data.load_data import load_source
from whet.rewards.equality import answers_equal
from whet.types import Problem


class Layout(NamedTuple):
    """A data set's columns, and what the made row must be read as."""

    name: str
    row: dict[str, Any]
    question: str
    """A text that must be in the question."""
    right: str
    """An answer that must earn the mark."""
    wrong: str
    columns: Mapping[str, str] = MappingProxyType({})
    params: Mapping[str, Any] = MappingProxyType({})
    solution: str = ""
    """A text that must be in the worked solution."""


CRATE = "A crate holds {n} red and 4 green apples."
STEPS = "First we look at what is given, and write it down with care. Then we add the two numbers. "
TURNS = [{"role": "user", "content": CRATE}, {"role": "assistant", "content": STEPS}]

LAYOUTS = (
    Layout(
        "openai/gsm8k",
        {"question": CRATE, "answer": "{n} + 4 = <<{n}+4={m}>>{m}\n#### {m}"},
        "crate",
        "{m}",
        "4",
        solution="{n} + 4 = {m}",
    ),
    Layout(
        "EleutherAI/hendrycks_math",
        {"problem": CRATE, "level": "Level 2", "type": "Algebra", "solution": STEPS + r"So $\boxed{{{m}}}$."},
        "crate",
        "{m}",
        "4",
        solution="First we look",
    ),
    Layout(
        "AI-MO/NuminaMath-TIR",
        {"problem": CRATE, "solution": STEPS + "```python\nprint(1)\n``` " + r"\(\boxed{{{m}}}\)", "messages": TURNS},
        "crate",
        "{m}",
        "4",
        solution="First we look",
    ),
    Layout(
        "AI-MO/NuminaMath-CoT",
        {"source": "orca", "problem": CRATE, "solution": STEPS + r"$\boxed{{{m}}}$", "messages": TURNS},
        "crate",
        "{m}",
        "4",
    ),
    Layout(
        "AI-MO/NuminaMath-1.5",
        {
            "problem": CRATE,
            "solution": STEPS,
            "answer": "{m}",
            "problem_type": "Algebra",
            "question_type": "math-word-problem",
            "source": "olympiads",
            "synthetic": False,
        },
        "crate",
        "{m}",
        "4",
        solution="First we look",
    ),
    Layout(
        "open-r1/OpenR1-Math-220k",
        {
            "problem": CRATE,
            "solution": STEPS,
            "answer": "{m}",
            "uuid": "x{n}",
            "generations": ["<think>hm</think>", "<think>so</think>"],
            "correctness_math_verify": [True, False],
            "messages": TURNS,
        },
        "crate",
        "{m}",
        "4",
        solution="First we look",
    ),
    Layout(
        "agentica-org/DeepScaleR-Preview-Dataset",
        {"problem": CRATE, "answer": "{m}", "solution": STEPS},
        "crate",
        "{m}",
        "4",
        solution="First we look",
    ),
    Layout(
        "BytedTsinghua-SIA/DAPO-Math-17k",
        {
            "data_source": "math_dapo",
            "prompt": [
                {
                    "role": "user",
                    "content": "Solve the following math problem step by step. The last line of your response should "
                    "be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n"
                    + CRATE
                    + '\n\nRemember to put your answer on its own line after "Answer:".',
                }
            ],
            "ability": "MATH",
            "reward_model": {"ground_truth": "{m}", "style": "rule-lighteval/MATH_v2"},
            "extra_info": {"index": "9a{n}"},
        },
        "A crate holds {n} red and 4 green apples.",
        "{m}",
        "4",
    ),
    Layout(
        "SynthLabsAI/Big-Math-RL-Verified",
        {"problem": CRATE, "answer": "{m}", "source": "gsm8k", "domain": ["Algebra"], "llama8b_solve_rate": 0.4},
        "crate",
        "{m}",
        "4",
    ),
    Layout(
        "meta-math/MetaMathQA",
        {
            "type": "GSM_Rephrased",
            "query": CRATE,
            "original_question": "How many?",
            "response": STEPS + "\n#### {m}\nThe answer is: {m}",
        },
        "crate",
        "{m}",
        "4",
        solution="add the two numbers.",
    ),
    Layout(
        "microsoft/orca-math-word-problems-200k",
        {"question": CRATE, "answer": STEPS + "So there are {m} apples in the crate."},
        "crate",
        "{m}",
        "4",
        params={"unmarked": "number"},
        solution="First we look",
    ),
    Layout(
        "ChilleD/SVAMP",
        {
            "ID": "chal-{n}",
            "Body": CRATE,
            "Question": "How many apples are there?",
            "Equation": "( {n} + 4 )",
            "Answer": "{m}.0",
            "Type": "Addition",
        },
        "A crate holds {n} red and 4 green apples. How many apples are there?",
        "{m}",
        "4",
    ),
    Layout(
        "EleutherAI/asdiv",
        {
            "body": CRATE,
            "question": "How many apples are there?",
            "solution_type": "Addition",
            "answer": "{m} (apples)",
            "formula": "{n}+4={m}",
        },
        "A crate holds {n} red and 4 green apples. How many apples are there?",
        "{m}",
        "4",
    ),
    Layout(
        "MAWPS",
        {"iIndex": "{n}", "sQuestion": CRATE, "lEquations": ["X={n}+4"], "lSolutions": ["{m}.0"]},
        "crate",
        "{m}",
        "4",
    ),
    Layout(
        "deepmind/aqua_rat",
        {
            "question": CRATE,
            "options": ["A){n}", "B)4", "C){m}", "D)1000", "E)2000"],
            "rationale": STEPS,
            "correct": "C",
        },
        "C) {m}\n",
        "C",
        "A",
        solution="First we look",
    ),
    Layout(
        "cais/mmlu",
        {"question": CRATE, "subject": "algebra", "choices": ["{n}", "{m}", "1000", "2000"], "answer": 1},
        "B) {m}\n",
        "(B)",
        "1",
    ),
    Layout(
        "allenai/ai2_arc",
        {
            "id": "M{n}",
            "question": CRATE,
            "choices": {"text": ["{n}", "4", "1000", "{m}"], "label": ["A", "B", "C", "D"]},
            "answerKey": "D",
        },
        "D) {m}\n",
        "D",
        "{m}",
    ),
    Layout(
        "Jiayi-Pan/Countdown-Tasks-3to4",
        {"target": "{m}", "nums": ["{n}", 4]},
        "Make {m} of [{n}, 4].",
        "{m}",
        "4",
        columns={"question": "Make {{target}} of {{nums}}.", "answer": "target"},
    ),
    Layout(
        "google-research-datasets/mbpp",
        {
            "task_id": "{n}",
            "text": "Write a function `f` that returns {n}.",
            "code": "def f():\r\n    return {n}",
            "test_list": ["assert f() == {n}"],
            "test_setup_code": "",
            "challenge_test_list": [],
        },
        "Write a function",
        "def f():\r\n    return {n}",
        "{n}",
        columns={"question": "text", "answer": "code"},
    ),
    Layout(
        "qintongli/GSM-Plus",
        {
            "question": CRATE,
            "solution": STEPS,
            "answer": "{m}",
            "perturbation_type": "digit expansion",
            "seed_question": "A crate holds 1 apple.",
            "seed_solution": "1",
            "seed_answer": "1",
        },
        "crate holds {n}",
        "{m}",
        "1",
        solution="First we look",
    ),
    Layout(
        "nvidia/OpenMathInstruct-1",
        {
            "question": CRATE,
            "expected_answer": "{m}",
            "predicted_answer": "{m}",
            "generated_solution": STEPS,
            "dataset": "gsm8k",
            "is_correct": True,
        },
        "crate",
        "{m}",
        "4",
        solution="First we look",
    ),
    Layout(
        "nvidia/OpenMathInstruct-2",
        {"problem": CRATE, "generated_solution": STEPS, "expected_answer": "{m}", "problem_source": "augmented"},
        "crate",
        "{m}",
        "4",
        solution="First we look",
    ),
)


def filled(value: Any, n: int) -> Any:
    """The value with the numbers of row n in its texts."""
    if isinstance(value, str):
        text = value.replace("{n}", str(n)).replace("{m}", str(n + 4))
        text = text.replace("{{", "{").replace("}}", "}")
        return int(text) if value == "{n}" or (value == "{m}" and n % 2) else text
    if isinstance(value, dict):
        return {key: filled(inner, n) for key, inner in value.items()}
    return [filled(inner, n) for inner in value] if isinstance(value, list) else value


def load(layout: Layout, folder: Path) -> list[Problem]:
    file = folder / "train.jsonl"
    file.write_text("\n".join(json.dumps(filled(layout.row, n)) for n in range(11, 23)))
    columns = {part: column.replace("{{", "{").replace("}}", "}") for part, column in layout.columns.items()}
    return list(load_source(SourceConfig(name=str(file), columns=columns, params=dict(layout.params)), "train", 0))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_known_layout_is_read_right(layout: Layout, tmp_path: Path) -> None:
    problems = load(layout, tmp_path)
    assert len(problems) == 12
    for n, problem in enumerate(problems, 11):
        assert str(filled(layout.question, n)) in problem.question
        assert answers_equal(str(filled(layout.right, n)), problem.answer), problem.answer
        assert not answers_equal(str(filled(layout.wrong, n)), problem.answer)
        assert str(filled(layout.solution, n)) in problem.solution
        assert "Answer:" not in problem.question


def test_twenty_data_sets_are_covered_and_their_maps_documented() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "how-to" / "data.md").read_text("utf-8")
    assert len(LAYOUTS) >= 20
    assert [layout.name for layout in LAYOUTS if layout.name not in guide] == []
