"""Whet on a GPU in one run of at most eight minutes: right first, then timed, each figure beside what was expected.

    python -m benchmarks.gpu --out FOLDER [--sections environment,correct] [--seconds 440]

Every section stands alone, and `gpu.json` is written again after every figure: a run that is cut short has brought back
all it had measured. Without a GPU, or with `--rehearse`, the same sections run on a model of a few thousand weights:
that shows that the program works, and its times mean nothing. benchmarks/README.md says what to carry.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import tyro

from benchmarks.gpu_correct import correct
from benchmarks.gpu_learn import head, learn, long, varlen
from benchmarks.gpu_stage import Stage
from benchmarks.gpu_steps import decode, environment, refill, train, trl, whole
from whet.text import first_line

SECTIONS: Mapping[str, Callable[[Stage], None]] = {
    section.__name__: section
    for section in (environment, correct, varlen, whole, decode, refill, learn, long, trl, head, train)
}
"""In the order in which they run: what is wrong must be known before anything is timed."""

OUT = Path(os.environ.get("OUT", "gpu_out"))

SHORTEST = 15.0
"""Seconds that must be left for another section to begin."""


@dataclass
class Report:
    """Figures by section and name, each with what was expected, in `gpu.json`."""

    path: Path
    about: Mapping[str, Any]
    found: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def say(self, section: str, name: str, value: Any, expected: str = "") -> None:
        """Prints a figure and writes all so far."""
        self.found.setdefault(section, {})[name] = {"value": value, "expected": expected}
        beside = f"   (expected {expected})" if expected else ""
        print(f"{section:12} {name:58} {value}{beside}", flush=True)
        whole = json.dumps({**self.about, "figures": self.found}, indent=1, default=str)
        self.path.write_text(whole + "\n", encoding="utf-8")


def run(out: Path, names: list[str], seconds: float, rehearse: bool) -> Report:
    """Runs these sections while time is left; one that fails is recorded, and the next one runs."""
    out.mkdir(parents=True, exist_ok=True)
    is_real = torch.cuda.is_available() and not rehearse
    card = torch.cuda.get_device_name() if is_real else "none: a rehearsal, its times mean nothing"
    report = Report(out / "gpu.json", {"card": card, "torch": torch.__version__, "command": " ".join(sys.argv)})
    began = time.perf_counter()
    for name in names:
        left = seconds - (time.perf_counter() - began)
        if left < SHORTEST:
            report.say(name, "section", "left out: no time")
            continue
        started = time.perf_counter()
        stage = Stage(out, is_real, left, lambda *figure, name=name: report.say(name, *figure))
        try:
            SECTIONS[name](stage)
        except Exception as error:  # whatever it is, the other sections are worth having
            traceback.print_exc()
            report.say(name, "section", f"BROKE: {type(error).__name__}: {first_line(error)[:200]}")
        report.say(name, "seconds", round(time.perf_counter() - started, 1))
        stage.clear()
    return report


def main(
    out: Path = OUT,
    sections: str = ",".join(SECTIONS),
    seconds: float = 440.0,
    rehearse: bool = False,
) -> int:
    """Check and measure Whet on this machine's GPU.

    Args:
        out: where `gpu.json`, the tables of kernels and the random model go.
        sections: some of them, by name, in this order.
        seconds: after which no further section begins.
        rehearse: run on the CPU with a tiny model, whatever there is.
    """
    names = sections.split(",")
    if unknown := [name for name in names if name not in SECTIONS]:
        print(f"--sections: {unknown[0]!r} is none of {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    found = run(out, names, seconds, rehearse).found
    broken = [name for name, figures in found.items() if str(figures.get("section", "")).count("BROKE")]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
