"""What changes in place waits; everything else is passed on as it is."""

from typing import Any

import torch

from whet.train_loop.waiting_roles import WaitingOptimizer, WaitingReference


class Log:
    """Notes what is asked of it, as an optimizer and as a reference."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.calls.append((name, *given)) or {"asked": name}


def test_the_step_waits_and_gradients_do_not() -> None:
    log = Log()
    optimizer: Any = WaitingOptimizer(log, lambda: log.calls.append("waited"))  # type: ignore[arg-type]
    optimizer.accumulate([1], len)
    assert optimizer.step(3) == {"asked": "step"}
    optimizer.zero_grad()
    assert optimizer.state_dict() == {"asked": "state_dict"}
    optimizer.load_state_dict({})
    assert log.calls == [
        ("accumulate", [1], len),
        "waited",
        ("step", 3),
        ("zero_grad",),
        ("state_dict",),
        ("load_state_dict", {}),
    ]


def test_a_reference_waits_before_it_follows() -> None:
    log, batch = Log(), torch.zeros(1)
    reference: Any = WaitingReference(log, lambda: log.calls.append("waited"))  # type: ignore[arg-type]
    reference.logprobs(batch)
    reference.sync(2)
    assert log.calls == [("logprobs", batch), "waited", ("sync", 2)]
