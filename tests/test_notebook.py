"""The notebook is what its script says, and runs from the first cell to the last, in a kernel, on a tiny model."""

import json
import os
import runpy
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]

SMALLER: Mapping[str, str] = {
    "level: 2": "level: 1",
    "format: think_answer\n": "check: {{problems: 4, samples: 2, rounds: 1, gold: 8}}\nformat: think_answer\n",
    "steps: 50\n  batch_size: 16": "steps: 2\n  batch_size: 2\n  held_out: 2\n  evaluate_every: 1",
    "steps: 4\n  prompts_per_step: 16\n  group_size: 8": "steps: 2\n  prompts_per_step: 2\n  group_size: 4",
    "max_tokens: 56": "max_tokens: 12",
    "eval: {{problems: 256}}": "eval: {{problems: 6}}",
    "limit=64": "limit=4",
    "sums.gguf": "sums.zip",  # llama.cpp does not know the tiny tokenizer
}
"""What is put in place of what in the notebook's code, so that it takes seconds."""


IN_THE_KERNEL = """
import shlex
from unittest.mock import patch
from whet.cli.main import main

def system(line, shell=get_ipython().system):
    words = shlex.split(get_ipython().var_expand(line))
    if words[:2] == ["whet", "score"]:
        shell(line)
        assert _exit_code == 0, line
        return
    with patch("sys.argv", words):
        try:
            main()
        except SystemExit as end:
            assert not end.code, line

get_ipython().system = system
"""
"""Runs commands of the notebook within the kernel, all but one: each process of its own would import torch anew."""


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What docs/make_notebook.py defines."""
    return runpy.run_path(str(ROOT / "docs" / "make_notebook.py"))


def test_it_is_made_of_its_script(script: dict[str, Any]) -> None:
    made = script["text_of"](script["SCRIPT"].read_text("utf-8"))
    assert script["NOTEBOOK"].read_text("utf-8") == made, "run: python docs/make_notebook.py"
    nbformat.validate(json.loads(made))


def test_cells_of_a_script(script: dict[str, Any]) -> None:
    text, code = script["notebook"]("# %% [markdown]\n# # Title\n#\n# more\n\n# %%\nx = 1\n# !ls {x}\n# why\n")["cells"]
    assert (text["cell_type"], "".join(text["source"])) == ("markdown", "# Title\n\nmore")
    assert (code["cell_type"], "".join(code["source"])) == ("code", "x = 1\n!ls {x}\n# why")


def shrunk(source: str, model: Path) -> str:
    """The script with a tiny model and small numbers."""
    changes = {"model: SmolLM2-135M-Instruct\n": f"model: {{{{name: {model}, dtype: float32}}}}\n", **SMALLER}
    for old, new in changes.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def said(cell: Any) -> str:
    """What a cell printed."""
    return "".join(output.get("text", "") for output in cell["outputs"])


def test_every_cell_runs_and_the_training_goes_on_where_it_stopped(
    script: dict[str, Any], tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shrunk(script["SCRIPT"].read_text("utf-8"), tiny_folder)
    book = nbformat.reads(script["text_of"](source), as_version=4)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    client = NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    with client.setup_kernel():
        book.cells.insert(0, nbformat.v4.new_code_cell(IN_THE_KERNEL))
        for number, cell in enumerate(book.cells):
            client.execute_cell(cell, number)
        printed = {cell["source"]: said(cell) for cell in book.cells if cell["cell_type"] == "code"}
        whole = "\n".join(printed.values())
        (training,) = (cell for cell in book.cells if "whet.resume" in cell["source"] and cell["cell_type"] == "code")
        run = tmp_path / "whet-notebook" / "runs" / "sums-001"
        figures = (run / "metrics.jsonl").read_bytes()
        shutil.rmtree(run / "final")  # as if the machine had been taken away before the end
        client.execute_cell(training, book.cells.index(training))
    for expected in (
        "<|im_start|>user",  # the prompts
        '{"accuracy": 1.0, "format_soft": 1.0}',  # the first completion that was scored
        "\n→ ",  # the check
        "memory",  # the plan
        "step   1   reward",
        "p = ",
        "pass@4",
        "reasoning",  # of the chat
        "## Made with",  # the card
    ):
        assert expected in whole, expected
    assert (run / "final").is_dir()
    assert (tmp_path / "whet-notebook" / "sums.zip").is_file()
    assert [path.name for path in run.parent.glob("sums-*")] == ["sums-001"]
    assert (run / "metrics.jsonl").read_bytes() == figures
