"""Stands in for the package Ray: the calls that Whet makes, with actors that live in this process."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class RayError(Exception):
    pass


class ActorDiedError(RayError):
    pass


class ActorUnavailableError(RayError):
    pass


class RayTaskError(RayError):
    def __init__(self, cause: Exception) -> None:
        super().__init__(f"Traceback: {cause}")
        self.cause = cause


class Actor:
    """A handle of an actor: each method has `remote`."""

    def __init__(self, made: Any) -> None:
        self.made, self.killed = made, list[bool]()

    def __getattr__(self, name: str) -> Any:
        def remote(*arguments: Any) -> Any:
            def work() -> Any:
                if isinstance(self.made, Exception):
                    raise self.made
                return getattr(self.made, name)(*arguments)

            return work

        return SimpleNamespace(remote=remote)


class Ray(ModuleType):
    """`ray`: a handle of an answer is a function that has it."""

    exceptions = SimpleNamespace(
        RayError=RayError, ActorDiedError=ActorDiedError, ActorUnavailableError=ActorUnavailableError
    )

    def __init__(self) -> None:
        super().__init__("ray")
        self.calls: list[tuple[str, Any, Any]] = []
        self.connected, self.fails = False, None
        self.there: dict[str, float] = {"CPU": 2.0}
        self.options: dict[str, Any] = {}
        self.machines: list[dict[str, Any]] = []
        self.actors: list[Actor] = []
        self.replaced: Any = None
        """Takes the place of an actor when it is made."""
        self.never = 0
        """Answers that do not come."""

    def init(self, address: str, **options: Any) -> None:
        self.calls.append(("init", address, options))
        if self.fails:
            raise self.fails
        self.connected = True

    def shutdown(self) -> None:
        self.calls.append(("shutdown", None, None))
        self.connected = False

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(gcs_address="127.0.0.1:6379")

    def cluster_resources(self) -> dict[str, float]:
        return self.there

    def nodes(self) -> list[dict[str, Any]]:
        return self.machines

    def remote(self, **options: Any) -> Any:
        self.options = options

        def of(kind: Any) -> Any:
            def remote(*arguments: Any) -> Actor:
                self.actors.append(Actor(self.replaced or kind(*arguments)))
                return self.actors[-1]

            return SimpleNamespace(remote=remote)

        return of

    def put(self, value: Any) -> Any:
        return lambda: value

    def wait(self, handles: list[Any], num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        there = min(num_returns, len(handles) - self.never)
        return handles[:there], handles[there:]

    def get(self, handle: Any) -> Any:
        try:
            return handle()
        except RayError:
            raise
        except Exception as error:
            raise RayTaskError(error) from error

    def kill(self, actor: Actor, no_restart: bool = True) -> None:
        actor.killed.append(no_restart)


def installed(monkeypatch: pytest.MonkeyPatch) -> Ray:
    """Puts the stand-in in Ray's place."""
    package = Ray()
    monkeypatch.setitem(sys.modules, "ray", package)
    return package
