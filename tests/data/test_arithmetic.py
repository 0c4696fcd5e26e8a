"""Sums: right, repeatable anywhere, disjoint across splits, and worked out as a person would."""

import operator
import os
import re
import subprocess
import sys
from hashlib import sha256

import pytest

from whet.config import SourceConfig
from whet.data.arithmetic import LEVELS, WORKINGS, Arithmetic, Expression
from whet.data.load_data import check_source
from whet.errors import UserError

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def compute(text: str) -> int:
    """The value of a sum with at most one product between brackets, by a reading of its own."""
    tokens = re.findall(r"\d+|[-+*()]", text)

    def term() -> int:
        token = tokens.pop(0)
        if token == "-":
            return -term()
        if token != "(":
            return int(token)
        value = chain()
        tokens.pop(0)
        return value

    def chain() -> int:
        value = term()
        while tokens and tokens[0] in OPERATORS:
            value = OPERATORS[tokens.pop(0)](value, term())
        return value

    return chain()


def asked(question: str) -> str:
    found = re.fullmatch(r"What is (.+)\?", question)
    assert found
    return found[1]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("working", WORKINGS)
def test_answers_and_every_step_of_the_solution_are_right(level: int, working: str) -> None:
    for problem in Arithmetic(level=level, working={working: 1})[:300]:
        assert int(problem.answer) == compute(asked(problem.question))
        for line in problem.solution.splitlines():
            for fact in line.split(", "):
                assert len({compute(side) for side in fact.split(" = ")}) == 1, line
        assert problem.solution.endswith(f"= {problem.answer}")


WORKED = {
    ("full", "+"): lambda a, b: (
        f"{a // 10 * 10} + {b // 10 * 10} = {a // 10 * 10 + b // 10 * 10}, "
        f"{a % 10} + {b % 10} = {a % 10 + b % 10}, {a} + {b} = {a + b}"
    ),
    ("full", "-"): lambda a, b: (
        f"{a // 10 * 10} - {b // 10 * 10} = {a // 10 * 10 - b // 10 * 10}, "
        f"{a % 10} - {b % 10} = {a % 10 - b % 10}, {a} - {b} = {a - b}"
    ),
    ("short", "+"): lambda a, b: f"{a} + {b} = {a // 10 * 10 + b // 10 * 10} + {a % 10 + b % 10} = {a + b}",
    ("none", "+"): lambda a, b: f"{a} + {b} = {a + b}",
    ("none", "-"): lambda a, b: f"{a} - {b} = {a - b}",
}
"""37 + 45 as `30 + 40 = 70, 7 + 5 = 12, 37 + 45 = 82`, as `37 + 45 = 70 + 12 = 82`, and as `37 + 45 = 82`."""


@pytest.mark.parametrize(("working", "sign"), WORKED)
def test_the_solutions_read_as_promised(working: str, sign: str) -> None:
    read = 0
    for problem in Arithmetic(working={working: 1})[:200]:
        found = re.fullmatch(rf"(\d+) \{sign} (\d+)", asked(problem.question))
        if found:
            assert problem.solution == WORKED[working, sign](int(found[1]), int(found[2]))
            read += 1
    assert read > 50


def test_a_short_difference_borrows_as_a_person_would() -> None:
    """82 − 45 is 40 − 3: of tens and units apart, whichever comes out negative is taken away."""
    differences = [p for p in Arithmetic(working={"short": 1})[:400] if "-" in p.question]
    for problem in differences:
        a, b = (int(number) for number in re.findall(r"\d+", problem.question))
        tens, units = a // 10 * 10 - b // 10 * 10, a % 10 - b % 10
        sign = "-" if units < 0 else "+"
        assert problem.solution == f"{a} - {b} = {tens} {sign} {abs(units)} = {a - b}"
    assert len(differences) > 50


def test_products_and_brackets_are_worked_out() -> None:
    sample = Arithmetic(level=5)[:4000]
    nested = next(p for p in sample if re.fullmatch(r"What is \(\d+ \+ \d+\) - \d+\?", p.question))
    a, b, c = map(int, re.findall(r"\d+", nested.question))
    assert nested.solution == f"({a} + {b}) - {c} = {a + b} - {c} = {a + b - c}"
    product = next(p for p in Arithmetic(level=4, working={"full": 1})[:100] if "*" in p.question)
    a, b = map(int, re.findall(r"\d+", product.question))
    tens, units = a // 10 * 10, a % 10
    assert product.solution == f"{tens} * {b} = {tens * b}, {units} * {b} = {units * b}, {a} * {b} = {a * b}"


def test_workings_come_in_their_shares() -> None:
    solutions = [problem.solution for problem in Arithmetic(working={"full": 0.3, "short": 0.7})[:4000]]
    share = sum("," in solution for solution in solutions) / len(solutions)
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / len(solutions)) ** 0.5  # four standard errors


@pytest.mark.parametrize(
    ("level", "low", "high", "operations"), [(1, 0, 9, "+-"), (2, 10, 99, "+-"), (3, 100, 999, "+-")]
)
def test_levels_keep_their_ranges(level: int, low: int, high: int, operations: str) -> None:
    texts = [asked(p.question) for p in Arithmetic(level=level)[:3000]]
    numbers = {int(n) for text in texts for n in re.findall(r"\d+", text)}
    assert min(numbers) >= low
    assert max(numbers) <= high
    assert len(numbers) > 0.9 * (high - low + 1)
    assert {text.split()[1] for text in texts} == set(operations)


def test_level_4_has_products_and_level_5_three_terms() -> None:
    assert {asked(p.question).split()[1] for p in Arithmetic(level=4)[:200]} == set("+-*")
    assert {len(re.findall(r"\d+", p.question)) for p in Arithmetic(level=5)[:200]} == {3}


@pytest.mark.parametrize("level", LEVELS)
def test_splits_share_no_question_and_no_commuted_one(level: int) -> None:
    def facts(split: str) -> set[str]:
        return {_sorted_sum(asked(p.question)) for p in Arithmetic(split, level)[:3000]}

    assert not facts("train") & facts("test")


def _sorted_sum(text: str) -> str:
    """3 + 4 and 4 + 3 as one; longer ones as they are."""
    parts = text.split(" ")
    return text if len(parts) > 3 or parts[1] == "-" else parts[1].join(sorted((parts[0], parts[2])))


def test_about_one_question_in_eight_is_held_out() -> None:
    train = {p.question for p in Arithmetic("train", 2)[:60000]}
    test = {p.question for p in Arithmetic("test", 2)[:12000]}
    assert 0.10 < len(test) / (len(train) + len(test)) < 0.15


def test_an_id_belongs_to_one_question() -> None:
    problems = [p for level in LEVELS for p in Arithmetic(level=level)[:2000]]
    assert len({p.id for p in problems}) == len({p.question for p in problems})
    assert len({(p.id, p.question) for p in problems}) == len({p.id for p in problems})


def test_negative_results_can_be_left_out() -> None:
    assert min(int(p.answer) for p in Arithmetic(level=2)[:300]) < 0
    for level in LEVELS:
        problems = Arithmetic(level=level, negative=False)[:300]
        assert min(int(p.answer) for p in problems) >= 0
        assert not any("(-" in p.solution for p in problems)


def test_a_problem_depends_on_its_index_and_seed_alone() -> None:
    source = Arithmetic(seed=7)
    assert [source[5], source[3], source[5]] == [*source[5:6], *source[3:4], Arithmetic(seed=7)[5]]
    assert source[:20] != Arithmetic(seed=8)[:20]
    assert source[-1].question
    with pytest.raises(IndexError):
        source[len(source)]


def test_the_same_problems_under_every_hash_seed() -> None:
    script = (
        "from hashlib import sha256; from whet.data.arithmetic import Arithmetic;"
        "print(sha256(repr(Arithmetic(level=5, seed=3)[:200]).encode()).hexdigest())"
    )
    here = sha256(repr(Arithmetic(level=5, seed=3)[:200]).encode()).hexdigest()
    for hash_seed in ("0", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == here


def test_it_is_long_and_known_to_be_disjoint_from_its_other_split() -> None:
    train, test = Arithmetic("train"), Arithmetic("test", level=3)
    assert len(train) > 10**9
    assert train.disjoint_from(test)
    assert not train.disjoint_from(Arithmetic("train"))
    assert not train.disjoint_from([train[0]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"level": 9}, "params.level: is 9; it must be a whole number (at least 1, at most 5)"),
        ({"level": True}, "params.level: is true"),
        ({"level": "2"}, "params.level: is '2'"),
        ({"working": "full"}, "params.working: is 'full'; it must be a mapping of none, short, full to values"),
        (
            {"working": {"ful": 1}},
            "params.working.ful: unknown key; it takes none, short, full; did",
        ),
        ({"working": {"full": 1.5}}, "params.working.full: is 1.5; it must be less than or equal to 1"),
        ({"working": {"full": 0.5, "short": 0.4}}, "params.working: its shares add up to 0.9; they must add up to 1"),
        ({"negative": 1}, "params.negative: is 1; it must be true or false"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as refusal:
        check_source(SourceConfig.model_validate({"name": "arithmetic", "params": params}), "data.train")
    assert str(refusal.value).startswith(f"data.train.{message}")


def test_an_expression_writes_a_negative_term_in_brackets() -> None:
    assert str(Expression(98, "-", -36)) == "98 - (-36)"
    assert Expression(98, "-", -36).value == 134
    assert Expression(3, "+", Expression(1, "-", 2)).twin == Expression(Expression(1, "-", 2), "+", 3).twin
    assert Expression(1, "-", 2).twin != Expression(2, "-", 1).twin
