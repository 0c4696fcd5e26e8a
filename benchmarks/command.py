"""`make bench`: the tables that were asked for, one after the other, each on disk as soon as it is there."""

import sys
from pathlib import Path

from benchmarks.report import save
from benchmarks.tables import FULL, QUICK, TABLES, Bench, chosen
from benchmarks.work import work_of
from whet.redact import redact
from whet.text import Log


def bench(
    quick: bool,
    tables: str | None,
    model: str | None,
    vllm_python: Path | None,
    target: float,
    shape: str,
    out: Path,
    log: Log,
) -> None:
    """Measures, prints and keeps. The options are those of `benchmarks.__main__`; progress goes to `log`."""
    command = redact(" ".join(["python -m benchmarks", *sys.argv[1:]]))
    asked = Bench(
        model=model or "SmolLM2-135M-Instruct",
        amount=QUICK if quick else FULL,
        vllm_python=str(vllm_python) if vllm_python else None,
        target=target,
        log=log,
        keep=lambda table: save(table, out, command),
        work=work_of(shape),
    ).fitted()
    for name in chosen(tables or ("equal_work,rollouts" if quick else ",".join(TABLES))):
        table = TABLES[name](asked)
        asked.keep(table)
        print(table.markdown(), flush=True)
