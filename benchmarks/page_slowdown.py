"""How much a training slows while eight tabs follow it: `python -m benchmarks.page_slowdown MODEL --out FOLDER`.

One run of `whet train` goes on while the page is open; the tabs poll in turns, some steps with them and some without
(A B A B …), so that what drifts on the machine drifts for both. Beside the seconds of steps, which differ by more than
a page costs, it sums for how long the training's threads were ready and waited for a core: if all others wait for the
one that waits, a run loses that time and no more. `MODEL` is a model's name or folder. Prints JSON.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx

from benchmarks.made_run import make_run, metrics_of, rollouts_of, timings_of, write_step
from benchmarks.page_speed import CLIENTS, PageServer, ask, page_server
from whet.runs import jsonl

NAME = "followed"


def command(model: str, out: Path, steps: int, prompts: int, tokens: int) -> list[str]:
    """The command line of the run."""
    keys = {
        "model.name": model,
        "sft.when": "never",
        "check.on_no_signal": "train",
        "check.problems": 1,
        "check.samples": 2,
        "check.gold": 2,
        "grpo.steps": steps,
        "grpo.prompts_per_step": prompts,
        "grpo.group_size": 8,
        "grpo.sampling.max_tokens": tokens,
        "grpo.objective.entropy_bonus": 0.001,
        "eval.problems": 2,
        "run.folder": out / "runs",
        "run.name": NAME,
    }
    words = [word for name, value in keys.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "whet", "train", "quickstart", *words]


class Tabs:
    """Clients that do what a tab does that is to be seen: poll each second, look at the newest step as it comes."""

    def __init__(self, server: PageServer, count: int = CLIENTS) -> None:
        self.server, self.open, self.ended = server, threading.Event(), threading.Event()
        self.polls = 0
        self.seconds = self.processor = 0.0
        """How long the tabs were open, and the processor time of the server meanwhile."""
        self._since: tuple[float, float] | None = None
        self._threads = [threading.Thread(target=self._one, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def turn(self, on: bool) -> None:
        """Opens or closes the tabs."""
        if on == self.open.is_set():
            return
        now = (time.monotonic(), self.server.processor_seconds)
        if self._since is not None:
            self.seconds += now[0] - self._since[0]
            self.processor += now[1] - self._since[1]
        self._since = now if on else None
        self.open.set() if on else self.open.clear()

    def close(self) -> None:
        """Ends the clients."""
        self.turn(False)
        self.ended.set()
        self.open.set()
        for thread in self._threads:
            thread.join()

    def _one(self, number: int) -> None:
        time.sleep(random.Random(number).random())
        cursor = ""
        with self.server.client() as client:
            while not self.ended.is_set():
                self.open.wait()
                with suppress(RuntimeError, httpx.TransportError):
                    found = ask(client, "/api/since", run=NAME, cursor=cursor)[1]
                    self.polls += 1
                    if cursor and "metrics" in found:
                        ask(client, "/api/step", run=NAME)
                        ask(client, "/api/steps", run=NAME)
                    cursor = found["cursor"]
                time.sleep(1.0)


def seconds_waited(pid: int) -> dict[str, float]:
    """By thread of a process, the seconds that it was ready to run and had no core: the kernel's `run_delay`."""
    found = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            found[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
    return found


@dataclass
class Waited:
    """How long the training's threads waited for a core, with tabs and without."""

    pid: int
    seconds: dict[bool, float] = field(default_factory=lambda: {False: 0.0, True: 0.0})
    of: dict[bool, float] = field(default_factory=lambda: {False: 0.0, True: 0.0})
    """Of how many seconds."""
    _last: tuple[float, dict[str, float]] | None = None

    def look(self, on: bool) -> None:
        """Counts the time since the last look as time with tabs, or without."""
        now = (time.monotonic(), seconds_waited(self.pid))
        if self._last is not None:
            self.of[on] += now[0] - self._last[0]
            before = self._last[1]
            self.seconds[on] += sum(waited - before.get(thread, 0.0) for thread, waited in now[1].items())
        self._last = now

    def forget(self) -> None:
        """Does not count the time up to the next look."""
        self._last = None

    def shares(self) -> dict[str, float]:
        """Seconds waited per second, without tabs and with them."""
        return {
            name: round(self.seconds[on] / max(self.of[on], 1e-9), 4)
            for name, on in (("without", False), ("with tabs", True))
        }


def step_times(run: Path) -> list[float]:
    """Seconds of every step so far."""
    path = run / "timings.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return [record["step_time"] for record in records if record["phase"] == "grpo"]


def blocks_of(times: Sequence[float], block: int, skipped: int) -> dict[bool, list[float]]:
    """The median step of each block, by whether tabs were open: blocks take turns, the first without; the first
    `skipped` steps of each are left out, in which the turn changes."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for start in range(0, len(times) - block + 1, block):
        found[bool(start // block % 2)].append(statistics.median(times[start + skipped : start + block]))
    return found


def slowdowns(found: dict[bool, list[float]]) -> list[float]:
    """For each block with tabs: its median step over the mean of the blocks on either side of it, less 1."""
    without = found[False]
    return [
        tabs / statistics.fmean(without[place : place + 2]) - 1
        for place, tabs in enumerate(found[True])
        if place + 1 < len(without)
    ]


def measure(
    model: str, out: Path, steps: int, block: int, prompts: int, tokens: int, count: int = CLIENTS
) -> dict[str, Any]:
    """Trains, opens and closes the tabs by turns, and compares."""
    runs = out / "runs"
    runs.mkdir(parents=True)
    training = subprocess.Popen(command(model, out, steps, prompts, tokens), stdout=subprocess.DEVNULL)
    waited = Waited(training.pid)
    with page_server(runs) as server:
        tabs = Tabs(server, count)
        try:
            while training.poll() is None:
                done = len(step_times(runs / NAME))
                on = bool(done // block % 2)
                tabs.turn(on)
                waited.look(on) if done and done % block else waited.forget()
                time.sleep(0.2)
        finally:
            tabs.close()
    found = blocks_of(step_times(runs / NAME), block, skipped=max(1, block // 8))
    changes = slowdowns(found)
    return {
        "steps": len(step_times(runs / NAME)),
        "seconds without": [round(value, 4) for value in found[False]],
        "seconds with": [round(value, 4) for value in found[True]],
        "slower by": [round(value, 4) for value in changes],
        "median": round(statistics.median(changes), 4),
        "seconds that the training's threads waited for a core, per second": waited.shares(),
        "polls": tabs.polls,
        "processor seconds of the server, per second with tabs": round(tabs.processor / max(tabs.seconds, 1e-9), 4),
    }


def server_share(out: Path, seconds: float, known: int = 200) -> dict[str, Any]:
    """What the server works while a made run grows by a step of 64 responses each second, with eight tabs and with
    none: processor seconds per second, which does not depend on what else the machine does."""
    run = make_run(out / "runs" / NAME, steps=known)
    found: dict[str, Any] = {}
    with page_server(run.parent) as server:
        tabs = Tabs(server)
        try:
            for number, on in enumerate((False, True, False, True)):
                tabs.turn(on)
                began, before = time.monotonic(), server.processor_seconds
                _grow(run, known + 1000 * number, seconds)
                share = (server.processor_seconds - before) / (time.monotonic() - began)
                found.setdefault("with tabs" if on else "without", []).append(round(share, 4))
        finally:
            tabs.close()
        return {**found, "polls": tabs.polls, "memory": round(server.memory, 1)}


def _grow(run: Path, first: int, seconds: float) -> None:
    """Adds a step each second, as a training does: rollouts first, then metrics and timings."""
    until, step = time.monotonic() + seconds, first
    while time.monotonic() < until:
        records = rollouts_of(step, 8, 8, (100, 256), 7473, 0, share=0.5)
        write_step(run, step, records)
        jsonl.append(run / "metrics.jsonl", metrics_of(step, records))
        jsonl.append(run / "timings.jsonl", timings_of(step))
        step += 1
        time.sleep(1.0)


def main() -> None:
    """Measures from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "model", help="a model to train, or `none`: the server's work alone, over a made run that grows"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--block", type=int, default=12)
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--tabs", type=int, default=CLIENTS, help="that are to be seen: the others do not poll")
    parser.add_argument("--seconds", type=float, default=15.0, help="with `none`: of each turn")
    options = parser.parse_args()
    if options.model == "none":
        print(json.dumps(server_share(options.out, options.seconds), indent=2))
        return
    found = measure(
        options.model, options.out, options.steps, options.block, options.prompts, options.tokens, options.tabs
    )
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
