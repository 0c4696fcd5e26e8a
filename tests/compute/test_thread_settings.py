"""Whether how threads wait is settled already."""

import pytest

from whet.compute.thread_settings import SETTINGS, waits_are_settled


@pytest.mark.parametrize(
    ("variables", "settled"),
    [
        ({}, False),
        ({"OMP_NUM_THREADS": "2"}, False),
        ({"OMP_NUM_THREADS": "1"}, True),
        *(({one: "5"}, True) for one in SETTINGS),
    ],
)
def test_a_variable_or_a_single_thread_settles_it(
    variables: dict[str, str], settled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*SETTINGS, "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert waits_are_settled() is settled
