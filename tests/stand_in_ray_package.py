"""Stands in for the package Ray: the calls that Whet makes, with actors that live in this process."""

import sys
from functools import partial
from pathlib import Path
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


def _raised(error: Exception) -> Any:
    raise error


class Actor:
    """A handle of an actor: each method has `remote`."""

    def __init__(self, made: Any) -> None:
        self.made, self.killed = made, list[bool]()

    def __getattr__(self, name: str) -> Any:
        def remote(*arguments: Any) -> Any:
            try:
                if isinstance(self.made, Exception):
                    raise self.made
                found = getattr(self.made, name)(*arguments)
            except Exception as error:
                return partial(_raised, error)
            return lambda: found

        return SimpleNamespace(remote=remote)


class Group:
    """A placement group: there is room for it after so many looks."""

    def __init__(self, bundles: list[dict[str, float]], strategy: str, looks: int) -> None:
        self.bundles, self.strategy, self.looks = bundles, strategy, looks

    def wait(self, seconds: float) -> bool:
        self.looks -= 1
        return self.looks < 0


class Strategy:
    """An actor's place in a placement group."""

    def __init__(self, group: Group, placement_group_bundle_index: int) -> None:
        self.group, self.place = group, placement_group_bundle_index


class Ray(ModuleType):
    """`ray`: a handle of an answer is a function that has it."""

    exceptions = SimpleNamespace(
        RayError=RayError, ActorDiedError=ActorDiedError, ActorUnavailableError=ActorUnavailableError
    )

    def __init__(self) -> None:
        super().__init__("ray")
        self.calls: list[tuple[str, Any, Any]] = []
        self.connected, self.fails = False, None
        self.folder = ""
        """In which it was begun, where its actors look for modules first."""
        self.there: dict[str, float] = {"CPU": 2.0}
        self.options: dict[str, Any] = {}
        self.all_options: list[dict[str, Any]] = []
        self.machines: list[dict[str, Any]] = []
        self.actors: list[Actor] = []
        self.replaced: Any = None
        """Takes the place of an actor when it is made; of a list, the next one."""
        self.never = 0
        """Answers that do not come."""
        self.gpus: list[str] = []
        """Those of this process."""
        self.groups: list[Group] = []
        self.looks = 0
        """How often one looks in vain whether there is room for a placement group."""
        self.util = SimpleNamespace(get_node_ip_address=lambda: "127.0.0.1", placement_group=self.placement_group)

    def init(self, address: str, **options: Any) -> None:
        self.calls.append(("init", address, options))
        self.folder = str(Path.cwd())
        if self.fails:
            raise self.fails
        self.connected = True

    def shutdown(self) -> None:
        self.calls.append(("shutdown", None, None))
        self.connected = False

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(
            gcs_address="127.0.0.1:6379", get_node_id=lambda: "n1", get_accelerator_ids=lambda: {"GPU": self.gpus}
        )

    def placement_group(self, bundles: list[dict[str, float]], strategy: str) -> Group:
        self.groups.append(Group(bundles, strategy, self.looks))
        return self.groups[-1]

    def cluster_resources(self) -> dict[str, float]:
        return self.there

    def nodes(self) -> list[dict[str, Any]]:
        return self.machines

    def remote(self, **options: Any) -> Any:
        self.options = options
        self.all_options.append(options)

        def of(kind: Any) -> Any:
            def remote(*arguments: Any) -> Actor:
                of_list = isinstance(self.replaced, list)
                self.actors.append(Actor((self.replaced.pop(0) if of_list else self.replaced) or kind(*arguments)))
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
    package, strategies = Ray(), ModuleType("ray.util.scheduling_strategies")
    strategies.PlacementGroupSchedulingStrategy = Strategy  # type: ignore[attr-defined]
    for name, module in (("ray", package), ("ray.util", ModuleType("ray.util")), (strategies.__name__, strategies)):
        monkeypatch.setitem(sys.modules, name, module)
    return package
