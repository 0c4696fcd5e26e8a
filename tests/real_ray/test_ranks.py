"""Ray itself: the processes of a run on the nodes of a cluster, as on one machine, and whatever of it is lost."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import tiny
from crashes import contents
from offspring import below
from processes import soon
from whet.sweep.run_trial import is_in_use
from wiring import words, write_rewards

pytestmark = pytest.mark.ray

SMALL = {"object_store_memory": 128 * 2**20}

STEPS, MANY = 6, 320
"""Steps of a run that is left alone, and of one that is struck: it goes on for 20 seconds once its head is lost."""

LIMIT = 60.0
"""Seconds within which a run must have ended with a line that says why."""

KILLS = 10

INTERRUPTED = 75


VARIABLES = {"OMP_NUM_THREADS": "1", "RAY_memory_monitor_refresh_ms": "0"}  # else Ray kills where others need memory


@pytest.fixture(autouse=True, scope="module")
def variables() -> Iterator[None]:
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("ranks")
    tiny.save_tiny(work / "model")
    write_rewards(work)
    return work


class Machines:
    """A cluster of a head without cores and two nodes, all on this machine."""

    def __init__(self, cpus: int = 1) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False, **SMALL}
        self.cpus, self.cluster = cpus, Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.cluster.add_node(num_cpus=cpus, **SMALL) for _ in range(2)]

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def lose_a_node(self) -> None:
        self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)

    def add_a_node(self) -> None:
        self.nodes.append(self.cluster.add_node(num_cpus=self.cpus, **SMALL))

    def lose_the_head(self) -> None:
        below("gcs_server")[0].kill()

    def end(self) -> None:
        self.cluster.shutdown()


@pytest.fixture
def machines() -> Iterator[list[Machines]]:
    """The cluster, in a list whose last one counts: another may take its place."""
    found = [Machines()]
    yield found
    found[-1].end()


def command(work: Path, name: str, steps: int, **more: Any) -> list[str]:
    wanted = {"rewards": json.dumps([f"{work / 'rewards.py'}:digits"]), "sft.when": "never"}
    wanted |= {"check.on_no_signal": "train", "run.name": name, "run.save_every": 3, "grpo.steps": steps}
    wanted |= {"grpo.sampling.max_tokens": 60, "grpo.optimizer.learning_rate": 1e-4, "compute.processes": 2, **more}
    return [sys.executable, "-m", "whet", "train", "quickstart", *words(work / "model", work / "runs", wanted)]


def begun(line: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended_well(line: list[str]) -> str:
    said, _ = (run := begun(line)).communicate(timeout=600)
    assert run.returncode == 0, said
    return said


def steps(run: Path) -> int:
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def ranks() -> dict[int, psutil.Process]:
    """The processes of the run, by rank: their actors have started them."""
    found = {}
    for actor in below("ray::NodeProcess"):
        with suppress(psutil.Error, KeyError):  # it has just ended, or is about to begin
            found |= {int(child.environ()["RANK"]): child for child in actor.children()}
    return found


def responses(run: Path) -> list[tuple[int, str, str]]:
    files = sorted((run / "rollouts").glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return [(line["step"], line["problem"], line["text"]) for line in lines]


def test_two_nodes_end_as_two_processes_of_one_machine(folder: Path, machines: list[Machines]) -> None:
    ended_well(command(folder, "here", STEPS))
    run = begun(command(folder, "there", STEPS, **{"compute.ray": machines[-1].address}))
    assert soon(lambda: len(ranks()) == 2, LIMIT)
    seen = [one.environ() for _, one in sorted(ranks().items())]
    said, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == 0, said
    assert [one["LOCAL_RANK"] for one in seen] == ["0", "0"], "each has a node of its own"
    assert f"[GRPO {STEPS}/{STEPS}]" in said
    assert said.count("everything is in") == 1
    assert contents(folder / "runs" / "there") == contents(folder / "runs" / "here")
    assert not ranks()


def test_rays_workers_sample_for_processes_on_the_same_cluster(folder: Path) -> None:
    machines = Machines(cpus=2)
    try:
        engine = {"rollout.engine": "ray", "rollout.ray": json.dumps({"address": machines.address, "workers": 2})}
        line = command(folder, "sampled", STEPS, **{"compute.ray": machines.address}, **engine)
        assert "engine: fused decoder in 2 Ray workers" in ended_well(line)
    finally:
        machines.end()
    assert responses(folder / "runs" / "sampled") == responses(folder / "runs" / "here")


def kill_a_rank(machines: Machines, run: "subprocess.Popen[str]") -> None:
    ranks()[1].kill()


def lose_a_node(machines: Machines, run: "subprocess.Popen[str]") -> None:
    machines.lose_a_node()


def lose_the_head(machines: Machines, run: "subprocess.Popen[str]") -> None:
    machines.lose_the_head()


def kill_the_program(machines: Machines, run: "subprocess.Popen[str]") -> None:
    """As Ray ends it, with its processes, where its own process on this machine is lost."""
    psutil.Process(run.pid).children()[0].kill()


def stop(machines: Machines, run: "subprocess.Popen[str]") -> None:
    run.send_signal(signal.SIGINT)


STRIKES: Mapping[Callable[[Machines, "subprocess.Popen[str]"], None], str] = {
    kill_a_rank: r"process 1 of 2 on \S+ was ended by SIGKILL",
    lose_a_node: r"process [01] of 2 was lost: \S+ has left the Ray cluster",
    kill_the_program: r"Ray has ended on this machine \(its process here was ended by SIGKILL\)",
    stop: r"stopped after step \d+ of 320, which is saved",
    lose_the_head: r"the head of the Ray cluster at \S+ has not answered for 20 s",
}
"""What befalls a run, in turn, and what it says then."""


def test_whatever_is_lost_is_told_and_the_run_resumed(folder: Path, machines: list[Machines]) -> None:
    """It ends in the bytes of one that was left alone on one machine."""
    ended_well(command(folder, "alone", MANY))
    path, seconds = folder / "runs" / "struck", dict[str, float]()
    line = command(folder, path.name, MANY, **{"compute.ray": machines[-1].address})
    for strike, reason in STRIKES.items():
        before, run = steps(path), begun(line)
        assert soon(lambda run=run, before=before: steps(path) > before or run.poll() is not None, LIMIT)
        assert run.poll() is None, run.communicate()[0]
        strike(machines[-1], run)
        began = time.monotonic()
        said, _ = run.communicate(timeout=2 * LIMIT)
        seconds[strike.__name__] = round(time.monotonic() - began, 1)
        assert run.returncode == INTERRUPTED, said
        assert re.search(reason, said), said
        assert "Traceback" not in said
        assert soon(lambda: not is_in_use(path), LIMIT), "who was left behind ends by itself"
        line = [sys.executable, "-m", "whet", "resume", str(path)]
        if strike is lose_a_node:
            machines[-1].add_a_node()
    print("seconds until it had ended:", seconds)
    machines.pop().end()
    machines.append(Machines())
    ended_well([*line, "--ray", machines[-1].address])
    assert max(seconds.values()) < LIMIT
    assert contents(path) == contents(folder / "runs" / "alone")
    assert soon(lambda: not ranks(), LIMIT)


def test_ranks_killed_at_random_ten_times(folder: Path, machines: list[Machines]) -> None:
    """Either rank, at any instant of training: each is named, and the run ends in the bytes of one left alone."""
    if not (folder / "runs" / "alone").exists():
        ended_well(command(folder, "alone", MANY))
    path, chance, seconds = folder / "runs" / "killed", random.Random(3), list[float]()
    line = command(folder, path.name, MANY, **{"compute.ray": machines[-1].address})
    for number in range(KILLS):
        before, run = steps(path), begun(line)
        assert soon(lambda run=run, before=before: steps(path) > before or run.poll() is not None, LIMIT)
        assert run.poll() is None, run.communicate()[0]
        time.sleep(chance.random())
        rank, began = chance.randrange(2), time.monotonic()
        ranks()[rank].kill()
        said, _ = run.communicate(timeout=2 * LIMIT)
        seconds.append(round(time.monotonic() - began, 1))
        assert run.returncode == INTERRUPTED, said
        assert re.search(rf"process {rank} of 2 on \S+ was ended by SIGKILL", said), said
        assert steps(path) < MANY, f"kill {number} came too late"
        assert soon(lambda: not is_in_use(path), LIMIT)
        line = [sys.executable, "-m", "whet", "resume", str(path)]
    print("seconds until it had ended:", seconds)
    ended_well(line)
    assert max(seconds) < LIMIT
    assert contents(path) == contents(folder / "runs" / "alone")
