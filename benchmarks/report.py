"""Results on disk: a JSON file and, where there is something to see, a picture for each table; one page for all."""

import json
import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.picture import bars, curves
from benchmarks.table import Table

PICTURES: Mapping[str, Callable[[Table, Path], None]] = {"equal_work": bars, "learning": curves}
"""By the table's name."""

PACKAGES = ("whet", "torch", "transformers", "trl", "accelerate")


def save(table: Table, folder: Path, command: str) -> None:
    """Writes `<name>.json`, `<name>.md` and perhaps `<name>.svg`, and makes README.md of all pages there are."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"command": command, "machine": machine(), "versions": versions(), "title": table.title, **table.data}
    _write(folder / f"{table.name}.json", json.dumps(whole, indent=1))
    seen = f"\n\n![{table.title}]({table.name}.svg)" if table.name in PICTURES else ""
    on = machine()
    where = f"`{command}` on {on.get('card', on['processor'])}, {on['cores']} cores, torch {versions()['torch']}."
    _write(folder / f"{table.name}.md", f"{table.markdown()}{seen}\n\n{where}")
    if table.name in PICTURES:
        PICTURES[table.name](table, folder / f"{table.name}.svg")
    pages = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    _write(folder / "README.md", "\n\n".join(["# Results", *(page.read_text("utf-8").strip() for page in pages)]))


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    own = {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()}
    return {**own, **({"card": card} if card else {})}


def versions() -> dict[str, str]:
    """Of everything that takes part and is installed here."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """The CPU's name and the instructions that matter here."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "")
    fast = [flag for flag in ("avx512_bf16", "amx_bf16", "avx512f", "avx2") if f" {flag}" in text]
    return " ".join([name or platform.machine(), *(f"({flag})" for flag in fast[:1])])


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
