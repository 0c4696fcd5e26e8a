"""`make bench`: measure Whet beside TRL and vLLM on this machine."""

from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import arg

from benchmarks.command import bench
from whet.cli.exit_status import exit_status
from whet.cli.terminal import console, prepare


def main(
    *,
    quick: bool = False,
    tables: Annotated[str | None, arg(metavar="A,B")] = None,
    model: Annotated[str | None, arg(metavar="NAME")] = None,
    vllm_python: Annotated[Path | None, arg(metavar="FILE")] = None,
    target: Annotated[float, arg(metavar="ACCURACY")] = 0.4,
    shape: Annotated[str, arg(metavar="Q,G,P,C")] = "4,8,96,64",
    out: Annotated[Path, arg(metavar="FOLDER")] = Path("benchmarks/results"),
) -> None:
    """Measure Whet beside TRL and vLLM on this machine, in turn; the machine should do nothing else meanwhile.

    Args:
        quick: whole steps at equal work and rollouts only, as much as the machine does in ten minutes.
        tables: some of equal_work, rollouts, learning, slopes; the default is all, and the first two with --quick.
        model: what is trained and sampled from; the default is SmolLM2-135M-Instruct.
        vllm_python: the Python of an environment with vLLM, for the rollout table.
        target: held-out accuracy to which the learning table measures the time.
        shape: of equal work: prompts, completions of each, tokens of a prompt, of a completion; with --quick at most.
        out: where the page, the JSON files and the pictures go.
    """
    prepare()
    bench(quick, tables, model, vllm_python, target, shape, out, console(stderr=True).print)


if __name__ == "__main__":
    flags = (tyro.conf.FlagCreatePairsOff,)
    with exit_status():
        tyro.cli(main, prog="python -m benchmarks", config=flags)
