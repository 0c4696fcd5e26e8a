"""Reward functions of users cannot hang a run, end it, or make it lose more than their own reward."""

import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import below, is_alive, soon
from rewards.steps import step
from whet.config import RewardConfig
from whet.errors import UserError
from whet.rewards.mixture import Mixture, Part, Policy
from whet.rewards.registry import build_reward
from whet.types import Collected, Failure, Graded, Problem, Prompt, Rollout
from whet.workers import reward_function as isolated
from whet.workers.import_function import load_function
from whet.workers.reward_function import SubprocessReward, load_reward, packed

MINE = '''
import asyncio, os, signal, subprocess, sys, threading, time

CALLS = []


def _on_bad(completions, what):
    """1.0 for each, unless one of them is `bad`: then `what` happens."""
    texts = [completion[0]["content"] for completion in completions]
    return what(texts) if "bad" in texts else [1.0] * len(texts)


def fine(completions, **columns):
    return [1.0] * len(completions)


def counting(completions, **columns):
    CALLS.append(len(completions))
    return [float(sum(CALLS))] * len(completions)


def raises(completions, **columns):
    return _on_bad(completions, lambda texts: 1 / 0)


def nan(completions, **columns):
    return _on_bad(completions, lambda texts: [float("nan") if text == "bad" else 1.0 for text in texts])


def inf(completions, **columns):
    return _on_bad(completions, lambda texts: [float("inf") if text == "bad" else 1.0 for text in texts])


def minus_inf(completions, **columns):
    return _on_bad(completions, lambda texts: [-float("inf") if text == "bad" else 1.0 for text in texts])


def nothing(completions, **columns):
    return _on_bad(completions, lambda texts: None)


def text(completions, **columns):
    return _on_bad(completions, lambda texts: ["1.0" if text == "bad" else 1.0 for text in texts])


def a_text(completions, **columns):
    return _on_bad(completions, lambda texts: "no")


def too_few(completions, **columns):
    return _on_bad(completions, lambda texts: [1.0] * (len(texts) - 1))


def too_many(completions, **columns):
    return _on_bad(completions, lambda texts: [1.0] * (len(texts) + 1))


def sleeps(completions, **columns):
    return _on_bad(completions, lambda texts: time.sleep(600))


def spins(completions, **columns):
    def spin(texts):
        while True:
            pass

    return _on_bad(completions, spin)


def quits(completions, **columns):
    return _on_bad(completions, lambda texts: os._exit(3))


def exits(completions, **columns):
    return _on_bad(completions, lambda texts: sys.exit(3))


def crashes(completions, **columns):
    return _on_bad(completions, lambda texts: os.kill(os.getpid(), signal.SIGSEGV))


def deep(completions, **columns):
    def dig(texts):
        return dig(texts)

    return _on_bad(completions, dig)


def floods(completions, **columns):
    def flood(texts):
        print("x" * 20_000_000)
        os.write(1, b"y" * 1_000_000)
        sys.stderr.write("z" * 1_000_000)
        raise ValueError("afterwards")

    return _on_bad(completions, flood)


def interrupts(completions, **columns):
    def interrupt(texts):
        raise KeyboardInterrupt

    return _on_bad(completions, interrupt)


async def later(completions, **columns):
    await asyncio.sleep(0.01)
    return [2.0] * len(completions)


async def sleeps_later(completions, **columns):
    await asyncio.sleep(_on_bad(completions, lambda texts: [600])[0] - 1.0)
    return [1.0] * len(completions)


def meets(completions, mine, other):
    open(mine, "w").close()
    while not os.path.exists(other):
        time.sleep(0.01)
    return [1.0] * len(completions)


def curious(completions, trainer_state, log_metric, log_extra, level=None, **columns):
    log_metric("seen", len(completions))
    log_extra("texts", [completion[0]["content"] for completion in completions])
    return [float(trainer_state.global_step)] * len(completions)


def verified(completions, verifier):
    return [check(completion[0]["content"]) for check, completion in zip(verifier, completions)]


def anything(**columns):
    return [float("verifier" in columns)] * len(columns["completions"])


def parametrised(completions, least):
    return [float(least)] * len(completions)


def pid(completions, **columns):
    return [float(os.getpid())] * len(completions)


def starts_another(completions, **columns):
    return [float(subprocess.Popen(["sleep", "600"]).pid)] * len(completions)


def has_torch(completions, **columns):
    return [float("torch" in sys.modules)] * len(completions)


def prints(completions, **columns):
    print("hello")
    return [1.0] * len(completions)
'''

HOSTILE = {
    "raises": r"raised ZeroDivisionError: division by zero \(mine\.py, line \d+\)",
    "nan": "gave nan",
    "inf": "gave inf",
    "minus_inf": "gave -inf",
    "nothing": "returned NoneType where a list was due",
    "text": "gave '1.0'",
    "a_text": "returned 2 rewards for 1 completions",
    "too_few": "returned 0 rewards for 1 completions",
    "too_many": "returned 2 rewards for 1 completions",
    "sleeps": "took longer than 0.4 s and was stopped",
    "spins": "took longer than 0.4 s and was stopped",
    "quits": "ended its process with exit code 3",
    "exits": r"raised SystemExit: 3 \(mine\.py, line \d+\)",
    "crashes": "ended its process by SIGSEGV",
    "deep": "raised RecursionError: maximum recursion depth exceeded",
    "floods": r"raised ValueError: afterwards \(mine\.py, line \d+\); it printed: x{59}…",
    "interrupts": "raised KeyboardInterrupt",
}
"""What a function does on the bad sample, and what is told of it."""

SLOW = {"sleeps", "spins"}


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mine") / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    return path


Make = Callable[..., Part]


@pytest.fixture
def part(mine: Path) -> Iterator[Make]:
    """Makes a part of a mixture from the name of a function in the file."""
    made: list[SubprocessReward] = []

    def loader(config: RewardConfig) -> Callable[..., Any]:
        made.append(SubprocessReward(config.name, config.timeout))
        return made[-1]

    def make(name: str, timeout: float = 30.0, **changes: Any) -> Part:
        return build_reward(RewardConfig(name=f"{mine}:{name}", timeout=timeout, **changes), None, loader)

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def lasting(mine: Path) -> Iterator[Make]:
    """As `part`, with one process for all parts of a function: what it did before must not matter."""
    made: dict[str, SubprocessReward] = {}

    def loader(config: RewardConfig) -> Callable[..., Any]:
        if config.name not in made:
            made[config.name] = SubprocessReward(config.name, config.timeout)
        return made[config.name]

    def make(name: str, **changes: Any) -> Part:
        timeout = 0.4 if name in SLOW else 30.0
        return build_reward(RewardConfig(name=f"{mine}:{name}", timeout=timeout, **changes), None, loader)

    yield make
    for one in made.values():
        one.close()


def totals_of(graded: Graded) -> list[list[float | None]]:
    return [[reward.total for reward in group.rewards] for group in graded.groups]


def totals(mixture: Mixture, **texts: list[str]) -> list[list[float | None]]:
    return totals_of(mixture.grade(*step(**texts)))


@pytest.mark.parametrize("policy", ["skip", "zero", "fail"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_reward_that_fails(lasting: Make, name: str, policy: Policy) -> None:
    """R9: the policy is applied and counted, function and sample are named, all others get their rewards."""
    mixture = Mixture([lasting(name, on_error=policy)])
    failures: list[Failure] = []
    for number in (1, 2):
        start = time.monotonic()
        if policy == "fail":
            with pytest.raises(UserError, match=rf"(?s)reward '{name}' {HOSTILE[name]}.*, on sample 1 of problem 'b'"):
                totals(mixture, a=["good", "good"], b=["good", "bad", "good"])
        else:
            graded = mixture.grade(*step(a=["good", "good"], b=["good", "bad", "good"]))
            assert totals_of(graded) == [[1.0, 1.0], [1.0, None if policy == "skip" else 0.0, 1.0]]
            failures += graded.failures
            assert [(one.reward, one.problem, one.sample) for one in failures] == [(name, "b", 1)] * number
        assert time.monotonic() - start < 15


@pytest.mark.parametrize("name", HOSTILE)
def test_a_step_where_everything_fails_is_told_in_full(lasting: Make, name: str) -> None:
    """Never a silent zero: each sample of the step is on record."""
    mixture = Mixture([lasting(name), ("one", lambda **_: [1.0, 1.0], 1.0)])
    graded = mixture.grade(*step(a=["bad", "bad"]))
    assert totals_of(graded) == [[1.0, 1.0]]
    assert [(one.reward, one.sample) for one in graded.failures if one.reward == name] == [(name, 0), (name, 1)]


def test_functions_work_at_the_same_time(part: Make, tmp_path: Path) -> None:
    """Each waits for the other, so that one after the other they would never end."""
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    mixture = Mixture([part("meets", params={"mine": a, "other": b}) for a, b in ((here, there), (there, here))])
    assert totals(mixture, a=["good"]) == [[2.0]]


def test_async_functions(part: Make) -> None:
    mixture = Mixture([part("later"), part("sleeps_later", timeout=0.5)])
    graded = mixture.grade(*step(a=["good", "bad"], b=["bad"]))
    assert totals_of(graded) == [[3.0, 2.0], [2.0]]
    assert [(one.reward, one.problem, one.sample) for one in graded.failures] == [
        ("sleeps_later", "a", 1),
        ("sleeps_later", "b", 0),
    ]


def test_what_its_module_keeps_lasts_as_long_as_the_worker(part: Make) -> None:
    mixture = Mixture([part("counting")])
    assert [totals(mixture, a=["x", "y"]), totals(mixture, a=["x"])] == [[[2.0, 2.0]], [[3.0]]]


def test_what_it_asks_and_logs_reaches_the_run(part: Make) -> None:
    mixture = Mixture([part("curious"), ("own", lambda log_metric, **_: [log_metric("a", 5) or 0.0] * 2, 1.0)])
    graded = mixture.grade(*step(a=["82", "7"]), step=4)
    assert totals_of(graded) == [[4.0, 4.0]]
    collected = Collected.of(graded)
    assert collected.logged == {"a": 5.0, "seen": 2.0}
    assert list(collected.logged) == ["a", "seen"]
    assert [dict(reward.extra) for reward in graded.groups[0].rewards] == [{"texts": "82"}, {"texts": "7"}]


def test_a_column_that_two_functions_fill_is_told_apart(part: Make) -> None:
    def own(completions: list[Any], log_extra: Any, **_: Any) -> list[float]:
        log_extra("texts", [1] * len(completions))
        return [0.0] * len(completions)

    graded = Mixture([part("curious"), ("own", own, 1.0)]).grade(*step(a=["82"]))
    assert graded.groups[0].rewards[0].extra == {"curious/texts": "82", "own/texts": 1}


def with_verifier(verifier: Any) -> tuple[list[Prompt], list[list[Rollout]]]:
    problem = Problem("a", "q", "82", columns={"verifier": verifier})
    return [Prompt(problem, (), ())], [[Rollout((7,), (-0.5,), text, "stop") for text in ("82", "7")]]


def test_a_column_that_cannot_be_sent(part: Make) -> None:
    with pytest.raises(UserError, match=r"asks for 'verifier', which cannot be sent .*`isolate: false`"):
        Mixture([part("verified")]).grade(*with_verifier(lambda text: 1.0))
    (group,) = Mixture([part("anything")]).grade(*with_verifier(lambda text: 1.0)).groups
    assert [reward.total for reward in group.rewards] == [0.0, 0.0]


def test_callables_that_can_be_sent_are(part: Make) -> None:
    from whet.data.reasoning_gym import Verifier

    (group,) = Mixture([part("anything")]).grade(*with_verifier(Verifier("chain_sum", (), 3))).groups
    assert [reward.total for reward in group.rewards] == [1.0, 1.0]


def test_it_runs_elsewhere_and_brings_no_torch_along(part: Make) -> None:
    mixture = Mixture([part("pid")])
    ((pid, again),) = totals(mixture, a=["x", "y"])
    assert pid == again
    assert int(pid or 0) in below()
    assert totals(Mixture([part("has_torch")]), a=["x"]) == [[0.0]]


def test_what_it_prints_stays_with_it(part: Make, capfd: pytest.CaptureFixture[str]) -> None:
    assert totals(Mixture([part("prints")]), a=["x"]) == [[1.0]]
    assert capfd.readouterr() == ("", "")


def test_it_looks_like_the_function(mine: Path, part: Make) -> None:
    one = SubprocessReward(f"{mine}:curious", 30.0)
    there, here = inspect.signature(one).parameters, inspect.signature(load_function(f"{mine}:curious")).parameters
    assert [(p.name, p.kind, p.default is p.empty) for p in there.values()] == [
        (p.name, p.kind, p.default is p.empty) for p in here.values()
    ]
    one.close()
    assert totals(Mixture([part("parametrised", params={"least": 3})]), a=["x"]) == [[3.0]]
    with pytest.raises(UserError, match="'lest': the function takes completions, least"):
        part("parametrised", params={"lest": 3})
    with pytest.raises(UserError, match="'parametrised' needs a column 'least'"):
        totals(Mixture([part("parametrised")]), a=["x"])


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (None, "there is no file .*absent.py"),
        ("def own(): pass", "has no function 'f'; it has own"),
        ("import not_there_at_all", "importing it failed with ModuleNotFoundError: No module named 'not_there"),
        ("raise SystemExit(3)", "importing it failed with SystemExit: 3"),
        (
            "import os; print('bye', flush=True); os._exit(5)",
            "importing it ended its process with exit code 5, while .*; it printed: bye; fix what",
        ),
        ("while True: pass", "importing it took longer than 1 s to load and was stopped; fix what"),
    ],
)
def test_mistakes_are_named_before_anything_is_graded(
    tmp_path: Path, code: str | None, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "LOADING", 1.0)
    path = tmp_path / "absent.py"
    if code is not None:
        path.write_text(code + "\n", encoding="utf-8")
    before = below()
    with pytest.raises(UserError, match=fix) as caught:
        load_reward(RewardConfig(name=f"{path}:f"))
    assert "\n" not in str(caught.value)
    assert soon(lambda: below() <= before)


def test_a_recipe_may_have_it_here(mine: Path) -> None:
    here = load_reward(RewardConfig(name=f"{mine}:pid", isolate=False))
    assert here(completions=["x"]) == [float(os.getpid())]


def test_a_step_of_calls_that_are_all_late_ends(part: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "MOST_LATE", 2)
    mixture = Mixture([part("sleeps", timeout=0.3)])
    for _ in range(2):
        graded = mixture.grade(*step(a=["bad"] * 5))
        assert totals_of(graded) == [[None] * 5]
        what = [failure.what for failure in graded.failures]
        assert what[:2] == ["took longer than 0.3 s and was stopped"] * 2
        assert set(what[2:]) == {"was not asked: 2 calls of this step had run out of time"}
    assert totals(mixture, a=["good"]) == [[1.0]]


def test_an_interrupt_stops_what_is_under_way(part: Make) -> None:
    """Ctrl-C: neither the run nor the worker waits for a function that hangs."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    one = part("sleeps", timeout=600.0)
    mixture = Mixture([one])
    assert totals(mixture, a=["good"]) == [[1.0]]
    workers = below()
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            totals(mixture, a=["bad", "bad"])
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - start < 5
    assert soon(lambda: len(below() & workers) < len(workers))
    assert totals(mixture, a=["good"]) == [[1.0]]


RUN = """
import sys
from whet.workers.reward_function import SubprocessReward
from whet.rewards.calls import attempt_all
another, stuck = (SubprocessReward(f"{sys.argv[1]}:{name}", 600.0) for name in ("starts_another", "sleeps"))
attempt_all([lambda: another(completions=["x"])])
print("ready", flush=True)
attempt_all([lambda: stuck(completions=[[{"content": "bad"}]])])
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_killed_leaves_nothing_behind(mine: Path, how: signal.Signals) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", RUN, str(mine)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as run:
        assert run.stdout is not None
        run.stdout.readline()
        assert soon(lambda: len(below(run.pid)) == 5), "two supervisors, two workers, and what one of them started"
        time.sleep(0.3)
        pids = below(run.pid)
        run.send_signal(how)
        assert soon(lambda: not any(map(is_alive, pids)), within=4.0)
        run.kill()


def test_packing_says_what_stays() -> None:
    sent, kept = packed({"answer": ["4"], "ids": [[1, 2]], "check": [lambda text: 1.0], "lock": [sys.stdout]})
    assert (sorted(sent), kept) == (["answer", "ids"], {"check", "lock"})
