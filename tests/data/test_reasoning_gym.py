"""Reasoning Gym's tasks as a source: with a stand-in of its interface, and with the package where it is installed."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from whet.config import RewardConfig, SourceConfig
from whet.config.data import DataConfig
from whet.data import reasoning_gym as source
from whet.data.load_data import check_source, load_data, load_source
from whet.data.overlap import overlap
from whet.data.reasoning_gym import ReasoningGym, Verifier
from whet.data.safe_answers import EVALUATING
from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.rewards.gold import gold_failures
from whet.rewards.mixture import Mixture
from whet.rewards.registry import build_reward


@dataclass
class PairsConfig:
    most: int = 999
    seed: int | None = None
    size: int = 500


class Pairs:
    """Two numbers with a given sum: many answers are right."""

    def __init__(self, config: PairsConfig) -> None:
        assert config.most > 0, "most must be positive"
        self.config = config

    def __getitem__(self, item: int) -> dict[str, Any]:
        total = item % self.config.most + 2
        return {
            "question": f"Name two numbers that add up to {total}.",
            "answer": f"1 {total - 1}",
            "metadata": {"total": total},
        }

    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        if answer == "nonsense":
            raise ValueError(answer)
        numbers = [int(number) for number in re.findall(r"\d+", answer)]
        return 1.0 if len(numbers) == 2 and sum(numbers) == entry["metadata"]["total"] else 0.1


class Riddles(Pairs):
    def __getitem__(self, item: int) -> dict[str, Any]:
        return {"question": "?", "answer": None, "metadata": {}}


@pytest.fixture
def gym(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with `create_dataset` and `factory.DATASETS`, as the real one has."""
    tasks = {"pairs": (Pairs, PairsConfig), "riddles": (Riddles, PairsConfig)}
    package, factory = ModuleType("reasoning_gym"), ModuleType("reasoning_gym.factory")
    factory.DATASETS = tasks  # type: ignore[attr-defined]
    package.factory = factory  # type: ignore[attr-defined]
    package.create_dataset = lambda name, **given: tasks[name][0](PairsConfig(**given))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "reasoning_gym", package)
    monkeypatch.setitem(sys.modules, "reasoning_gym.factory", factory)
    _forget()
    yield
    _forget()


@pytest.fixture
def real() -> Iterator[Any]:
    """The package itself."""
    _forget()
    yield pytest.importorskip("reasoning_gym")
    _forget()


def _forget() -> None:
    source._dataset.cache_clear()
    source._entry.cache_clear()


@pytest.mark.usefixtures("gym")
def test_a_problem_is_a_function_of_its_place_and_the_seed() -> None:
    problems = ReasoningGym("pairs", seed=3)
    assert problems[:5] == ReasoningGym("pairs", seed=3)[:5] != ReasoningGym("pairs", seed=4)[:5]
    assert problems[2**39].question.startswith("Name two numbers")
    assert problems[0].id.startswith("reasoning_gym:pairs:")


@pytest.mark.usefixtures("gym")
def test_training_and_held_out_questions_are_disjoint_by_construction() -> None:
    train, test = ReasoningGym("pairs"), ReasoningGym("pairs", "test")
    assert overlap(train[:300], test[:100]) == []
    assert train.disjoint_from(test)
    assert not train.disjoint_from(ReasoningGym("pairs", seed=1))
    assert not train.disjoint_from([])


@pytest.mark.usefixtures("gym")
def test_the_verifier_goes_along_and_any_right_answer_passes() -> None:
    problem = ReasoningGym("pairs")[0]
    total = int(re.findall(r"\d+", problem.question)[0])
    verifier = problem.columns["verifier"]
    assert [verifier(text) for text in (f"{total - 1} 1", f"0 {total}", "1 1 1", "nonsense")] == [1.0, 1.0, 0.1, 0.0]
    assert verifier == ReasoningGym("pairs")[0].columns["verifier"]
    text = BUILT_IN["think_answer"].render("", f"0 and {total}")
    columns = {"answer": [problem.answer], "verifier": [verifier], "prompts": [""], "completion_ids": [[]]}
    for name in ("accuracy", "verifier"):
        reward = build_reward(RewardConfig(name=name), BUILT_IN["think_answer"], lambda spec: print)
        assert reward(completions=[text], **columns) == [1.0]


@pytest.mark.usefixtures("gym")
def test_by_name_with_the_tasks_own_settings() -> None:
    config = SourceConfig(name="reasoning_gym:pairs", params={"most": 60}, limit=20)
    totals = [int(re.findall(r"\d+", problem.question)[0]) for problem in load_source(config, "train", 5)]
    assert len(totals) == 20
    assert max(totals) <= 61
    train, test = load_data(DataConfig(train=SourceConfig(name="reasoning_gym:pairs")), 5)
    assert train[0].source == test[0].source == "reasoning_gym:pairs"


@pytest.mark.usefixtures("gym")
@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("pairz", {}, "data.train.name: reasoning_gym has no task 'pairz'; did you mean pairs?"),
        ("pairs", {"mst": 3}, "data.train.params.mst: unknown key; reasoning_gym:pairs takes most; did you mean most?"),
        ("pairs", {"most": 0}, "data.train.params: reasoning_gym:pairs refuses {'most': 0}: most must be positive"),
        ("pairs", {"most": 1}, "data.train.name: reasoning_gym:pairs has too few questions to hold any out"),
        ("riddles", {}, "data.train.name: reasoning_gym:riddles has no gold answers"),
    ],
)
def test_refusals(name: str, params: dict[str, Any], said: str) -> None:
    config = SourceConfig(name=f"reasoning_gym:{name}", params=params, limit=1)

    def load() -> None:
        """One side or the other of a task with a single question is empty."""
        load_source(config, "train", 0)
        load_source(config, "test", 0, "data.train")

    with pytest.raises(UserError) as refusal:
        load()
    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"name": "reasoning_gym:"}, "name a task, such as reasoning_gym:countdown"),
        ({"name": "reasoning_gym:a", "params": {"seed": 1}}, "data.train.params.seed: follows from the recipe"),
        ({"name": "reasoning_gym:a", "path": "x"}, "data.train.path: reasoning_gym:a takes none"),
    ],
)
def test_what_is_refused_before_anything_loads(config: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        check_source(SourceConfig(**config), "data.train")


def test_without_the_package_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    _forget()
    with pytest.raises(UserError, match=r"needs the package reasoning-gym.*pip install 'whet\[reasoning-gym\]'"):
        ReasoningGym("countdown")


@pytest.mark.parametrize("task", ["countdown", "chain_sum", "n_queens", "gcd", "word_sorting", "simple_integration"])
def test_real_gold_answers_score_full_marks_and_real_questions_differ(real: Any, task: str) -> None:
    problems, layout = ReasoningGym(task)[:20], BUILT_IN["think_answer"]
    rewards = [build_reward(RewardConfig(name=name), layout, lambda spec: print) for name in ("accuracy", "verifier")]
    assert gold_failures(problems, layout, Mixture(rewards)) == []
    assert len({problem.question for problem in problems}) > 10
    assert overlap(problems, ReasoningGym(task, "test")[:20]) == []


def test_another_way_to_a_real_target_is_right_too(real: Any) -> None:
    dataset = real.create_dataset("countdown", seed=0, size=10)
    verifier = Verifier("countdown", (), 4)
    expression = dataset[4]["answer"]
    assert verifier(expression) == verifier(f"({expression})") == 1.0
    assert verifier("1 + 1") < 1.0
    assert verifier("__import__('os').getcwd()") == 0.0


def test_every_real_verifier_that_evaluates_is_known(real: Any) -> None:
    """`eval` and sympy's parsers in the package stand in files of tasks that `EVALUATING` guards, or read only what
    the package itself wrote."""
    own_text = {
        "codeio",
        "number_sorting",
        "generators_00_49",
        "generators_50_99",
        "bitwise_arithmetic",
        "basic_arithmetic",
        "propositional_logic",  # a parser of its own that shares sympy's name
    }
    risky = re.compile(r"\b(?:eval|exec|parse_expr|sympify|literal_eval)\(")
    files = Path(real.__file__).parent.rglob("*.py")
    found = {file.stem for file in files if risky.search(file.read_text("utf-8"))}
    assert found <= set(EVALUATING) | own_text
    assert set(EVALUATING) <= found


def test_a_real_source_can_be_read_on_and_on(real: Any) -> None:
    assert len(list(islice(ReasoningGym("chain_sum", params={"min_terms": 2, "max_terms": 3}), 50))) == 50
