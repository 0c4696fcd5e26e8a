"""The libraries of trackers, played in a few lines: they keep what they are given, raise, or hang."""

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

Fault = Callable[[str], None]


def none(call: str) -> None:
    """Works."""


def raising(call: str, error: BaseException) -> Fault:
    """Raises `error` whenever `call` is called."""

    def fault(called: str) -> None:
        if called == call:
            raise error

    return fault


def hanging(call: str) -> Fault:
    """Never comes back from `call`."""

    def fault(called: str) -> None:
        if called == call:
            threading.Event().wait()

    return fault


class Library:
    """Plays wandb and trackio; as a run, it is what `init` gives."""

    def __init__(self, fault: Fault = none) -> None:
        self.fault = fault
        self.started: dict[str, Any] = {}
        self.axes: dict[str, str | None] = {}
        self.logged: list[tuple[dict[str, float], int | None]] = []
        self.finished = False

    def init(
        self,
        project: str | None = None,
        name: str | None = None,
        id: str | None = None,
        resume: str | None = None,
        config: Mapping[str, Any] | None = None,
        settings: Any = None,
        mode: str | None = None,
        tags: Any = None,
        entity: str | None = None,
    ) -> "Library":
        self.fault("init")
        self.started = {name: value for name, value in locals().items() if name != "self"}
        return self

    def Settings(self, **wishes: Any) -> dict[str, Any]:
        return wishes

    def define_metric(self, name: str, step_metric: str | None = None) -> None:
        self.axes[name] = step_metric

    def log(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.fault("log")
        self.logged.append((metrics, step))

    def finish(self) -> None:
        self.fault("finish")
        self.finished = True


class Writer:
    """Plays TensorBoard's."""

    made: ClassVar[list["Writer"]] = []

    def __init__(self, log_dir: str | None = None, comment: str = "") -> None:
        self.log_dir, self.texts, self.closed = log_dir, {}, False
        self.scalars: list[tuple[str, float, int]] = []
        Writer.made.append(self)

    def add_text(self, tag: str, text: str) -> None:
        self.texts[tag] = text

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self.scalars.append((tag, value, step))

    def close(self) -> None:
        self.closed = True


def install(monkeypatch: pytest.MonkeyPatch, name: str, fault: Fault = none) -> Library:
    """The library `name`, as if it were installed; nobody is logged in anywhere."""
    library = Library(fault)
    monkeypatch.setitem(sys.modules, name, library)
    for variable in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NETRC", "no-such-file")
    return library
