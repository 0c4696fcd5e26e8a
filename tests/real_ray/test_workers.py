"""Ray itself: workers on a cluster of this machine, killed at random, and a machine that leaves it."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import tiny
from crashes import contents
from whet.config import RayConfig
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.rollout.ray_sampler import RaySampler
from whet.types import Request, SamplingParams
from wiring import words, write_rewards

pytestmark = pytest.mark.ray

KILLS = 10
REQUESTS = [Request(tuple(range(5, 30 + place)), tuple(range(8 * place, 8 * place + 8))) for place in range(12)]
PARAMS = SamplingParams(max_tokens=200)
"""A second or so of sampling for two workers, to be killed in."""


def policy_of(seed: int = 0) -> LanguageModel:
    return LanguageModel(tiny.tiny_model(seed=seed), tiny.tiny_tokenizer())


def tokens(found: Any) -> Any:
    return [[one.tokens for one in some] for some in found]


def expected(policy: LanguageModel) -> Any:
    own = NativeSampler()
    own.load(policy)
    return tokens(own.generate(REQUESTS, PARAMS))


def sampling_processes() -> list[psutil.Process]:
    """The processes of the workers on this machine."""
    found = []
    for process in psutil.process_iter():
        try:
            if "ray::SamplingWorker" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def sampler() -> Iterator[RaySampler]:
    ray = pytest.importorskip("ray")
    from whet.rollout.ray_cluster import RayCluster

    made = RaySampler(lambda: RayCluster(RayConfig(workers=2)))
    yield made
    ray.shutdown()


def test_workers_draw_what_one_engine_draws_of_every_version(sampler: RaySampler) -> None:
    for seed in (0, 7):
        policy = policy_of(seed)
        sampler.load(policy)
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
        sampler.release()


def test_workers_killed_at_random_lose_and_double_nothing(sampler: RaySampler) -> None:
    """Ten kills by SIGKILL at random instants while both sample."""
    chance, policy, lost = random.Random(4), policy_of(), sampler.lost
    wanted = expected(policy)
    sampler.load(policy)
    for number in range(KILLS):
        killer = threading.Timer(0.05 + 0.5 * chance.random(), lambda: chance.choice(sampling_processes()).kill())
        killer.start()
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == wanted, f"after kill {number}"
        killer.join()
    assert sampler.lost - lost >= KILLS // 2, "hardly any kill met a worker that sampled"
    sampler.release()


def test_a_whole_run_whose_workers_are_killed_ends_in_the_same_bytes(tmp_path: Path) -> None:
    tiny.save_tiny(tmp_path / "model")
    rewards = json.dumps([f"{write_rewards(tmp_path)}:digits"])
    wanted = {"rewards": rewards, "sft.when": "never", "check.on_no_signal": "train", "grpo.steps": 60}
    wanted |= {"rollout.engine": "ray", "grpo.sampling.max_tokens": 60}

    def begun(name: str) -> subprocess.Popen[str]:
        line = words(tmp_path / "model", tmp_path / "runs", {**wanted, "run.name": name})
        command = [sys.executable, "-m", "whet", "train", "quickstart", *line]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    undisturbed = begun("undisturbed")
    said, _ = undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0, said
    assert said.count("engine: 2 Ray workers, prompts shared by their responses; sampler and learner agree") == 1
    run, chance = begun("killed"), random.Random(2)
    steps, killed = tmp_path / "runs" / "killed" / "metrics.jsonl", 0
    while run.poll() is None:
        time.sleep(0.3 + chance.random())
        if killed < KILLS and steps.exists() and (found := sampling_processes()):
            os.kill(chance.choice(found).pid, signal.SIGKILL)
            killed += 1
    said, _ = run.communicate()
    assert run.returncode == 0, said
    assert killed >= 3
    assert contents(steps.parent) == contents(tmp_path / "runs" / "undisturbed")


def test_a_machine_that_leaves_takes_nothing_with_it() -> None:
    """Three nodes on this machine: the one of a worker is removed while it samples, and another one joins."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    from whet.rollout.ray_cluster import RayCluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    try:
        sampler = RaySampler(lambda: RayCluster(RayConfig(address=cluster.address, workers=2)))
        policy = policy_of()
        sampler.load(policy)
        wanted = expected(policy)
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == wanted
        leaver = threading.Timer(0.3, lambda: cluster.remove_node(nodes[1], allow_graceful=False))
        leaver.start()
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == wanted
        leaver.join()
        cluster.add_node(num_cpus=1)
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == wanted
    finally:
        ray.shutdown()
        cluster.shutdown()
