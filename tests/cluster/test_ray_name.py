"""Where a process lives, and the refusal of another version of Whet."""

import os
import socket

import pytest

from whet import __version__
from whet.cluster.ray_name import WorkerName, own_name, refuse_other_version
from whet.errors import UserError


def test_a_process_knows_where_it_lives() -> None:
    assert own_name() == WorkerName(__version__, os.getpid(), socket.gethostname())
    assert str(WorkerName("1", 42, "gpu-7")) == "pid 42 on gpu-7"


def test_the_same_version_is_taken_and_another_one_refused() -> None:
    refuse_other_version(own_name())
    with pytest.raises(
        UserError, match=r"^--ray: a worker, pid 42 on gpu-7, has Whet 0\.0\.9, this machine .*; install"
    ):
        refuse_other_version(WorkerName("0.0.9", 42, "gpu-7"), "--ray")
