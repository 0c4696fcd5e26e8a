"""The sandboxes that work on this machine."""

from collections.abc import Iterator

import pytest

from offspring import forget_others, offspring
from whet.sandbox.backends import KINDS, Backend
from whet.sandbox.pick import shortcoming
from whet.sandbox.run_tests import Sandbox

STRONG = [kind for kind in KINDS if not kind.weakness]


def works(kind: Backend) -> Backend:
    """The kind, or else the test is skipped: where this machine lacks it, never where it does not hold."""
    why = kind.missing() or shortcoming(kind)
    if why and "does not hold" in why:
        pytest.fail(why)
    if why:
        pytest.skip(f"{kind.name}: {why}")
    return kind


@pytest.fixture(autouse=True)
def _others() -> None:
    forget_others()


@pytest.fixture(params=STRONG, ids=lambda kind: kind.name)
def cell(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A cell of each strong kind, of which nothing may be left running."""
    yield Sandbox(works(request.param), timeout=10.0, memory=256)
    assert offspring() == []
