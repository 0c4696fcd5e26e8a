"""A user's function as its worker calls it."""

import json
import math
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.workers.reward_worker import call, parameters, service, told


def asked(function: Any, loggers: list[str] | None = None, **columns: Any) -> dict[str, Any]:
    """The reply, after its way through JSON."""
    sent = {name: bytes(ForkingPickler.dumps(column)) for name, column in columns.items()}
    request = bytes(ForkingPickler.dumps((sent, loggers or [])))
    return dict(json.loads(json.dumps(call(function, request))))


def length(completions: list[str], least: int = 0, **columns: Any) -> list[float]:
    return [float(len(text) >= least) for text in completions]


def test_columns_are_handed_over_by_name() -> None:
    assert asked(length, completions=["a", "bc"], least=2) == {"rewards": [0.0, 1.0], "logged": []}


def test_async_functions_are_awaited() -> None:
    async def later(completions: list[str]) -> list[float]:
        return [1.0] * len(completions)

    assert asked(later, completions=["a"])["rewards"] == [1.0]


def test_what_is_a_reward_and_what_is_not() -> None:
    import numpy as np

    given = [1, True, None, 0.1, np.float32(0.5), math.nan, -math.inf, "1", [2.0], 10**400]
    rewards = asked(lambda: given)["rewards"]
    assert rewards[:5] == [1.0, 1.0, None, 0.1, 0.5]
    assert [one["wrong"] for one in rewards[5:9]] == ["gave nan", "gave -inf", "gave '1'", "gave [2.0]"]
    assert rewards[9]["wrong"].startswith("gave 1000")
    assert len(rewards[9]["wrong"]) <= 300


@pytest.mark.parametrize("result", [None, 1.0, length])
def test_what_is_no_list(result: Any) -> None:
    assert asked(lambda: result)["wrong"] == f"returned {type(result).__name__} where a list was due"


def fails(completions: list[str]) -> list[float]:
    return [float(text) for text in completions]


def deep(completions: list[str]) -> list[float]:
    return json.loads(completions[0])


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (fails, "raised ValueError: could not convert string to float: 'five'"),
        (deep, "raised JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_what_it_raised_and_where_in_its_own_file(function: Any, what: str) -> None:
    line = function.__code__.co_firstlineno + 1
    assert asked(function, completions=["five"])["wrong"] == f"{what} (test_reward_worker.py, line {line})"


@pytest.mark.parametrize("error", [KeyboardInterrupt("mine"), SystemExit(3), RecursionError("so deep")])
def test_whatever_it_raises_is_only_a_failure(error: BaseException) -> None:
    def raises() -> None:
        raise error

    assert asked(raises)["wrong"].startswith(f"raised {type(error).__name__}: {error} (test_reward_worker.py, line ")


def test_an_argument_that_is_missing() -> None:
    assert asked(fails)["wrong"] == "raised TypeError: fails() missing 1 required positional argument: 'completions'"


def test_what_the_user_must_fix_is_told_apart() -> None:
    def refuses() -> None:
        raise UserError("fix it")

    assert asked(refuses) == {"fix": "fix it", "logged": []}


def test_what_it_logs_is_noted_down_whatever_follows() -> None:
    def logs(log_metric: Any, log_extra: Any) -> None:
        log_metric("depth", True)
        log_extra("seen", ("a", 1, None, 1 << 70, {2}))
        raise ValueError("afterwards")

    reply = asked(logs, ["log_metric", "log_extra"])
    seen = ["a", 1, None, str(1 << 70), "{2}"]
    assert reply["logged"] == [["log_metric", "depth", 1.0], ["log_extra", "seen", seen]]
    assert "afterwards" in reply["wrong"]


def test_a_column_that_cannot_be_read_is_left_out() -> None:
    request = bytes(ForkingPickler.dumps(({"good": bytes(ForkingPickler.dumps([5])), "bad": b"\x80"}, [])))
    assert call(lambda **columns: [len(columns)], request)["rewards"] == [1.0]


def test_parameters() -> None:
    assert parameters(length) == [
        ("completions", "POSITIONAL_OR_KEYWORD", False),
        ("least", "POSITIONAL_OR_KEYWORD", True),
        ("columns", "VAR_KEYWORD", False),
    ]
    assert parameters(type("", (), {"__signature__": 5, "__call__": None})()) == [("columns", "VAR_KEYWORD", False)]


def test_a_service_loads_the_function_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("def brief(completions): return [5]\n")
    monkeypatch.chdir(Path.cwd())  # to come back to: a service goes where it is told
    answer = service({"spec": "mine.py:brief", "folder": str(tmp_path)})
    described = {"parameters": [["completions", "POSITIONAL_OR_KEYWORD", False]], "reads_text": True}
    assert json.loads(answer(b"")) == described
    sent = {"completions": bytes(ForkingPickler.dumps(["a"]))}
    assert json.loads(answer(bytes(ForkingPickler.dumps((sent, [])))))["rewards"] == [5.0]
    with pytest.raises(UserError, match=r"did you mean brief\?"):
        service({"spec": "mine.py:breif", "folder": str(tmp_path)})


def test_an_error_without_a_place() -> None:
    assert told(ValueError("a\nb"), length) == "raised ValueError: a b"
