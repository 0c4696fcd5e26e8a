"""What is measured, with a clock that counts its own readings."""

from collections.abc import Mapping
from typing import Any

from whet.plan.calibrate import TimedOptimizer, Watch


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
