"""The sandboxes that work on this machine."""

from collections.abc import Iterator

import pytest

from offspring import forget_others, offspring
from whet.sandbox.backends import BACKENDS, Backend
from whet.sandbox.pick import shortcoming
from whet.sandbox.run_tests import Sandbox

STRONG = [backend for backend in BACKENDS if not backend.weakness]


def works(backend: Backend) -> Backend:
    """The backend, or else the test is skipped: where this machine lacks it, never where it does not hold."""
    why = backend.missing() or shortcoming(backend)
    if why and "does not hold" in why:
        pytest.fail(why)
    if why:
        pytest.skip(f"{backend.name}: {why}")
    return backend


@pytest.fixture(autouse=True)
def _others() -> None:
    forget_others()


@pytest.fixture(params=STRONG, ids=lambda backend: backend.name)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of each strong backend, of which nothing may be left running."""
    yield Sandbox(works(request.param), timeout=10.0, memory=256)
    assert offspring() == []
