"""Recipes load, the command line wins, and every mistake is named in a line."""

import json
import os
import random
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from recipe.mutations import Mutation, mutations
from whet.cli import main as cli
from whet.config import Config
from whet.data.load_data import load_data
from whet.errors import UserError
from whet.recipe import RECIPES, describe_keys, dump_recipe, find_recipe, load_recipe, recipe_names

SHIPPED = [
    "code-mbpp-style",
    "countdown",
    "gsm8k-cpu",
    "gsm8k-output-consistency",
    "gsm8k-qlora-cold-start",
    "gsm8k-qwen0.5b",
    "numina-stratos-qwen0.5b",
    "quickstart",
    "toy-arithmetic",
]


PLAIN = ("countdown", "gsm8k-output-consistency", "gsm8k-qwen0.5b")
"""Recipes in which every value is of the only type that its key takes: no weight is a schedule."""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes a recipe and gives its path."""

    def write(text: str, name: str = "mine.yaml") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def refused(name: str, overrides: Any = ()) -> list[str]:
    with pytest.raises(UserError) as refusal:
        load_recipe(name, overrides)
    return str(refusal.value).splitlines()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recipe_loads_and_reads_back(name: str, written: Any) -> None:
    config = load_recipe(name)
    assert load_recipe(written(dump_recipe(config))) == config
    assert load_recipe(str(RECIPES / f"{name}.yaml")) == config


def test_there_are_no_other_recipes() -> None:
    assert recipe_names() == SHIPPED
    assert sorted(path.name for path in RECIPES.glob("*.yaml")) == [f"{name}.yaml" for name in SHIPPED]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_are_short_and_explain_each_section(name: str) -> None:
    lines = (RECIPES / f"{name}.yaml").read_text().splitlines()
    assert len(lines) < 60
    sections = [i for i, line in enumerate(lines) if line and line[0] not in " #-"]
    explained = [i for i in sections if lines[i - 1].startswith("#") or lines[i - 1].startswith("format:")]
    assert explained == sections


def test_quickstart_says_what_the_readme_promises() -> None:
    config = load_recipe("quickstart")
    assert config.model.name == "SmolLM2-135M-Instruct"
    assert config.data.train.name == "arithmetic"
    assert config.format.name == "think_answer"
    assert config.sft.when == "auto"
    assert config.rewards[0].name == "accuracy"
    assert config.eval.problems >= 200


def test_the_toy_files_lie_beside_their_recipe_and_are_right() -> None:
    train, test = load_data(load_recipe("toy-arithmetic").data, seed=0)
    assert (len(train), len(test)) == (200, 40)
    for problem in [*train, *test]:
        left, right = problem.question.removeprefix("What is ").removesuffix("?").split(" + ")
        assert int(problem.answer) == int(left) + int(right)
    objective = load_recipe("toy-arithmetic").grpo.objective
    assert (objective.baseline, objective.scale) == ("group_mean", "none")


def test_the_gsm8k_recipe_has_the_notebooks_numbers() -> None:
    config = load_recipe("gsm8k-qwen0.5b")
    optimizer = config.grpo.optimizer
    assert config.model.name == "Qwen/Qwen2.5-0.5B-Instruct"
    assert (config.grpo.group_size, optimizer.learning_rate, optimizer.schedule) == (16, 5e-6, "cosine")
    assert (optimizer.betas[1], optimizer.max_grad_norm, config.run.save_every) == (0.99, 0.1, 100)
    assert {reward.name: reward.weight for reward in config.rewards} == {
        "accuracy": 2.0,
        "integer": 0.5,
        "format_strict": 0.5,
        "format_soft": 0.5,
        "format_tags": 0.5,
    }


def test_gsm8k_runs_on_local_rows_by_overrides_alone(shared: Path) -> None:
    where = {"data.train.path": str(shared / "gsm8k"), "data.train.limit": "50", "grpo.steps": "3"}
    config = load_recipe("gsm8k-qwen0.5b", {**where, "model": "SmolLM2-135M-Instruct"})
    train, test = load_data(config.data, config.seed)
    assert (len(train), len(test), config.grpo.steps) == (50, 1319, 3)
    whole = load_recipe("quickstart", {"data.train": f"{{name: gsm8k, path: {shared / 'gsm8k'}}}"})
    assert whole.data.train.params == {}


MINIMAL = "model: tiny\ndata:\n  train: {name: arithmetic}\n"


def test_override_over_recipe_over_default(written: Any) -> None:
    path = written(f"{MINIMAL}grpo:\n  group_size: 4\n")
    assert load_recipe(written(MINIMAL, "bare.yaml")).grpo.group_size == 8
    assert load_recipe(path).grpo.group_size == 4
    assert load_recipe(path, {"grpo.group_size": "2"}).grpo.group_size == 2
    assert load_recipe(path, [("grpo.group_size", 2), ("grpo.group_size", 3)]).grpo.group_size == 3


def test_a_section_given_in_part_keeps_the_rest_of_its_own_default(written: Any) -> None:
    config = load_recipe(written(f"{MINIMAL}sft:\n  optimizer: {{betas: [0.9, 0.95]}}\n"))
    assert (config.sft.optimizer.learning_rate, config.sft.optimizer.warmup_steps) == (2e-5, 5)
    assert config.grpo.optimizer.learning_rate == 1e-6
    overridden = load_recipe(written(MINIMAL), {"sft.optimizer.weight_decay": "0.1"})
    assert overridden.sft.optimizer.learning_rate == 2e-5


def test_data_files_lie_beside_the_recipe_or_else_in_the_working_folder(
    written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for folder, name in ((tmp_path, "both.jsonl"), (here, "both.jsonl"), (here, "mine.jsonl")):
        (folder / name).write_text(json.dumps({"prompt": str(folder), "answer": "1"}))
    monkeypatch.chdir(here)
    path = written("model: tiny\ndata: {train: {name: both.jsonl}, test: {name: mine.jsonl}}\n")
    data = load_recipe(path).data
    assert (data.train.name, data.test and data.test.name) == (
        str(tmp_path / "both.jsonl"),
        str(here / "mine.jsonl"),
    )
    assert load_recipe(path, {"data.train.name": "both.jsonl"}).data.train.name == str(here / "both.jsonl")
    assert load_recipe(path, {"data.train.name": "owner/set"}).data.train.name == "owner/set"


def test_a_reward_file_lies_beside_the_recipe_too(written: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    path = written(f"{MINIMAL}rewards: [accuracy, 'mine.py:brief', 'other.py:brief']\n")
    names = [reward.name for reward in load_recipe(path).rewards]
    assert names == ["accuracy", f"{tmp_path / 'mine.py'}:brief", "other.py:brief"]


def test_a_refusal_names_file_line_key_and_fix(written: Any) -> None:
    path = written(f"{MINIMAL}\ngrpo:\n  group_size: 4\n  setps: 3\neval: {{problems: 0}}\nreward: [accuracy]\n")
    assert sorted(refused(path)) == [
        f"{path}:7: grpo.setps: unknown key; did you mean grpo.steps?",
        f"{path}:8: eval.problems: is 0; it must be a whole number (at least 1)",
        f"{path}:9: reward: unknown key; did you mean rewards?",
    ]


def test_a_refused_override_says_so(written: Any) -> None:
    path = written(MINIMAL)
    assert refused(path, {"grpo.setps": "3", "grpo.steps": "many"}) == [
        "--grpo.setps: unknown key; did you mean grpo.steps?",
        "--grpo.steps: is 'many'; it must be a whole number (at least 0)",
    ]
    assert refused(path, {"data.train.params.level": "9"}) == [
        "--data.train.params.level: is 9; it must be a whole number (at least 1, at most 5)"
    ]


def test_what_is_missing_is_not_said_twice(written: Any) -> None:
    (line,) = refused(written("modle: tiny\ndata: {train: {name: arithmetic}}\n"))
    assert line.endswith("mine.yaml:1: modle: unknown key; did you mean model?")
    (line,) = refused(written("data: {train: {name: arithmetic}}\n"))
    assert (
        "mine.yaml: model: is missing; it must be a section (name, dtype, lora, compile, template, date): Which model"
        in line
    )


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("rewards: [acuracy]", ":4: rewards.0: rewards has 'acuracy': did you mean 'accuracy'?"),
        ("rewards: [{name: accuracy, params: {x: 1}}]", ":4: rewards.0.params.x: unknown key; accuracy takes lenient"),
        ("format: custom", ":4: format: format.name is 'custom' but format.custom is missing"),
        ("sft: {data: {name: gsm}}", ":4: sft.data.name: is 'gsm'; it must be one of"),
        ("sft: {data: {name: gsm8k, params: {a: 1}}}", ":4: sft.data.params.a: unknown key; gsm8k takes"),
        ("run: {name: 7}", ":4: run.name: is 7; it must be a text or null"),
    ],
)
def test_names_that_do_not_exist_are_refused_before_anything_loads(written: Any, extra: str, said: str) -> None:
    (line,) = refused(written(MINIMAL + extra))
    assert said in line


def test_a_recipe_that_is_not_there() -> None:
    assert refused("quickstat") == [
        f"recipe: none is called 'quickstat'; shipped recipes are {', '.join(SHIPPED)}; did you mean quickstart?"
    ]
    assert "there is no file no/such.yaml" in refused("no/such.yaml")[0]
    assert find_recipe("quickstart").is_file()


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"- a\n", b"model", b"\xff\xfe", b"a: [", b"\x00"])
def test_a_file_that_holds_no_recipe(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    (line,) = refused(str(tmp_path / "mine.yaml"))
    assert line.startswith(str(tmp_path / "mine.yaml"))


# A thousand ways to get a shipped recipe wrong


RANGES: dict[str, list[Any]] = {
    "seed": [-1, 2**31],
    "check.problems": [0],
    "check.samples": [-2],
    "sft.steps": [0],
    "sft.batch_size": [0],
    "sft.held_out": [-1],
    "sft.optimizer.learning_rate": [0, -1e-5, 2],
    "sft.optimizer.weight_decay": [-0.1],
    "grpo.steps": [-1],
    "grpo.prompts_per_step": [0],
    "grpo.group_size": [1, 0],
    "grpo.sampling.temperature": [0, -1, 11],
    "grpo.sampling.top_p": [0, 1.1],
    "grpo.sampling.max_tokens": [0],
    "grpo.objective.clip_low": [-0.1, 1.1],
    "grpo.objective.clip_high": [-0.1, float("inf")],
    "grpo.objective.beta": [-0.01, float("nan")],
    "grpo.objective.iterations": [0],
    "grpo.optimizer.learning_rate": [0, 2],
    "grpo.optimizer.max_grad_norm": [0],
    "grpo.optimizer.betas": [[0.9], [0.9, 0.9, 0.9], [0.9, 1.0], [-0.1, 0.9]],
    "eval.problems": [0],
    "eval.samples": [0],
    "eval.every": [-1],
    "run.save_every": [-1],
    "run.keep": [0],
    "rewards": [[]],
}
"""Values out of range, by hand."""

REQUIRED = ["model", "model.name", "data", "data.train", "data.train.name", "rewards.0.name"]
"""Keys that nothing stands in for."""

FREE = ("params", "columns")
"""What they hold is for their source to judge."""


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key of a tree, those of free mappings left out."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        if key not in FREE:
            yield from paths(value, (*path, key))


def holder(tree: Any, path: tuple[Any, ...]) -> Any:
    for part in path[:-1]:
        tree = tree[part]
    return tree


def misspelt(dice: random.Random, word: str, slips: int) -> str:
    for _ in range(slips):
        place = dice.randrange(len(word))
        letter = dice.choice(string.ascii_lowercase)
        word = dice.choice(
            [
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place:],
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
            ]
        )
    return word


def refusal_of(tree: dict[str, Any], path: Path) -> str:
    path.write_text(json.dumps(tree, indent=1).replace("Infinity", ".inf").replace("NaN", ".nan"))
    text = "\n".join(refused(str(path)))
    assert "Traceback" not in text
    return text


@cache
def complete(name: str) -> str:
    return json.dumps(yaml.safe_load(dump_recipe(load_recipe(name))))


def full(name: str) -> dict[str, Any]:
    """A shipped recipe with every key written out, fresh to be spoilt."""
    tree: dict[str, Any] = json.loads(complete(name))
    return tree


@pytest.mark.parametrize("turns", [80, pytest.param(300, marks=pytest.mark.slow)])
def test_misspelt_keys_are_refused_and_the_right_one_suggested(turns: int, tmp_path: Path) -> None:
    dice, suggested, tried = random.Random(18), 0, 0
    for turn in range(turns):
        tree = full(SHIPPED[turn % 3])
        path = dice.choice([p for p in paths(tree) if isinstance(p[-1], str)])
        inside = holder(tree, path)
        wrong = misspelt(dice, path[-1], 1 + turn % 2)
        if not wrong or wrong in inside or not wrong.isidentifier():
            continue
        inside[wrong] = inside.pop(path[-1])
        text = refusal_of(tree, tmp_path / "mine.yaml")
        tried += 1
        assert f"{'.'.join(map(str, (*path[:-1], wrong)))}: unknown key" in text
        suggested += f"did you mean {'.'.join(map(str, path))}?" in text
    assert tried > 0.8 * turns
    assert suggested / tried >= 0.95


@pytest.mark.parametrize("turns", [90, pytest.param(240, marks=pytest.mark.slow)])
def test_wrong_types_are_refused_by_name(turns: int, tmp_path: Path) -> None:
    dice, tried = random.Random(19), 0
    for turn in range(turns):
        tree = full(PLAIN[turn % 3])
        path = dice.choice(list(paths(tree)))
        inside, old = holder(tree, path), holder(tree, path)[path[-1]]
        others = [value for value in ("many", 7, True, ["many"], {"many": 1}) if _is_wrong(old, value)]
        if path[-1] in FREE:
            others = ["many", 7, True]
        if old is None or not others:
            continue
        inside[path[-1]] = dice.choice(others)
        text = refusal_of(tree, tmp_path / "mine.yaml")
        tried += 1
        assert ".".join(map(str, path)) in text, (path, inside[path[-1]], text)
    assert tried > 0.6 * turns


def _is_wrong(old: Any, new: Any) -> bool:
    """Whether `new` is of another kind than `old`; a section may be short for its name."""
    if isinstance(old, bool | int | float):
        return not isinstance(new, int) or isinstance(new, bool) != isinstance(old, bool)
    if isinstance(old, dict):
        return not isinstance(new, dict | str)
    return type(old) is not type(new)


@pytest.mark.parametrize(("turn", "key"), enumerate(RANGES))
def test_values_out_of_range_are_refused_by_name(turn: int, key: str, tmp_path: Path) -> None:
    """Each value in one recipe; every recipe has its turn."""
    path = tuple(key.split("."))
    for place, value in enumerate(RANGES[key], turn):
        tree = full(SHIPPED[place % len(SHIPPED)])
        holder(tree, path)[path[-1]] = value
        text = refusal_of(tree, tmp_path / "mine.yaml")
        assert f": {key}" in text
        assert "must be" in text or "at least" in text


@pytest.mark.parametrize(("turn", "key"), enumerate(REQUIRED))
def test_required_keys_are_asked_for(turn: int, key: str, tmp_path: Path) -> None:
    """Of three recipes for each key; every recipe has its turn."""
    path = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    for name in (SHIPPED[(turn + others) % len(SHIPPED)] for others in (0, 3, 6)):
        tree = full(name)
        del holder(tree, path)[path[-1]]
        assert f"{key}: is missing; it must be" in refusal_of(tree, tmp_path / "mine.yaml")


def test_damaged_text_loads_or_is_refused_and_nothing_else(tmp_path: Path) -> None:
    dice = random.Random(20)
    file = tmp_path / "mine.yaml"
    for turn in range(200):
        text = list((RECIPES / f"{SHIPPED[turn % 3]}.yaml").read_text())
        for _ in range(dice.randrange(1, 12)):
            text[dice.randrange(len(text))] = dice.choice(string.printable + "é&*!%@`{}[]:#-?|>")
        file.write_text("".join(text))
        try:
            assert isinstance(load_recipe(str(file)), Config)
        except UserError as refusal:
            assert all(line.startswith(str(file)) for line in str(refusal).splitlines())  # noqa: PT017


def test_a_wrong_recipe_answers_in_under_a_second_without_torch() -> None:
    script = (
        "import sys, time; start = time.perf_counter()\n"
        "from whet.recipe import load_recipe\nfrom whet.errors import UserError\n"
        "try: load_recipe('quickstart', {'grpo.setps': '3'})\n"
        "except UserError as error: print(error)\n"
        "heavy = {'torch', 'transformers', 'datasets', 'scipy', 'math_verify', 'pandas'} & set(sys.modules)\n"
        "print(sorted(heavy)); print(time.process_time())"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    said, heavy, seconds = done.stdout.splitlines()
    assert said == "--grpo.setps: unknown key; did you mean grpo.steps?"
    assert heavy == "[]"
    assert float(seconds) < 1


# The same on the recipes as they are written: flow style, comments, parameters, doubled keys, text that is no YAML


PARAMETERS = {"level", "negative", "working", "none", "words", "size", "worked", "hold_out", "max_broken"}
"""What the parameters in the shipped recipes are called; the other keys are declared."""


def spoilt(count: int, seed: int) -> list[Mutation]:
    texts = {name: (RECIPES / f"{name}.yaml").read_text("utf-8") for name in SHIPPED}
    declared = {key.key.rpartition(".")[2] for key in describe_keys()}
    return mutations(texts, declared | PARAMETERS | {"full", "short"}, count, seed)


def what_is_missed(mutation: Mutation, line: str, file: Path) -> str:
    """What a refusal fails to say; empty where it says all."""
    place = f"{file}:{mutation.line}: " if mutation.line else str(file)
    if not line.startswith(place):
        return f"place {place}"
    if mutation.kind == "no YAML":
        return "" if "is not YAML: " in line or "is not UTF-8" in line else "reason"
    if mutation.kind == "twice":
        return "" if f"{mutation.written}: stands twice" in line else "reason"
    holder_of, last = mutation.written.rpartition(".")[::2]
    if "rewards" in mutation.path and mutation.path[-1] != "weight" and mutation.written not in line:
        holder_of = holder_of.removesuffix(".params")  # the place of the reward and the parameter's own name
        return "" if f"{holder_of}: " in line and (last in line or mutation.kind == "choice") else "key"
    return "" if mutation.written in line else "key"


def suggestion(mutation: Mutation) -> str:
    """How a refusal of a misspelt key ends."""
    inside = "params" in mutation.path[:-1]
    return f"did you mean {mutation.path[-1] if inside else '.'.join(map(str, mutation.path))}?"


def refuse_all(count: int, seed: int, folder: Path) -> float:
    """Refuses `count` mutations, each in a line of the right place and key, and gives the share of typos whose key
    was suggested."""
    suggested, slowest, missed = [], 0.0, []
    for mutation in spoilt(count, seed):
        file = folder / f"{mutation.recipe}.yaml"
        file.write_bytes(mutation.content)
        started = time.perf_counter()
        lines = refused(str(file))
        slowest = max(slowest, time.perf_counter() - started)
        if mutation.kind == "typo":
            lines.sort(key=lambda line: "unknown key" not in line)  # a key that nothing is near is missing besides
            suggested.append(suggestion(mutation) in lines[0])
        if len(lines) > 1 and not (mutation.kind == "typo" and not suggested[-1]):
            missed.append((mutation.kind, mutation.path, "one line", lines))
        elif said := what_is_missed(mutation, lines[0], file):
            missed.append((mutation.kind, mutation.path, said, lines))
    share = sum(suggested) / len(suggested)
    print(f"{count} mutations refused, the slowest in {slowest:.3f} s; {share:.1%} of {len(suggested)} typos suggested")
    assert missed == []
    assert slowest < 2
    return share


def test_spoilt_recipes_are_refused_by_line_and_key(tmp_path: Path) -> None:
    assert refuse_all(120, 18, tmp_path) >= 0.95


@pytest.mark.slow
def test_a_thousand_spoilt_recipes_are_refused_by_line_and_key(tmp_path: Path) -> None:
    assert refuse_all(1000, 1018, tmp_path) >= 0.95


def test_the_command_line_refuses_spoilt_recipes_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for mutation in spoilt(40, 2018):
        file = tmp_path / f"{mutation.recipe}.yaml"
        file.write_bytes(mutation.content)
        with pytest.raises(SystemExit) as end:
            cli.main(["train", str(file), "--dry-run"])
        said = capsys.readouterr()
        assert end.value.code == 2
        assert said.out == ""
        assert said.err.startswith(f"whet: {file}")
        assert "Traceback" not in said.err


@pytest.mark.parametrize("verb", ["train", "check"])
def test_a_spoilt_recipe_is_refused_before_a_model_loads(verb: str, tmp_path: Path) -> None:
    mutation = next(one for one in spoilt(40, 3018) if one.kind == "typo")
    (tmp_path / "mine.yaml").write_bytes(mutation.content)
    script = (
        "import sys, time\nfrom whet.cli import main as cli\n"
        "try:\n"
        f"    cli.main([{verb!r}, 'mine.yaml'])\n"
        "except SystemExit as end:\n"
        "    status = end.code\n"
        "print(status, 'torch' in sys.modules, time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    status, loaded, seconds = done.stdout.split()
    assert (status, loaded) == ("2", "False")
    assert float(seconds) < 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"whet: mine.yaml:{mutation.line}: {mutation.written}: unknown key")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: !!int x\n", "is not YAML: invalid literal"),
        (f"seed: {'9' * 5000}\n", "is not YAML: Exceeds the limit"),
        ("1: a\n", ":1: 1: a key must be a text; put it in quotes"),
        ("grpo:\n  true: 3\n", ":2: grpo.true: a key must be a text"),
        ("? [a, b]\n: 3\n", ":1: a list or mapping: a key must be a text"),
        ("model: &a [*a]\n", "is nested too deeply, or holds itself"),
        ("grpo: {objective: {mask_truncated: yes}}\n", "grpo.objective.mask_truncated: is 'yes'; it must be true or"),
        ("grpo: {objective: {kl_corrected: 1}}\n", "grpo.objective.kl_corrected: is 1; it must be true or false"),
    ],
)
def test_values_and_keys_that_yaml_takes_in_its_own_way(text: str, said: str, written: Any) -> None:
    rest = "" if text.startswith(("model", "seed")) else "model: a\n"
    assert any(said in line for line in refused(written(f"{text}{rest}data: {{train: {{name: arithmetic}}}}\n")))


def test_a_recipe_of_aliases_of_aliases_is_refused_at_once(written: Any) -> None:
    doubled = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    (line,) = refused(written(f"a0: &a0 [x]\n{doubled}"))
    assert "holds more than 100000 values once its aliases are written out" in line
