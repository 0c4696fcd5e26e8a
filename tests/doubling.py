"""A file of problems: what is twice a number."""

import json
from pathlib import Path


def rows(folder: Path, count: int, **more: str) -> Path:
    path = folder / "rows.jsonl"
    lines = [{"question": f"What is {n} + {n}?", "answer": str(2 * n), **more} for n in range(count)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
