"""What is measured, with a clock that counts its own readings."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from batches import prompt, rollout
from whet.compute.limit import Limit, Machine, Shape
from whet.plan.calibrate import FEWEST, TimedOptimizer, Watch, _Calibration
from whet.recipe import load_recipe
from whet.types import Rollout


class Ticks:
    """Each reading is a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


class Heard:
    """An optimizer that notes its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def accumulate(self, batches: Any, loss: Any) -> list[Any]:
        self.calls.append("accumulate")
        return [loss(batch) for batch in batches]

    def step(self, index: int) -> Mapping[str, float]:
        self.calls.append(f"step {index}")
        return {"grad_norm": 1.0}

    def zero_grad(self) -> None:
        self.calls.append("zero_grad")

    def state_dict(self) -> Mapping[str, Any]:
        return {"calls": len(self.calls)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.calls.append("load")


def test_seconds_add_up_by_name() -> None:
    watch = Watch(Ticks())
    for name in ("a", "b", "a"):
        with watch.timing(name):
            pass
    assert watch.seconds == {"a": 2.0, "b": 1.0}


def test_an_optimizers_gradients_and_steps_are_timed_apart() -> None:
    heard, watch = Heard(), Watch(Ticks())
    timed = TimedOptimizer(heard, watch)
    assert timed.accumulate([1, 2], lambda x: 10 * x) == [10, 20]
    assert timed.step(7) == {"grad_norm": 1.0}
    timed.zero_grad()
    timed.load_state_dict(timed.state_dict())
    assert heard.calls == ["accumulate", "step 7", "zero_grad", "load"]
    assert watch.seconds == {"learn": 1.0, "optimizer": 1.0}


def test_sampling_is_timed_with_as_many_rows_as_the_run_has_and_fewer_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine where a prompt's eight completions of 56 tokens take 3 s at best: 16 prompts and 100 problems."""
    asked: list[tuple[int, int, int]] = []

    def build_rollouts(config: Any, *_: Any) -> Any:
        def sample(prompts: Any, n: int, step: int) -> list[list[Rollout]]:
            asked.append((len(prompts), n, config.grpo.sampling.max_tokens))
            return [[rollout([5] * config.grpo.sampling.max_tokens)] * n for _ in prompts]

        return sample

    monkeypatch.setattr("whet.build.roles.build_rollouts", build_rollouts)
    prompts = [prompt(str(number), (1, 2, 3)) for number in range(100)]
    # two parameters, no attention: 2 · 128 + 2 FLOPs to prefill a prompt, and 4 for each of 8 · 56 tokens
    limit = Limit(Shape(1, 1, layers=1, heads=0, kv_heads=0, head_size=0, bytes_per_weight=0), Machine(2050 / 3, 1.0))
    made: Any = object.__new__(_Calibration)
    made.config = load_recipe("quickstart", {"eval.problems": 100})
    made.limit, made.watch = limit, Watch(Ticks())
    made.policy = SimpleNamespace(tokenizer=None)
    made.built = SimpleNamespace(sampler=SimpleNamespace(load=lambda policy: None, release=lambda: None))
    graded = SimpleNamespace(groups=("graded",))
    made.task = SimpleNamespace(
        stream=SimpleNamespace(draw=lambda count, step: prompts[:count]),
        eval_set=SimpleNamespace(prompts=prompts),
        reward=SimpleNamespace(grade=lambda *_: graded),
    )
    assert made._sampled() == ("graded",)
    # a fifth of 45 s at 0.3 of the limit are 2.7 s: a prompt, then 56 · 2.7 / 48 tokens, and 56 · 2.7 / 69.7
    assert asked == [(1, 8, 56), (16, 8, FEWEST), (100, 1, FEWEST)]
    # each of 16 · 8 rows has 8 tokens, in a second: (16 · (2 · 3 + 2) + 4 · 1,024) / (2,050 / 3)
    assert made.grouped == pytest.approx((16 * 8 + 4 * 1024) * 3 / 2050)
    assert made.single == pytest.approx((100 * 8 + 4 * 800) * 3 / 2050)
