"""torchrun's environment variables."""

import pytest

from whet.compute.rank import is_one_of_several, local_count, rank

ALL = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (True, 3, 2)),
        ({"LOCAL_WORLD_SIZE": None}, (True, 3, 4)),
        ({"WORLD_SIZE": "1", "RANK": "0"}, (False, 0, 1)),  # torchrun with one process
        ({"MASTER_ADDR": None}, (False, 0, 1)),  # set by somebody else
    ],
)
def test_ranks(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None], expected: tuple[bool, int, int]
) -> None:
    for name, value in {**ALL, **changes}.items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    assert (is_one_of_several(), rank(), local_count()) == expected
