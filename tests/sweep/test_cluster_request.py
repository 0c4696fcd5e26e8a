"""A request as an argument of a program, and what its exit status says."""

import json
from importlib.util import find_spec

import pytest

from whet.cluster.ray_start import SHIFT
from whet.sweep.cluster_request import LOST, PROGRAM, UNUSABLE, Request, meaning


@pytest.mark.parametrize("gpus", [None, 0, 2])
def test_a_request_is_read_as_it_was_written(gpus: int | None) -> None:
    request = Request("gpu-7:6379", 4, gpus, 2, "/a folder")
    assert Request.of(request.word()) == request


def test_a_request_is_one_word_that_names_its_parts() -> None:
    word = Request("gpu-7:6379", 4, None, 2, "/a folder").word()
    assert json.loads(word) == {
        "address": "gpu-7:6379", "cpus": 4, "gpus": None, "threads": 2, "folder": "/a folder",
    }  # fmt: skip


def test_the_program_is_there() -> None:
    assert find_spec(PROGRAM)


@pytest.mark.parametrize(
    ("status", "said"),
    [(SHIFT, 0), (SHIFT + 2, 2), (SHIFT + 75, 75), (LOST, LOST), (UNUSABLE, UNUSABLE), (0, 75), (1, 75), (-6, 75)],
)
def test_what_a_status_says(status: int, said: int) -> None:
    """Without what is added, it is Ray or a signal that has ended the program, and the trial goes on."""
    assert meaning(status) == said
