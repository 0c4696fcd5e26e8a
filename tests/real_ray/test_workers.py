"""Ray itself: workers on a cluster of this machine, killed at random, and a machine that leaves the cluster."""

import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import tiny
from offspring import below
from whet.config import RayConfig
from whet.errors import ProcessLost, UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.rollout.ray_sampler import RaySampler
from whet.types import Completion, Request, SamplingParams

pytestmark = pytest.mark.ray

KILLS = 10
LIMIT = 60.0
"""Seconds within which a failure must be told."""

REQUESTS = [Request(tuple(range(5, 30 + place)), tuple(range(8 * place, 8 * place + 8))) for place in range(12)]
PARAMS = SamplingParams(max_tokens=200)
"""About a second of sampling for two workers, to be killed in."""

REASONS = ("the head of the Ray cluster", "Ray has ended on this machine", "no Ray worker is left")
"""How messages begin that tell of a lost head."""

Found = list[list[Completion]]


@pytest.fixture(autouse=True, scope="module")
def needs_ray() -> None:
    pytest.importorskip("ray")


def sampler_of(**settings: Any) -> RaySampler:
    from whet.rollout.kept_cluster import KeptCluster

    return RaySampler(lambda policy: KeptCluster(RayConfig(**settings)), late=600)


def policy_of(seed: int = 0) -> LanguageModel:
    return LanguageModel(tiny.tiny_model(seed=seed), tiny.tiny_tokenizer())


def tokens(found: Found) -> Any:
    return [[one.tokens for one in some] for some in found]


def native(policy: LanguageModel) -> Any:
    own = NativeSampler()
    own.load(policy)
    return tokens(own.generate(REQUESTS, PARAMS))


@pytest.fixture
def sampler() -> Iterator[RaySampler]:
    made = sampler_of()
    made.load(policy_of())
    yield made
    assert made._cluster
    made._cluster.close()
    assert not below("raylet"), "a cluster on this machine ends with the sampler"


def test_workers_draw_what_one_engine_draws_of_every_version(sampler: RaySampler) -> None:
    """Twice the same bytes; log-probabilities differ from those of one larger batch by rounding."""
    for seed in (0, 7):
        policy = policy_of(seed)
        sampler.load(policy)
        found = sampler.generate(REQUESTS, PARAMS)
        assert tokens(found) == native(policy)
        assert sampler.generate(REQUESTS, PARAMS) == found
        sampler.release()


def test_workers_killed_at_random_lose_and_double_nothing(sampler: RaySampler) -> None:
    """Ten kills by SIGKILL while both sample: every time the same bytes as without one."""
    chance, wanted, seconds = random.Random(4), sampler.generate(REQUESTS, PARAMS), []
    for _ in range(4 * KILLS):
        lost = sampler.lost
        killer = threading.Timer(0.3 * chance.random(), lambda: chance.choice(below("ray::SamplingWorker")).kill())
        killer.start()
        began = time.monotonic()
        assert sampler.generate(REQUESTS, PARAMS) == wanted, f"after kill {len(seconds)}"
        killer.join()
        if sampler.lost > lost:
            seconds.append(time.monotonic() - began)
        if len(seconds) == KILLS:
            break
        time.sleep(chance.random())
    print("seconds until a step with a killed worker was whole:", [round(one, 1) for one in seconds])
    assert len(seconds) == KILLS
    assert max(seconds) < LIMIT


def test_a_worker_that_hangs_is_replaced(sampler: RaySampler) -> None:
    wanted = sampler.generate(REQUESTS, PARAMS)
    sampler._late = 5.0
    below("ray::SamplingWorker")[0].send_signal(signal.SIGSTOP)
    assert sampler.generate(REQUESTS, PARAMS) == wanted
    assert sampler.lost == 1


def steps_until(end: float, sampler: RaySampler, policy: LanguageModel, wanted: Found) -> None:
    while time.monotonic() < end:
        sampler.load(policy)
        assert sampler.generate(REQUESTS, PARAMS) == wanted


@pytest.mark.parametrize("what", ["gcs_server", "raylet"])
def test_a_lost_head_is_told_and_the_next_cluster_goes_on(what: str) -> None:
    """The head's two processes, killed while workers sample and while they do not; then a new sampler."""
    seconds, wanted = [], None
    for asleep in (0.0, 0.15, 3.0):
        sampler, policy = sampler_of(), policy_of()
        sampler.load(policy)
        found = sampler.generate(REQUESTS, PARAMS)
        assert found == (wanted or found)
        wanted = found
        killed = below(what)[0]
        killer = threading.Timer(asleep, killed.kill)
        killer.start()
        if asleep > 1:
            sampler.release()
            killer.join()
        began = time.monotonic()
        with pytest.raises(
            ProcessLost, match=r"the head of the Ray cluster|Ray has ended on this machine|no Ray worker is left"
        ):
            steps_until(began + LIMIT, sampler, policy, wanted)
        seconds.append(time.monotonic() - began)
        del sampler
    print(f"seconds until the loss of {what} was told:", [round(one, 1) for one in seconds])
    assert max(seconds) < LIMIT


def test_a_machine_that_leaves_takes_nothing_with_it() -> None:
    """Three nodes on this machine: the one of a worker is removed while it samples, and another one joins."""
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 128 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=128 * 2**20) for _ in range(2)]
    sampler = sampler_of(address=cluster.address)
    try:
        sampler.load(policy_of())
        wanted = sampler.generate(REQUESTS, PARAMS)
        assert tokens(wanted) == native(policy_of())
        leaver = threading.Timer(0.1, lambda: cluster.remove_node(nodes[1], allow_graceful=False))
        leaver.start()
        assert sampler.generate(REQUESTS, PARAMS) == wanted
        leaver.join()
        cluster.add_node(num_cpus=1, object_store_memory=128 * 2**20)
        assert sampler.generate(REQUESTS, PARAMS) == wanted
        assert sampler._cluster
        sampler._cluster.close()
        assert below("raylet"), "a cluster that was there before stays"
    finally:
        cluster.shutdown()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"workers": 500},
            r"rollout.ray.workers: is 500, with 1 CPU each, but .* has \d+ CPU; lower it to",
        ),
        (
            {"gpus": 1.0},
            r"rollout.ray.workers: is 2, with 1 GPU each, but .* has 0 GPU; lower it and roll",
        ),
        ({"address": "auto"}, r"rollout.ray.address: is auto, where no Ray cluster can be joined \(.*; start it there"),
    ],
)
def test_what_cannot_be_is_one_line(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as wrong:
        sampler_of(**settings).load(policy_of())
    assert "\n" not in str(wrong.value)


def test_a_cluster_that_is_nowhere_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(UserError, match=rf"rollout.ray.address: is {address}, where no .* \(Connection refused\)"):
        sampler_of(address=address).load(policy_of())
    assert time.monotonic() - began < LIMIT


def test_a_port_where_something_else_listens_is_told() -> None:
    """Ray itself would ask it twenty times, for 40 s each."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(UserError, match=f"rollout.ray.address: is {address}, where no Ray cluster can be joined"):
            sampler_of(address=address).load(policy_of())
    assert time.monotonic() - began < 2 * LIMIT
