"""Workers as actors, by a stand-in for Ray: how they are made, what their ends are told as, and what is refused."""

from typing import Any

import pytest

import tiny
from stand_in_ray_package import ActorDiedError, ActorUnavailableError, Ray, installed
from whet.cluster import ray_head
from whet.cluster.ray_name import WorkerName
from whet.config import RayConfig
from whet.errors import ProcessLost, UserError
from whet.policy.language_model import LanguageModel
from whet.rollout import ray_cluster
from whet.rollout.native import NativeSampler
from whet.rollout.policy_state import PolicyState
from whet.rollout.ray_cluster import RayCluster
from whet.rollout.ray_drawing import WorkerLostError
from whet.types import Request, SamplingParams


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    return installed(monkeypatch)


def failing(error: Exception) -> Any:
    def raises() -> Any:
        raise error

    return raises


def test_workers_are_begun_for_ever_and_no_call_is_made_twice(ray: Ray) -> None:
    cluster = RayCluster(RayConfig(workers=2, cpus=0.5))
    assert ray.options == {
        "num_cpus": 0.5,
        "num_gpus": 0.0,
        "max_restarts": -1,
        "max_task_retries": 0,
        "max_concurrency": 1,
    }
    assert cluster.name(cluster.workers[1]).startswith("Ray worker 1 (pid ")
    policy = LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer())
    own, requests = NativeSampler(), [Request((5, 9), (3, 4))]
    own.load(policy)
    asked = cluster.ask(
        cluster.workers[0], "sample", 1, cluster.put(PolicyState.of(policy))(), requests, SamplingParams()
    )
    (ready,) = cluster.answered([asked], 1.0)
    assert cluster.answer(ready) == own.generate(requests, SamplingParams())
    cluster.end(cluster.workers[0])
    assert ray.actors[0].killed == [False], "it is begun anew"


@pytest.mark.parametrize(
    ("there", "settings", "gpus"),
    [
        ({"CPU": 8.0, "GPU": 4.0}, {}, 1.0),
        ({"CPU": 8.0}, {}, 0.0),
        ({"CPU": 8.0, "GPU": 1.0}, {"gpus": 0.5}, 0.5),
        ({"CPU": 8.0, "GPU": 1.0}, {"gpus": 0}, 0),
    ],
)
def test_each_has_a_gpu_where_there_are_some(
    ray: Ray, there: dict[str, float], settings: dict[str, Any], gpus: float
) -> None:
    ray.there = there
    cluster = RayCluster(RayConfig(**settings))
    assert ray.options["num_gpus"] == gpus
    assert {worker.made.device.type for worker in cluster.workers} == {"cuda" if gpus else "cpu"}


@pytest.mark.parametrize(
    ("there", "settings", "said"),
    [
        ({"CPU": 2.0}, {"workers": 3}, "workers: is 3, with 1 CPU each, but .* has 2 CPU; lower it to 2, or"),
        ({"CPU": 2.0}, {"cpus": 4}, "workers: is 2, with 4 CPU each, .* 2 CPU; lower it and rollout.ray.cpus"),
        ({"CPU": 8.0, "GPU": 1.0}, {}, "workers: is 2, with 1 GPU each, .* 1 GPU; lower it to 1, or lower roll"),
    ],
)  # fmt: skip
def test_a_cluster_that_is_too_small_is_refused(
    ray: Ray, there: dict[str, float], settings: dict[str, Any], said: str
) -> None:
    ray.there = there
    with pytest.raises(UserError, match=rf"^rollout\.ray\.{said}"):
        RayCluster(RayConfig(**settings))
    assert not ray.connected, "what was started for it has ended"


def test_a_cluster_that_others_have_taken_is_refused(ray: Ray) -> None:
    ray.never = 1
    with pytest.raises(UserError, match=r"^rollout\.ray\.workers: 1 of 2 have begun after 90 s: others have taken"):
        RayCluster(RayConfig())


def test_another_version_of_whet_and_none_are_refused(ray: Ray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster.SamplingWorker, "about", lambda self: WorkerName("0.0.9", 42, "gpu-7"))
    with pytest.raises(UserError, match=r"a worker, pid 42 on gpu-7, has Whet 0\.0\.9, this machine .*; install the s"):
        RayCluster(RayConfig())
    ray.replaced = ActorDiedError("The actor died because of an error raised in its creation task\nNo module 'whet'")
    with pytest.raises(UserError, match=r"address: a worker does not begin there \(No module 'whet'\); install there"):
        RayCluster(RayConfig())


def test_a_worker_that_comes_back_with_another_version_is_refused(ray: Ray) -> None:
    cluster = RayCluster(RayConfig())
    with pytest.raises(UserError, match=r"a worker, pid 42 on gpu-7, has Whet 0\.0\.9, this machine"):
        cluster.know(cluster.workers[0], WorkerName("0.0.9", 42, "gpu-7"))


@pytest.mark.parametrize(("error", "for_good"), [(ActorUnavailableError("closed"), False), (ActorDiedError("x"), True)])
def test_a_worker_that_ended_is_lost(ray: Ray, error: Exception, for_good: bool) -> None:
    with pytest.raises(WorkerLostError) as lost:
        RayCluster(RayConfig()).answer(failing(error))
    assert lost.value.for_good == for_good


def test_what_a_worker_raised_is_raised_here(ray: Ray) -> None:
    cluster = RayCluster(RayConfig())
    with pytest.raises(UserError, match=r"^lower it$"):
        cluster.answer(failing(UserError("lower it")))
    with pytest.raises(RuntimeError, match=r"^in a Ray worker: ValueError: no such shape") as wrong:
        cluster.answer(failing(ValueError("no such shape\nmore")))
    assert str(wrong.value).count("\n") == 0
    assert "more" in wrong.value.__notes__[0]


def test_a_lost_head_is_told_and_all_is_closed(ray: Ray, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = RayCluster(RayConfig())
    monkeypatch.setattr(ray_head, "EVERY", -1.0)
    monkeypatch.setattr(cluster, "_head", ray_head.Head("127.0.0.1:1", patience=-1.0))
    with pytest.raises(ProcessLost, match=r"the head of the Ray cluster at 127\.0\.0\.1:1"):
        cluster.refuse_lost_head()
    cluster.close()
    assert not ray.connected


def test_weights_that_cannot_be_stored_end_the_run(ray: Ray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "put", lambda value: failing(OSError("the store is full"))())
    with pytest.raises(ProcessLost, match=r"Ray cannot store the weights \(the store is full\): resume the run"):
        RayCluster(RayConfig()).put(None)  # type: ignore[arg-type]
