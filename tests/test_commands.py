"""Every command in the documents and the notebook is run, on a tiny model, or is in a short table with the reason."""

import builtins
import io
import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ranks import in_processes
from whet.api import train
from whet.cli.main import main
from whet.recipe import dump_recipe, recipe_names
from wiring import listening, shrunk, status

ROOT = Path(__file__).resolve().parents[1]

PROGRAMS = r"(?:whet(?!:)|make|python|pip|pipx|hf|vllm|ray|sglang|llama-\w+|ollama|mlx_\w+\.\w+|torchrun)\b"

NOT_RUN: Mapping[str, str] = {
    r"make [a-z-]+": "sets up an environment; tests/house/test_docs.py: the target is there, and CI runs `make test`",
    r"pipx install dist/whet-\*\.whl": "minutes; `make release-check` does it in a fresh environment",
    r"pip install .*": "the package index; `make release-check` resolves every extra",
    r"torchrun .*": "several machines; tests/reliability has several processes",
    r"hf auth login|whet push (?!.*--dry-run).*": "the hub; tests/publish has one in its place",
    r"(vllm|ray|llama-\w+|ollama|mlx_\w+\.\w+|python -m sglang\S*) .*": "other people's programs",
    r"python -m benchmarks\.\w+.*|python benchmarks/\w+\.py": "minutes to an hour; tests/bench runs their parts",
    r"python docs/\w+\.py": "tests/house runs them",
    r"python -m build": "`make release-check` runs it",
    r"python -m whet": "tests/test___main__.py runs it",
    r"whet (train|check) (" + "|".join(recipe_names()) + r")\b.*": "the hub; tests/test_recipes.py, on real rows",
    r"whet (export|serve) .*\.gguf.*|whet export .*--kind (gguf|ollama).*": "a tokenizer that llama.cpp knows; "
    "tests/export has one, and `make release-check` exports the real model",
    r"whet train .*--rollout\.engine ray.*": "Ray, in an environment of its own; `make test-ray` trains through it",
    r"whet (train .*--compute\.ray|resume .*--ray) .*": "a cluster; `make test-ray` has one, and such runs on it",
    r"whet sweep .*--ray .*": "a cluster; `make test-ray` has one, and a sweep on it",
    r"whet train .*--rollout\.engine vllm.*": "vLLM, in an environment of its own; `make test-vllm` trains through it",
    r".*\{(RUN|HOME|RECIPE)\}.*": "tests/test_notebook.py runs the notebook",
}
"""By pattern, commands that are not run here, and why."""

TINY: Mapping[str, str] = {
    r":step-\d+": ":step-1",
    r"--step \d+": "--step 1",
    r"--samples \d+": "--samples 2",
    r"--grpo\.steps \d+": "--grpo.steps 1",
    r"--to my-recipe\.yaml": "--to problems.yaml",
    r"--space space\.yaml( --trials \d+)?": "--space space.yaml --trials 1",
    r"--compute\.processes \d+": "--compute.processes 2",
    r"plan (my-recipe|problems|quickstart)(\.yaml)?": "plan my-recipe.yaml",
    r"(?<=\s)runs/": "",
    r"problems-001|toy-arithmetic-001|gsm8k-output-consistency-001": "quickstart-001",
}
"""What is put in place of what, so that commands fit the tiny run and those that say the same are run once."""

LINES = (
    {
        "prompt": "1 + 1?",
        "completion": "<think>1 + 1 = 2</think> <answer>2</answer>",
        "answer": "2",
        "completion_ids": [1, 2],
    },
    {"prompt": "1 + 2?", "completion": "It is 4.", "answer": "3", "completion_ids": [3]},
)


def commands(text: str) -> Iterator[str]:
    """Yields the commands of a document: in blocks of code, and in a line where they are whole."""
    fenced = re.findall(r"^```([^\n]*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    blocks = [block for language, block in fenced if language in ("", "bash", "sh", "console")]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"(?m)^(?: {4}|# !)(\S.*)$", text)
    inline = re.findall(r"`((?:whet|python) [^`\n]+)`", text)
    lines += [line for line in inline if not re.search(r"[…\[]|\b[A-Z]{2,}\b|^whet \w+( -.*)?$", line)]
    for line in lines:
        plain = re.split(r"\s+#\s", line)[0]
        for part in plain.split(" && "):
            if re.match(PROGRAMS, part.strip()) and "[--" not in part:
                yield part.strip()


def documents() -> list[Path]:
    """Where commands are."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    return [*sorted(found), ROOT / "examples" / "whet_colab.py"]


def reason(command: str) -> str | None:
    """Why a command is not run; None where it is."""
    return next((why for pattern, why in NOT_RUN.items() if re.fullmatch(pattern, command)), None)


def tiny(command: str) -> str:
    """A command as it is run here."""
    for pattern, other in TINY.items():
        command = re.sub(pattern, other, command)
    return command


EVERY = sorted({command for path in documents() for command in commands(path.read_text("utf-8"))})
RUN = sorted({tiny(command) for command in EVERY if reason(command) is None})


@pytest.fixture(scope="module")
def folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands name: runs, recipes, problems, completions."""
    place = tmp_path_factory.mktemp("commands")
    config = shrunk(tiny_folder, Path("runs"), {"run.save_every": 1, "run.keep": 3})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name, lora in (("quickstart-001", None), ("my-lora-001", {"rank": 2})):
            train(config, {"run.name": name, "model.lora": lora}, view=listening()[1])
    (place / "space.yaml").write_text("grpo.optimizer.schedule: {choice: [constant, cosine]}\n", "utf-8")
    (place / "my-recipe.yaml").write_text(dump_recipe(config), "utf-8")
    shutil.copytree(place / "runs" / "quickstart-001", place / "runs" / "my-recipe-001")
    shutil.rmtree(place / "runs" / "my-recipe-001" / "final")  # as if it had been stopped
    shutil.copytree(place / "runs", place / "experiments")
    problems = [
        {"question": f"{a} + {b}?", "answer": str(a + b), "solution": f"{a + b}"} for a in range(9) for b in (1, 2)
    ]
    for name, rows in (("problems", problems), ("completions", LINES), ("answers", LINES)):
        (place / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return place


@pytest.mark.parametrize("command", RUN)
def test_a_command_of_the_documents_ends_well(
    command: str, folder: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    typed = io.TextIOWrapper(io.BytesIO(b"What is 1 + 1?\n"))
    monkeypatch.setattr("sys.stdin", typed)
    shutil.copyfile(folder / "my-recipe.yaml", folder / "problems.yaml")
    if command.startswith("whet init"):
        (folder / "problems.yaml").unlink()
        asked = {"Model": str(tiny_folder)}
        monkeypatch.setattr(builtins, "input", lambda question: asked.get(question.partition(" ")[0], ""))
    for module in ("whet.dashboard.serving", "whet.serve.serving_run"):  # a server that is told to end once it is there
        monkeypatch.setattr(f"{module}.run_until_interrupted", lambda app, listener, on_exit, ready: ready())
    monkeypatch.setattr("webbrowser.open", lambda link: True)
    monkeypatch.setattr("whet.cli.several.launch", lambda words, count, log: max(in_processes(count, status, *words)))
    with pytest.raises(SystemExit) as end:
        main(shlex.split(command)[1:])
    said = capfd.readouterr()
    assert not end.value.code, said.err
    for made in folder.glob("my-[mla]*el*"):  # my-model, my-adapter: another command may write the same
        shutil.rmtree(made) if made.is_dir() else made.unlink()
    assert said.out.strip()


def test_every_reason_is_that_of_some_command() -> None:
    met = {reason(command) for command in EVERY}
    assert [pattern for pattern, why in NOT_RUN.items() if why not in met] == []
    assert all(command.startswith("whet ") for command in RUN)
    assert len(RUN) >= 30


def test_commands_are_found() -> None:
    blocks = "    whet a  # why\n\n```yaml\nx: 1\n```\nwhet is prose\n"
    blocks += "```\nwhet b \\\n  c && ollama run x\n$ no\n```\n# !whet g {RUN}\n"
    assert list(commands(blocks)) == ["whet b    c", "ollama run x", "whet a", "whet g {RUN}"]
    inline = "`whet check d.yaml --e` `whet` `whet eval --ask` `whet f RUN`"
    assert list(commands(inline)) == ["whet check d.yaml --e"]
    assert reason("make anything")
    assert reason("whet train quickstart --seed 1")
    assert not reason("whet train my.yaml")
