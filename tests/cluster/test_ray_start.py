"""How Ray is started and joined: what it is told, and what is said where it does not begin."""

import os
import socket

import pytest

from stand_in_ray_package import installed
from whet.cluster.ray_start import ENVIRONMENT, start_ray, what_ray_says
from whet.config import RayConfig
from whet.errors import UserError


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_a_cluster_on_this_machine_has_room_for_three_versions_and_no_dashboard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ray = installed(monkeypatch)
    start_ray(RayConfig(), weight_bytes=10**9)
    ((_, address, options),) = ray.calls
    assert (address, options["include_dashboard"], options["object_store_memory"]) == ("local", False, 3 * 10**9)
    assert not options["log_to_driver"]
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0", "nothing is sent to anybody"


def test_a_small_model_has_the_smallest_store(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = installed(monkeypatch)
    start_ray(RayConfig(), weight_bytes=1000)
    assert ray.calls[0][2]["object_store_memory"] == 128 * 2**20


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    start_ray(RayConfig(), 0)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "1"


def test_a_cluster_elsewhere_is_joined_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = installed(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        start_ray(RayConfig(address=address), 10**9)
    assert ray.calls[0][1] == address
    assert "object_store_memory" not in ray.calls[0][2], "only whoever starts a cluster says how large it is"


def test_an_address_where_nobody_answers_is_refused_before_ray_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = installed(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(UserError, match=rf"rollout\.ray\.address: is {address}, where .*refused\); start it there by"):
        start_ray(RayConfig(address=address), 0)
    assert ray.calls == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("local", r"^rollout\.engine: is ray, which does not start on this machine \(no space\); set it to native$"),
        ("auto", r"^rollout\.ray\.address: is auto, where no Ray cluster can be joined \(no space\); start it there"),
    ],
)
def test_what_ray_raises_is_one_line(address: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch).fails = ConnectionError("no space\nleft")
    with pytest.raises(UserError, match=said):
        start_ray(RayConfig(address=address), 0)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("The actor died unexpectedly.\n\tpid: 3", "The actor died unexpectedly"),
        ("The actor 09af is unavailable: IOError: it is restarting. The task may", "IOError: it is restarting"),
        ("The actor died because of an error raised in its creation task, x\n  File y\nNo whet", "No whet"),
        ("", "ValueError"),
    ],
)
def test_what_ray_says_in_one_line(told: str, said: str) -> None:
    assert what_ray_says(ValueError(told)) == said
