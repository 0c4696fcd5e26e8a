"""A cluster behind a keeper, a real process: the same responses, and its end is told whatever ended it."""

import os
import signal
from pathlib import Path

import pytest

import tiny
from whet.errors import ProcessLost, UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.kept_cluster import KeptCluster
from whet.rollout.native import NativeSampler
from whet.rollout.ray_sampler import RaySampler
from whet.types import Request, SamplingParams

REQUESTS = [Request((5, 9 + place, 33), (place, 100 + place)) for place in range(7)]
PARAMS = SamplingParams(max_tokens=6)


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def cluster_of(count: int, dies: bool = False) -> KeptCluster:
    return KeptCluster(count, dies, module="stand_in_keeper")


def policy_of(seed: int) -> LanguageModel:
    return LanguageModel(tiny.tiny_model(seed=seed), tiny.tiny_tokenizer())


def test_weights_and_responses_cross_the_pipe_and_a_killed_keeper_is_told() -> None:
    """Two versions of the weights, a worker that ends on the way, a stream; then SIGKILL."""
    cluster = cluster_of(2)
    sampler = RaySampler(lambda policy: cluster, late=60)
    for seed in (0, 5):
        policy, own = policy_of(seed), NativeSampler()
        own.load(policy)
        sampler.load(policy)
        for found, wanted in zip(sampler.generate(REQUESTS, PARAMS), own.generate(REQUESTS, PARAMS), strict=True):
            assert [one.tokens for one in found] == [one.tokens for one in wanted]
    assert sampler.lost == 1
    assert sampler.describe(policy) == "fused decoder in 2 Ray workers"
    os.kill(cluster._process.pid, signal.SIGKILL)
    said = rf"Ray has ended on this machine \(its keeper, pid {cluster._process.pid}, is gone\): once a cluster"
    with pytest.raises(ProcessLost, match=said):
        sampler.generate(REQUESTS, PARAMS)
    with pytest.raises(ProcessLost, match=said):
        sampler.load(policy)
    cluster.close()
    assert cluster._process.returncode == -signal.SIGKILL


def test_what_ray_does_to_its_process_is_told_and_what_it_refuses_is_refused() -> None:
    cluster = cluster_of(1, dies=True)
    with pytest.raises(ProcessLost, match="Ray has ended on this machine"):
        cluster.refuse_lost_head()
    cluster.close()
    with pytest.raises(UserError, match=r"^rollout\.ray\.workers: is 0$"):
        cluster_of(0)
    with pytest.raises(UserError, match=r"^rollout\.engine: is ray, which does not .* \(no such library\); set"):
        cluster_of(-1)


def test_the_keeper_ends_with_whom_it_serves() -> None:
    cluster = cluster_of(1)
    assert cluster._process.poll() is None
    assert os.getpgid(cluster._process.pid) != os.getpgid(0), "Ctrl-C in the terminal is not for Ray"
    cluster.close()
    assert cluster._process.returncode == 0
    with pytest.raises(ProcessLost):
        cluster.refuse_lost_head()
