"""How fast the page answers over a run folder, and what its server takes: `python -m benchmarks.page_speed RUN`.

Make the run first: `python -m benchmarks.made_run FOLDER --steps 10000`. The server is a process of its own (`whet
ui`), asked over its port as a browser asks it. Prints one JSON object.
"""

import argparse
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
import psutil

LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/#token=(\S+)")
CLIENTS = 8


@dataclass
class PageServer:
    """A running `whet ui`."""

    process: subprocess.Popen[str]
    address: str
    token: str

    def client(self) -> httpx.Client:
        """A client that has the token."""
        return httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {self.token}"}, timeout=60)

    @property
    def processor_seconds(self) -> float:
        """Seconds of processor time that the server's own process has used."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def memory(self) -> float:
        """MiB that the server's own process holds."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20


@contextmanager
def page_server(runs: Path) -> Iterator[PageServer]:
    """Serves the folder `runs` within the block."""
    command = [sys.executable, "-m", "whet", "ui", str(runs), "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = next(found for line in process.stdout if (found := LINK.search(line)))
        server = PageServer(process, f"http://127.0.0.1:{link[1]}", link[2])
        _until_it_answers(server)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _until_it_answers(server: PageServer) -> None:
    with server.client() as client:
        for _ in range(300):
            try:
                client.get("/api/meanings")
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return
    raise RuntimeError("the server does not answer")


def ask(client: httpx.Client, path: str, **query: Any) -> tuple[float, Any]:
    """Milliseconds of one question, and its answer."""
    began = time.perf_counter()
    answer = client.get(f"{path}?{urlencode(query)}")
    took = 1000 * (time.perf_counter() - began)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:200]}")
    return took, answer.json()


def spread(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum, in ms."""
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        "most": round(ordered[-1], 1),
        "n": len(ordered),
    }


def first_paint(server: PageServer, client: httpx.Client, run: str) -> dict[str, float]:
    """Milliseconds until what the first screen needs is there: list, overview, strip, meanings; by question."""
    before = server.processor_seconds
    parts = {
        path: ask(client, path, run=run)[0] for path in ("/api/runs", "/api/overview", "/api/steps", "/api/meanings")
    }
    return {
        **{path: round(took, 1) for path, took in parts.items()},
        "together": round(sum(parts.values()), 1),
        "processor": round(1000 * (server.processor_seconds - before), 1),
    }


def index_time(client: httpx.Client, run: str, most: float) -> dict[str, float]:
    """Seconds until everything is indexed; the worst answer to a change of step meanwhile, in ms."""
    began, worst, rng = time.perf_counter(), 0.0, random.Random(1)
    while time.perf_counter() - began < most:
        _, found = ask(client, "/api/problems", run=run, limit=20)
        if found["indexed"]["fault"]:
            raise RuntimeError(found["indexed"]["fault"])
        if found["indexed"]["whole"]:
            break
        worst = max(worst, ask(client, "/api/step", run=run, step=rng.randrange(found["indexed"]["of"]))[0])
        time.sleep(1.0)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "steps": found["indexed"]["steps"],
        "step_ms": round(worst, 1),
    }


def questions(
    server: PageServer, client: httpx.Client, run: str, steps: int, rounds: int
) -> dict[str, dict[str, float]]:
    """The times of each kind of question, `rounds` times each; `processor` is what the server worked for one, which
    does not depend on what else the machine does."""
    rng = random.Random(2)
    cursor = ask(client, "/api/curves", run=run)[1]["runs"][0]["cursor"]
    names = [row["problem"] for row in ask(client, "/api/problems", run=run, limit=200)[1]["rows"]]

    def times(make: Callable[[], tuple[str, dict[str, Any]]]) -> dict[str, float]:
        made = [make() for _ in range(rounds)]
        before = server.processor_seconds
        found = spread([ask(client, path, run=run, **query)[0] for path, query in made])
        return {**found, "processor": round(1000 * (server.processor_seconds - before) / rounds, 1)}

    return {
        "change of step": times(lambda: ("/api/step", {"step": rng.randrange(steps)})),
        "group with its tokens": times(
            lambda: ("/api/group", {"step": rng.randrange(steps), "group": rng.randrange(8)})
        ),
        "problem over the steps": times(lambda: ("/api/problem", {"problem": rng.choice(names)})),
        "list of problems": times(lambda: ("/api/problems", {"sort": rng.choice(["-visits", "share", "-change"])})),
        "filter over all steps": times(lambda: ("/api/rollouts", {"finish": "length", "from": rng.randrange(steps)})),
        "four curves": times(lambda: ("/api/curves", {"names": "reward,entropy,grad_norm,step_time"})),
        "poll, nothing new": times(lambda: ("/api/since", {"cursor": cursor})),
    }


def together(server: PageServer, run: str, steps: int, seconds: float) -> dict[str, Any]:
    """Eight clients at once, each polling every second and changing the step twice a second; ms, and MiB at most."""
    found: dict[str, list[float]] = {"change of step": [], "poll": []}
    until = time.monotonic() + seconds
    most = [server.memory]

    def one(seed: int) -> None:
        rng = random.Random(seed)
        with server.client() as client:
            cursor = ask(client, "/api/curves", run=run)[1]["runs"][0]["cursor"]
            while not found["poll"] or time.monotonic() < until:
                for _ in range(2):
                    found["change of step"].append(ask(client, "/api/step", run=run, step=rng.randrange(steps))[0])
                    time.sleep(0.5)
                found["poll"].append(ask(client, "/api/since", run=run, cursor=cursor)[0])
                most.append(server.memory)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {**{name: spread(times) for name, times in found.items()}, "memory": round(max(most), 1)}


def measure(run: Path, rounds: int, seconds: float, index_seconds: float, anew: bool = True) -> dict[str, Any]:
    """All figures of the page over one run, from a server that has just started and, `anew`, without an index."""
    if anew:
        shutil.rmtree(run / ".cache", ignore_errors=True)
    steps = sum(1 for _ in (run / "rollouts").iterdir())
    with page_server(run.parent) as server, server.client() as client:
        found: dict[str, Any] = {"steps": steps, "memory at start": round(server.memory, 1)}
        found["first paint, cold"] = first_paint(server, client, run.name)
        found["first paint, again"] = first_paint(server, client, run.name)
        found["index"] = index_time(client, run.name, index_seconds)
        found["questions"] = questions(server, client, run.name, steps, rounds)
        found["memory before"] = round(server.memory, 1)
        found["eight clients"] = together(server, run.name, steps, seconds)
    index = run / ".cache" / "index.sqlite"
    return {**found, "index MB": round(index.stat().st_size / 1e6, 1)}


def main() -> None:
    """Measures from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--index-seconds", type=float, default=1800.0)
    parser.add_argument("--keep-index", action="store_true", help="take the index that is there")
    options = parser.parse_args()
    found = measure(options.run, options.rounds, options.seconds, options.index_seconds, not options.keep_index)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
