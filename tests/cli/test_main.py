"""The command line: what it prints where, and its exit status."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from whet.cli import main as cli
from whet.recipe import dump_recipe, load_recipe, recipe_names
from wiring import shrunk, status, words, write_rewards

WHET = [sys.executable, "-c", "from whet.cli.main import main; main()"]

HELP_OF_ALL = """
import io, sys
from contextlib import redirect_stdout
from whet.cli.main import VERBS, main
for verb in VERBS:
    with redirect_stdout(io.StringIO()) as said:
        try:
            main([verb, "--help"])
        except SystemExit as end:
            assert not end.code
    assert "usage: whet " + verb in said.getvalue(), verb
print(len(VERBS), {"torch", "transformers", "datasets", "scipy", "peft"} & set(sys.modules))
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands write into the working folder: `runs`."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def run(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run made by the command line itself."""
    folder = tmp_path_factory.mktemp("cli")
    rewards = write_rewards(folder)
    changes = {"rewards": f"[{rewards}:digits]", "sft.when": "always", "run.name": "mine"}
    assert status("train", "quickstart", *words(tiny_folder, folder / "runs", changes)) == 0
    return folder / "runs" / "mine"


def one_object(text: str) -> Any:
    """All of standard output is one line that is one JSON object."""
    assert text.endswith("\n")
    assert text.count("\n") == 1
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def quickest(arguments: list[str], tries: int = 3) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Seconds of processor time, the least of a few, since other processes share the machine."""
    took = []
    for _ in range(tries):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*WHET, *arguments], capture_output=True, text=True, check=False, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if took[-1] < 2.0:
            break
    return min(took), done


def test_help_of_every_verb_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", HELP_OF_ALL], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.split() == [str(len(cli.VERBS)), "set()"], done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["train", "--help"], 0, "usage: whet train"),
        (["train", "quickstart", "--grpo.setps", "3"], 2, "whet: --grpo.setps: unknown key; did you mean grpo.steps?"),
    ],
)
def test_help_and_errors_answer_at_once(arguments: list[str], code: int, said: str) -> None:
    seconds, done = quickest(arguments)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert seconds < 2.0, "of processor time: it takes 0.3 to 0.8 where nothing else runs"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "commands are train, resume, check"),
        (["trian", "quickstart"], "trian: there is no such command; did you mean train?"),
        (["train"], "Missing from whet train: RECIPE"),
        (
            ["train", "quikstart"],
            "recipe: none is called 'quikstart'; shipped recipes are .*; did you mean quickstart?",
        ),
        (["train", "./nothere.yaml"], "recipe: there is no file ./nothere.yaml; shipped recipes are"),
        (["train", "wrong.yaml"], "wrong.yaml:2: grpo.stepz: unknown key; did you mean grpo.steps?"),
        (["train", "quickstart", "--seed", "-1"], "--seed: is -1; it must be a whole number (at least 0"),
        (["train", "quickstart", "--grpo.steps", "many"], "--grpo.steps: is 'many'; it must be a whole number"),
        (["train", "quickstart", "--grpo.steps"], "--grpo.steps: needs a value"),
        (["train", "quickstart", "--format", "boxd"], "did you mean boxed?"),
        (["train", "quickstart", "--zzz", "3"], "--zzz: unknown key; `whet keys` lists them all"),
        (["train", "quickstart", "--dryrun"], "--dryrun: unknown option; did you mean dry-run?"),
        (
            ["check", "quickstart", "--data.train.params.level", "9"],
            "params.level: is 9; it must be a whole number (at least 1, at most 5)",
        ),
        (["check", "quickstart", "--model", "./nothere"], "model.name: './nothere' is nowhere"),
        (["eval", "./nothere"], "--data: is missing"),
        (["eval", "./nothere", "--data", "gsm8k", "--limit", "x"], "--limit: is 'x'; it must be a whole number"),
        (["eval", "./nothere", "--data", "nothere.jsonl"], "model.name: './nothere' is nowhere"),
        (["compare", "a.jsonl", "b.jsonl"], "a.jsonl is neither records nor a run:"),
        (["compare", "a.jsonl"], "Missing from whet compare: B"),
        (["score", "nothere.jsonl"], "there is no file nothere.jsonl"),
        (["score", "rows.jsonl", "--rewards", "acuracy"], "did you mean 'accuracy'?"),
        (["score", "rows.jsonl", "--format", "boxd"], "format: none is called 'boxd'"),
        (["chat", "./nothere"], "model.name: './nothere' is nowhere"),
        (["chat", "./nothere", "--temperature", "hot"], "--temperature: could not convert string to float: 'hot'"),
        (["chat", "./nothere", "--temperature", "-1"], "temperature: is -1; it must be between 0"),
        (["chat", "./nothere", "--max-tokens", "x"], "--max-tokens: is 'x'; it must be a whole number"),
        (["keys", "--all"], "--all: unknown option; `whet keys --help` lists the options"),
        (["push", "./nothere", "me/model"], "run: nothere is not a run folder"),
        (["push", "runs"], "Missing from whet push: REPO"),
        (["train", "quickstart", "--seed", "sk-abcdefgh12345678"], "--seed: holds a secret, and recipes are"),
        (["train", "./sk-abcdefgh12345678.yaml"], "recipe: there is no file ./[redacted]"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.yaml").write_text("model: a\ngrpo: {stepz: 3}\ndata: {train: {name: arithmetic}}\n", "utf-8")
    (tmp_path / "rows.jsonl").write_text('{"completion": "4", "answer": "4"}\n', encoding="utf-8")
    assert status(*arguments) == 2
    printed = capsys.readouterr()
    assert re.search(re.escape(said).replace(r"\.\*", ".*"), printed.err)
    assert printed.err.startswith("whet: ")
    assert printed.err.count("\n") == 1
    assert not printed.out.replace("[Load]\n", "")
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_prints_a_recipe_that_loads_and_its_plan(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import whet.plan.make_plan
    from whet.plan.run_plan import PlannedPhase, RunPlan

    made = RunPlan("a machine", True, (PlannedPhase("GRPO", 60.0),), {"weights": 1e9}, 2e9, 0, 0, {})
    monkeypatch.setattr(whet.plan.make_plan, "make_plan", lambda config, view, device: made)
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    assert status("train", "quickstart", "--dry-run", "--grpo.steps", "7", "--seed=3", "--format", "boxed") == 0
    printed = capsys.readouterr()
    (tmp_path / "resolved.yaml").write_text(printed.out, encoding="utf-8")
    resolved = load_recipe(tmp_path / "resolved.yaml")
    assert resolved == load_recipe("quickstart", {"grpo.steps": 7, "seed": 3, "format": "boxed"})
    assert (resolved.grpo.steps, resolved.seed, resolved.format.name) == (7, 3, "boxed")
    assert "whole run" in printed.err
    assert "1.00 GB" in printed.err
    assert not (tmp_path / "runs").exists()


def test_training_ends_with_what_was_gained_and_what_to_type_next(
    tiny_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whet.cli.terminal.own_name", lambda: "whet")
    changes = {"sft.when": "always", "grpo.steps": 1}
    assert status("train", "quickstart", *words(tiny_folder, Path("runs"), changes)) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0] == "[Load]"
    for phrase in ("6 held-out problems", "GRPO over base model", "whet chat runs/quickstart-001"):
        assert phrase in printed.out
    (compared,) = (line for line in lines if "whet compare" in line)
    assert status(*compared.split("whet ")[1].split()) == 0, "what is offered can be typed"


@pytest.mark.parametrize(
    ("name", "run_name"),
    [("my first (try).yaml", "my-first-try-001"), ("qwen0.5b.yml", "qwen0.5b-001"), ("ünïcode", "n-code-001")],
)
def test_a_recipe_by_any_file_name(tiny_folder: Path, tmp_path: Path, name: str, run_name: str) -> None:
    own = tmp_path / name
    small = shrunk(tiny_folder, Path("runs"), {"grpo.steps": 0, "sft.when": "never"})
    own.write_text(dump_recipe(small), encoding="utf-8")
    assert status("train", str(own)) == 0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [run_name]


def test_check_shows_what_the_model_reads_first(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = words(tiny_folder, tiny_folder, {"check.problems": 1, "check.samples": 1})
    assert status("check", "quickstart", *small, "--show", "1") == 0
    said = capsys.readouterr().out
    assert said.index("  <|im_start|>assistant$") < said.index("| <think>") < said.index("gold solutions")
    assert status("check", "quickstart", *small, "--show", "2", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["examples"]) == 2


@pytest.mark.parametrize(("number", "must"), [("-1", "at least 0"), ("some", "a whole number")])
def test_a_number_of_prompts_that_is_none_is_refused(
    number: str, must: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("check", "quickstart", f"--show={number}") == 2
    assert re.search(rf"--show: is .*; it must be {must}", capsys.readouterr().err)


def test_check_says_what_it_found(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = words(tiny_folder, Path("runs"))
    assert status("check", "quickstart", *small) == 0
    printed = capsys.readouterr().out
    assert "8 of 8 score full marks" in printed
    assert "→ --grpo.sampling.max_tokens" in printed
    assert status("check", "quickstart", *small, "--json") == 0
    printed_as_json = capsys.readouterr()
    found = one_object(printed_as_json.out)
    assert found["gold"]["checked"] == 8
    assert found["diagnosis"]["cause"] == "truncated"
    assert found["diagnosis"]["sentence"] in " ".join(printed.split())
    assert [one["cause"] for one in found["diagnosis"]["found"]] == ["truncated", "wrong_format"]
    assert (found["follows"], found["passes"]) == ("warm_start", False)
    assert "[Check]" in printed_as_json.err


def test_eval_of_a_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("eval", str(run), "--limit", "4", "--samples", "2", "--json", "--save", "out.jsonl") == 0
    found = one_object(capsys.readouterr().out)
    assert (found["problems"], found["samples"]) == (4, 2)
    assert len(Path("out.jsonl").read_text("utf-8").splitlines()) == 4
    assert status("eval", str(run), "--limit=4") == 0
    assert "4 problems, greedy answers" in capsys.readouterr().out


def test_eval_of_a_model_on_a_file(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sums.jsonl").write_text('{"prompt": "1 + 1?", "answer": "2"}\n', encoding="utf-8")
    short = ("--eval.max_tokens", "4")
    assert status("eval", str(tiny_folder), "--data", "sums.jsonl", "--format", "plain", "--json", *short) == 0
    assert one_object(capsys.readouterr().out)["problems"] == 1


def test_compare_two_stages_of_a_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("compare", f"{run}:base", str(run), "--json") == 0
    printed = capsys.readouterr()
    found = one_object(printed.out)
    assert found["problems"] == found["strict"]["n"] == 6
    assert printed.err == ""
    assert status("compare", f"{run}:base", f"{run}:sft") == 0
    assert found["sentence"].split(":")[0] in capsys.readouterr().out


def test_compare_needs_the_same_problems(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("eval", str(run), "--limit", "4", "--save", "four.jsonl") == 0
    capsys.readouterr()
    assert status("compare", "four.jsonl", str(run)) == 2
    assert "--intersect" in capsys.readouterr().err
    assert status("compare", "four.jsonl", str(run), "--intersect", "--json") == 0
    assert one_object(capsys.readouterr().out)["problems"] == 4


def test_score_gives_a_line_for_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"completion": "The answer is 4.", "answer": "4"}, {"completion": "5", "answer": "4"}]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert status("score", "rows.jsonl", "--rewards", "accuracy,integer") == 0
    printed = capsys.readouterr()
    assert [json.loads(line) for line in printed.out.splitlines()] == [
        {"accuracy": 1.0, "integer": 1.0},
        {"accuracy": 0.0, "integer": 1.0},
    ]
    assert printed.err == "2 completions  ·  accuracy 0.5000  ·  integer 1.0000\n"
    assert status("score", "rows.jsonl", "--json") == 0
    assert one_object(capsys.readouterr().out)["means"] == {"accuracy": 0.5}


def test_score_of_real_completions(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (shared / "completions" / "gsm8k_four_models.jsonl").read_text("utf-8").splitlines()[:40]
    Path("real.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert status("score", "real.jsonl") == 0
    given = [json.loads(line)["accuracy"] for line in capsys.readouterr().out.splitlines()]
    verdicts = [float(json.loads(line)["correct"]) for line in lines]
    assert sum(a == b for a, b in zip(given, verdicts, strict=True)) >= 39


def test_chat_answers_and_keeps_what_was_said(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--prompt", "What is 3 + 4?", "--max-tokens", "5", "--save", "said.jsonl")
    assert status("chat", str(run), "--base", *asked) == 0
    assert capsys.readouterr().out.strip()
    (line,) = Path("said.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["question"] == "What is 3 + 4?"


def test_keys_and_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("keys") == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("grpo.objective.beta "))
    found = " ".join(line[60:].strip() for line in lines[start : start + 3])
    assert "β: the weight of KL" in found
    assert max(map(len, lines)) <= 100
    assert status("recipes") == 0
    assert capsys.readouterr().out.split() == recipe_names()


def test_ctrl_c_inside_a_step(tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = {"rewards": f"[{{name: {write_rewards(tmp_path)}:interrupted, isolate: false}}]"}
    assert status("train", "quickstart", *words(tiny_folder, Path("runs"), changes)) == 75
    printed = capsys.readouterr()
    assert "interrupted; `whet resume runs/quickstart-001` goes on" in printed.out
    assert printed.err == "whet: interrupted\n"


@pytest.mark.parametrize("verb", ["recipes", "keys"])
def test_a_reader_that_has_had_enough_gets_no_traceback(verb: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run([*WHET, verb], stdout=writes, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writes)
    assert done.returncode == 1
    assert done.stderr == ""


def test_main_exits_with_the_status() -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["recipes", "--nope"])
    assert end.value.code == 2


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--version") == 0
    assert re.fullmatch(r"whet \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_a_mistake_of_ours_is_one_line_with_a_way_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a quotient\nof nothing")

    monkeypatch.setattr(cli, "VERBS", {"keys": broken})
    assert status("keys") == 1
    assert capsys.readouterr().err == "whet: failed with ZeroDivisionError: a quotient (WHET_DEBUG=1 shows where)\n"
    monkeypatch.setenv("WHET_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        status("keys")


def test_a_second_run_in_a_folder_is_refused_at_once_and_disturbs_nothing(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real run goes on while another wants its name; killed, it leaves no lock, and its folder is still its own."""
    many = words(tiny_folder, Path("runs"), {"grpo.steps": 100000, "run.name": "mine", "sft.when": "never"})
    process = subprocess.Popen(
        [*WHET, "train", "quickstart", *many],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    run, metrics = tmp_path / "runs" / "mine", tmp_path / "runs" / "mine" / "metrics.jsonl"
    try:
        until = time.monotonic() + 120
        while not metrics.exists() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.05)
        before = {path.name: path.read_bytes() for path in (run / "recipe.yaml", run / "manifest.json")}
        started = time.monotonic()
        assert status("train", "quickstart", *many) == 2
        assert time.monotonic() - started < 2, "before a model loads"
        assert f"runs/mine is in use by process {process.pid} on " in capsys.readouterr().err
        lines = len(metrics.read_text("utf-8").splitlines())
        while len(metrics.read_text("utf-8").splitlines()) < lines + 2 and process.poll() is None:
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert {path.name: path.read_bytes() for path in (run / "recipe.yaml", run / "manifest.json")} == before
    steps = [json.loads(line)["step"] for line in metrics.read_text("utf-8").splitlines()[: lines + 2]]
    assert steps == list(range(lines + 2))
    assert status("train", "quickstart", *many) == 2
    assert "runs/mine exists; choose another name" in capsys.readouterr().err


def test_files_and_folders_that_are_not_there_are_refused_before_a_model_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for words_of, said in (
        (["--run.folder", "file/runs"], "run.folder: file/runs cannot be written"),
        (
            ["--data.train", "{name: nothere.jsonl}", "--data.test.name", "a.csv"],
            "data.train: there is no file nothere.jsonl",
        ),
        (["--sft.data.name", "nothere.csv"], "sft.data: there is no file nothere.csv"),
    ):
        assert status("train", "quickstart", "--model", "./nothere", *words_of) == 2
        printed = capsys.readouterr()
        assert said in printed.err
        assert printed.out == ""
    assert not (tmp_path / "runs").exists()
