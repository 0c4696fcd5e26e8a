"""Makes examples/whet_colab.ipynb from examples/whet_colab.py: `python docs/make_notebook.py`.

The script is in the percent format: `# %%` begins a cell of code, `# %% [markdown]` one of text, whose lines are
comments. A line of code that begins with `# !` is a command of the shell.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "examples" / "whet_colab.py"
NOTEBOOK = SCRIPT.with_suffix(".ipynb")

CELL = re.compile(r"^# %%(?P<kind> \[markdown\])?\n(?P<body>.*?)(?=^# %%|\Z)", re.MULTILINE | re.DOTALL)


def notebook(script: str) -> dict[str, Any]:
    """Returns the notebook of a script, in nbformat 4.5, without outputs."""
    return {
        "cells": list(_cells(script)),
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cells(script: str) -> Iterator[dict[str, Any]]:
    for number, cell in enumerate(CELL.finditer(script)):
        body, is_text = cell["body"].strip("\n"), bool(cell["kind"])
        pattern, replacement = (r"^# ?", "") if is_text else (r"^# !", "!")
        source = re.sub(pattern, replacement, body, flags=re.MULTILINE)
        made = {
            "cell_type": "markdown" if is_text else "code",
            "id": sha256(f"{number} {source}".encode()).hexdigest()[:8],
            "metadata": {},
            "source": source.splitlines(keepends=True),
        }
        yield made if is_text else {**made, "execution_count": None, "outputs": []}


def text_of(script: str) -> str:
    """Returns the notebook's file."""
    return json.dumps(notebook(script), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    NOTEBOOK.write_text(text_of(SCRIPT.read_text("utf-8")), "utf-8")
    print(NOTEBOOK)
