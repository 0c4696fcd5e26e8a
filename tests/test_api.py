"""The whole way on a tiny model: what it does, and every file that it leaves behind."""

import importlib.metadata
import json
import re
from collections import Counter
from datetime import date
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import templates
import tiny
from templates import tokenizer
from whet import api
from whet.api import check, train
from whet.build.policy import build_policy
from whet.build.roles import build_optimizer
from whet.build.task import build_task
from whet.compute.checkpoint import load_checkpoint
from whet.data.load_data import load_data
from whet.errors import UserError
from whet.models.weights_digest import weights_digest
from whet.recipe import dump_recipe, load_recipe
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from whet.stages.evaluate import evaluate_model, evaluation_config
from whet.stages.run_result import RunResult
from whet.types import Verdict
from wiring import listening, shrunk, write_rewards

SILENT = PlainView(lambda line: None)


def walk(config: Any) -> tuple[RunResult, RunReader]:
    outcome = train(config, view=SILENT)
    return outcome, RunReader(outcome.path)


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Strict JSON, one object per line."""

    def refuse(constant: str) -> Any:
        raise AssertionError(f"{path.name} holds {constant}")

    return [json.loads(line, parse_constant=refuse) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def rewards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rewards(tmp_path_factory.mktemp("rewards"))


@pytest.fixture(scope="module")
def full(tiny_folder: Path, rewards: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """By a recipe of one's own and an override, through every stage: warm start, three steps with a reference,
    evaluations and checkpoints on the way."""
    changes = {
        "rewards": [{"name": f"{rewards}:digits"}, {"name": "accuracy", "weight": 0.5}],
        "sft.when": "always",
        "grpo.steps": 3,
        "grpo.objective.beta": 0.1,
        "eval.every": 1,
        "run.save_every": 1,
        "run.keep": 1,
    }
    folder = tmp_path_factory.mktemp("runs")
    config = shrunk(tiny_folder, folder, changes)
    recipe = tmp_path_factory.mktemp("recipes") / "my recipe.yaml"
    recipe.write_text(dump_recipe(shrunk(tiny_folder, folder, {**changes, "grpo.steps": 99})), encoding="utf-8")
    lines, view = listening()
    outcome = train(recipe, {"grpo.steps": 3}, view=view)
    return SimpleNamespace(config=config, outcome=outcome, path=outcome.path, run=RunReader(outcome.path), said=lines)


NOT_ALWAYS = {
    "owner.json",
    "health.jsonl",
    "memory.json",
    "models",
    "plan.json",
    "own-answers.jsonl",
    "adapter",
    "report.html",
    ".cache",
}


def test_the_folder_holds_what_its_page_says_and_nothing_else(full: Any) -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "run-folder.md").read_text("utf-8")
    tree = page.split("```")[1]
    documented = set(re.findall(r"^[├└]── ([\w.-]+)", tree, re.MULTILINE))
    there = {path.name for path in full.path.iterdir()}
    assert there - {".lock", "check-sft.json"} == documented - NOT_ALWAYS
    assert {path.name for path in (full.path / "rollouts").iterdir()} == {f"step-00000{n}.jsonl" for n in range(3)}
    stages = ["base", "sft", "step-000001", "step-000002", "final"]
    assert {path.name for path in (full.path / "eval").iterdir()} == {
        f"{stage}{suffix}" for stage in stages for suffix in (".json", ".jsonl")
    }


def test_the_run_is_named_after_its_recipe_and_given_up_at_the_end(full: Any) -> None:
    assert full.path.name == "my-recipe-001"
    assert full.run.owner is None


def test_the_recipe_on_disk_is_the_one_that_ran(full: Any) -> None:
    """With the micro-batches that were chosen: 4,096 tokens of a tiny model fit anywhere."""
    assert full.config.grpo.micro_batch_tokens is None
    stages = {name: getattr(full.config, name) for name in ("sft", "grpo")}
    chosen = {name: stage.model_copy(update={"micro_batch_tokens": 4096}) for name, stage in stages.items()}
    assert load_recipe(full.path / "recipe.yaml") == full.config.model_copy(update=chosen)


def test_the_manifest_says_what_the_run_was_made_from(full: Any, tiny_folder: Path) -> None:
    found = full.run.manifest
    assert found["format"] == 1
    assert found["seed"] == full.config.seed
    weights = {"sha256": weights_digest(tiny_folder)}
    assert found["model"] == {"name": str(tiny_folder), "source": str(tiny_folder), **weights}
    assert found["versions"]["torch"] == importlib.metadata.version("torch")
    asked = [(record.question, record.gold) for record in full.run.records("base").values()]
    text = "".join(f"{question}\0{gold}\0" for question, gold in asked)
    assert found["data"]["test"] == {
        "name": "arithmetic",
        "problems": 6,
        "sha256": sha256(text.encode()).hexdigest(),
    }
    assert found["data"]["train"]["problems"] is None


def test_both_checks_are_on_disk(full: Any) -> None:
    first, again = (json.loads((full.path / name).read_text("utf-8")) for name in ("check.json", "check-sft.json"))
    assert first == json.loads(json.dumps(full.outcome.report.as_dict()))
    assert first["gold"]["checked"] == again["gold"]["checked"] == 8
    assert first["gold"]["failed"] == 0
    assert first["probe"] != again["probe"]


def test_every_step_has_a_line_of_metrics_and_one_of_timings(full: Any) -> None:
    expected = [("sft", 0), ("sft", 1), ("grpo", 0), ("grpo", 1), ("grpo", 2)]
    for name in ("metrics.jsonl", "timings.jsonl"):
        assert [(line["phase"], line["step"]) for line in lines_of(full.path / name)] == expected
    assert all(line["step_time"] > 0 for line in lines_of(full.path / "timings.jsonl"))
    assert all({"loss", "held_out_loss", "grad_norm"} <= set(line) for line in full.run.metrics("sft"))


def test_the_outcome_says_how_fast_grpo_went(full: Any) -> None:
    timings, pace = full.run.timings(), full.outcome.pace
    assert pace.steps == len(timings) == 3
    assert pace.seconds == sorted(line["step_time"] for line in timings)[1]
    assert pace.efficiency == sorted(line["efficiency"] for line in timings)[1]


def test_every_rollout_is_on_disk_with_what_it_was_worth(full: Any) -> None:
    for step, metrics in enumerate(full.run.metrics()):
        rollouts = full.run.rollouts(step)
        assert [(r["step"], r["group"], r["sample"]) for r in rollouts] == [
            (step, group, sample) for group in range(2) for sample in range(4)
        ]
        for r in rollouts:
            share = sum(letter in "0123456789" for letter in r["text"]) / max(len(r["text"]), 1)
            assert r["parts"]["digits"] == pytest.approx(share)
            assert r["reward"] == pytest.approx(share + 0.5 * r["parts"]["accuracy"])
            assert len(r["logprobs"]) == len(r["tokens"]) <= 12
            assert (r["tokens"][-1] == tiny.tiny_tokenizer().eos_token_id) == (r["finish"] == "stop")
        assert metrics["reward"] == pytest.approx(fmean(r["reward"] for r in rollouts))
        for group in (rollouts[:4], rollouts[4:]):
            assert sum(r["advantage"] for r in group) == pytest.approx(0.0, abs=1e-6)


def test_the_reference_is_the_policy_that_fine_tuning_began_with(full: Any) -> None:
    kl = [line["kl"] for line in full.run.metrics()]
    assert kl[0] == pytest.approx(0.0, abs=1e-6)
    assert min(kl[1:]) > 1e-5


def test_every_measurement_asks_the_same_problems_none_of_them_trained_on(full: Any) -> None:
    summaries = full.run.evaluations()
    assert list(summaries) == ["base", "sft", "step-000001", "step-000002", "final"]
    asked = [record.question for record in full.run.records("base").values()]
    for stage, summary in summaries.items():
        records = full.run.records(stage).values()
        assert [record.question for record in records] == asked
        assert summary["problems"] == 6
        assert summary["correct"] == sum(record.correct for record in records)
    trained = {r["question"] for step in range(3) for r in full.run.rollouts(step)}
    assert trained.isdisjoint(asked)
    assert len(set(asked)) == 6


def test_the_newest_checkpoints_and_the_best_are_kept_and_hold_the_weights(full: Any) -> None:
    """Accuracy is 0 throughout, so the latest measurement is the best; the final weights are measured as `final`."""
    kept = {path.name for path in full.run.checkpoints.iterdir()}
    assert kept == {"step-2", "step-3"}
    saved = load_checkpoint(full.run.checkpoints / "step-3")
    assert saved.state["step"] == 3
    policy = build_policy(full.config, lambda text: None)
    build_optimizer(policy, full.config.grpo.optimizer, 3, 4096).load_state_dict(saved.tensors["optimizer"])
    final = AutoModelForCausalLM.from_pretrained(full.run.final, dtype=torch.float32)
    torch.testing.assert_close(policy.model.state_dict(), final.state_dict(), rtol=0, atol=0)


def test_the_finished_model_loads_like_any_other(full: Any, tiny_folder: Path) -> None:
    model, tokenizer = (kind.from_pretrained(full.run.final) for kind in (AutoModelForCausalLM, AutoTokenizer))
    base = AutoModelForCausalLM.from_pretrained(tiny_folder)
    assert type(model) is type(base)
    assert any(not torch.equal(a, b) for a, b in zip(model.parameters(), base.parameters(), strict=True))
    assert tokenizer.chat_template == tiny.CHAT_TEMPLATE
    turns = [{"role": "user", "content": "What is 3 + 4?"}]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == tiny.tiny_tokenizer().apply_chat_template(
        turns, tokenize=False
    )


def test_the_finished_model_answers_as_it_was_measured(full: Any) -> None:
    found = evaluate_model(evaluation_config(str(full.path)), SILENT)
    assert list(found.records) == list(full.run.records("final").values())


def test_what_was_said_is_in_the_log_with_the_time(full: Any) -> None:
    logged = full.run.log().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 ", line) for line in logged)
    told = [line.split(" ", 1)[1] for line in logged]
    for phase in ("Load", "Check", "Evaluate the base model", "Warm start", "GRPO", "Evaluate the result"):
        assert f"[{phase}]" in told
    assert set(full.outcome.report.diagnosis.lines()) <= set(told)
    assert told[-1] == "finished"
    assert {line for line in full.said if line.startswith("[") and line.endswith("]")} <= set(told)


def test_the_outcome_has_the_stages_in_order(full: Any) -> None:
    assert list(full.outcome.evaluations) == ["base", "sft", "final"]


def contents(path: Path) -> dict[str, bytes]:
    """What must not differ between two runs of a recipe."""
    kinds = ("metrics.jsonl", "check.json", "rollouts/*", "eval/*", "final/*")
    files = [file for kind in kinds for file in sorted(path.glob(kind))]
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def test_a_seed_gives_the_same_bytes_and_another_seed_gives_others(
    tiny_folder: Path, rewards: Path, tmp_path: Path
) -> None:
    changes = {"rewards": [f"{rewards}:digits"], "sft.when": "always"}
    runs = [
        walk(shrunk(tiny_folder, tmp_path / name, {**changes, "seed": seed}))[1]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    first, again, other = (contents(run.path) for run in runs)
    assert len(first) > 8
    assert first == again
    assert first["metrics.jsonl"] != other["metrics.jsonl"]
    assert first["final/model.safetensors"] != other["final/model.safetensors"]
    asked = [[record.question for record in run.records("final").values()] for run in runs]
    assert asked[0] == asked[2], "runs of different seeds are measured on the same problems"


def test_gsm8k_by_overrides_alone(shared: Path, tmp_path: Path) -> None:
    rows = {line["question"].strip() for line in lines_of(shared / "gsm8k" / "train.jsonl")}
    held_out = {line["question"].strip() for line in lines_of(shared / "gsm8k" / "test.jsonl")}
    changes = {"data.train": f"{{name: gsm8k, path: {shared / 'gsm8k'}}}", "sft.when": "always", "grpo.steps": 3}
    model = tiny.save_tiny(tmp_path / "model", max_position_embeddings=4096)  # a token is a letter
    outcome, run = walk(shrunk(model, tmp_path, changes))
    assert outcome.report.gold_failures == ()
    assert [line["step"] for line in run.metrics()] == [0, 1, 2]
    assert {r["question"] for step in range(3) for r in run.rollouts(step)} <= rows
    assert {record.question for record in run.records("final").values()} <= held_out
    assert run.manifest["data"]["train"]["problems"] == 7473


def test_without_a_weight_on_the_kl_none_is_measured(tiny_folder: Path, tmp_path: Path) -> None:
    _, run = walk(shrunk(tiny_folder, tmp_path, {"grpo.steps": 1}))
    assert "kl" not in run.metrics()[0]


@pytest.mark.parametrize("bits", [16, 4])
def test_adapters_are_merged_into_the_finished_model(
    tiny_folder: Path, rewards: Path, tmp_path: Path, bits: int
) -> None:
    changes = {
        "model.lora": {"rank": 4, "bits": bits},
        "rewards": [f"{rewards}:digits"],
        "grpo.optimizer.learning_rate": 0.01,
        "run.save_every": 2,
        "sft.when": "always",
        "grpo.objective.beta": 0.1,
    }
    outcome, run = walk(shrunk(tiny_folder, tmp_path, changes))
    assert not list(run.path.glob("final/adapter*"))
    final, base = (AutoModelForCausalLM.from_pretrained(path) for path in (run.final, tiny_folder))
    moved = {name for (name, a), b in zip(final.named_parameters(), base.parameters(), strict=True) if not a.equal(b)}
    assert moved
    assert all(name.endswith("_proj.weight") for name in moved)
    found = evaluate_model(evaluation_config(str(run.path)), SILENT)
    assert [r.response for r in found.records] == [r.response for r in outcome.evaluations["final"].records]
    saved = load_checkpoint(run.checkpoints / "step-2").tensors["optimizer"]
    assert sum(tensor.numel() for name, tensor in saved.items() if name.startswith("master")) < sum(
        weight.numel() for weight in base.parameters()
    ), "a checkpoint holds the adapters, not the base"
    assert run.metrics()[0]["kl"] == pytest.approx(0.0, abs=1e-6), "the reference is the warm-started policy"


@pytest.mark.parametrize(
    ("changes", "cause", "warm"),
    [
        ({"grpo.sampling.max_tokens": 60}, "wrong_format", True),
        ({"grpo.sampling.max_tokens": 8}, "truncated", True),  # solutions do not fit, and no response keeps the format
        ({"grpo.sampling.max_tokens": 60, "sft.when": "never"}, "wrong_format", False),
        ({"grpo.sampling.max_tokens": 8, "sft.when": "always"}, "truncated", True),
    ],
)
def test_auto_follows_the_diagnosis(
    tiny_folder: Path, tmp_path: Path, changes: dict[str, Any], cause: str, warm: bool
) -> None:
    outcome, run = walk(shrunk(tiny_folder, tmp_path, {"grpo.steps": 0, **changes}))
    assert outcome.report.diagnosis.cause == cause
    assert bool(run.metrics("sft")) is warm
    assert list(outcome.evaluations) == (["base", "sft"] if warm else ["base"])
    assert (run.path / "check-sft.json").exists() is warm
    assert run.final is not None


def table(folder: Path, name: str, rows: list[dict[str, str]]) -> str:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def unsolved(tmp_path: Path) -> dict[str, Any]:
    """Files of sums without worked solutions."""
    train_rows = [{"prompt": f"What is {n} + 100?", "answer": str(n + 100)} for n in range(12)]
    test_rows = [{"prompt": f"What is {n} + 200?", "answer": str(n + 200)} for n in range(6)]
    return {
        "data.train": {"name": table(tmp_path, "train.jsonl", train_rows)},
        "data.test": {"name": table(tmp_path, "test.jsonl", test_rows)},
        "grpo.sampling.max_tokens": 60,
    }


HOLDS_AN_R = """
def holds_an_r(completions, **kwargs):
    return [float("R" in completion[0]["content"]) for completion in completions]
"""


def judged(text: str, problem: Any) -> Verdict:
    return Verdict("R" in text, "R" in text, None, False)


def test_auto_imitates_nothing_where_nothing_is_worked_out(
    tiny_folder: Path, tmp_path: Path, unsolved: dict[str, Any]
) -> None:
    _, run = walk(shrunk(tiny_folder, tmp_path / "runs", {**unsolved, "grpo.steps": 1}))
    assert not run.metrics("sft")


def test_always_without_solutions_is_refused_before_anything_is_measured(
    tiny_folder: Path, tmp_path: Path, unsolved: dict[str, Any]
) -> None:
    config = shrunk(tiny_folder, tmp_path / "runs", {**unsolved, "sft.when": "always"})
    with pytest.raises(UserError, match=r"sft: fewer than 2 of 12 problems .* sft\.when never"):
        train(config, view=SILENT)
    (path,) = (tmp_path / "runs").iterdir()
    assert not RunReader(path).evaluations()
    assert "stopped: sft: fewer than 2 of 12" in RunReader(path).log()


def test_solutions_of_their_own_are_imitated(tiny_folder: Path, tmp_path: Path, unsolved: dict[str, Any]) -> None:
    changes = {**unsolved, "sft.data": {"name": "arithmetic", "params": {"level": 1}}}
    _, run = walk(shrunk(tiny_folder, tmp_path / "runs", {**changes, "grpo.steps": 0}))
    assert run.metrics("sft"), "the check takes the solutions of sft.data into account"


def test_a_fix_is_applied_where_the_recipe_wants_it(
    tiny_folder: Path, tmp_path: Path, unsolved: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the tiny model finds by chance: the probe is said to tell right answers apart."""
    monkeypatch.setattr("whet.diagnose.cold_start.easier_reward_for", lambda probe: "anywhere")
    outcome, run = walk(shrunk(tiny_folder, tmp_path / "runs", {**unsolved, "check.fix": "apply", "grpo.steps": 1}))
    assert (outcome.report.diagnosis.cause, outcome.report.diagnosis.easier) == ("wrong_format", "anywhere")
    assert [reward.params for reward in load_recipe(run.path / "recipe.yaml").rewards] == [{}, {}, {"lenient": True}]
    assert "rewards/accuracy_2/mean" in run.metrics()[0]
    assert "check.fix: a reward for right answers wherever they stand joins the rewards" in run.log()


def test_right_responses_come_back_into_groups_without_a_signal(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two problems that are asked in every step; what holds an `R` is right, and earns 1."""
    (tmp_path / "own.py").write_text(HOLDS_AN_R, encoding="utf-8")
    rows = [{"prompt": f"Say {word}.", "answer": "R"} for word in ("one", "two")]
    monkeypatch.setattr("whet.build.task.build_answer_checker", lambda *_: judged)
    is_right = lambda rollout, reward, problem: judged(rollout.text, problem).correct  # noqa: E731
    monkeypatch.setattr("whet.build.roles.build_is_right", lambda *_: is_right)
    changes = {
        "data.train": {"name": table(tmp_path, "train.jsonl", rows)},
        "data.test": {"name": table(tmp_path, "test.jsonl", [{"prompt": "Say it.", "answer": "R"}])},
        "rewards": [f"{tmp_path / 'own.py'}:holds_an_r"],
        "check.gold": 1,
        "sft.when": "never",
        "grpo.steps": 8,
        "grpo.replay": {"pass_rate": 0.5},
    }
    _, run = walk(shrunk(tiny_folder, tmp_path / "runs", changes))
    sampled: dict[tuple[int, ...], list[float]] = {}
    for step, metrics in enumerate(run.metrics()):
        old = [record for record in run.rollouts(step) if record.get("replayed")]
        assert metrics["replay/rollouts"] == len(old)
        assert all(record["advantage"] > 0 for record in old)
        assert [sampled[tuple(record["tokens"])] for record in old] == [record["logprobs"] for record in old]
        assert metrics["sampler/logprob_difference_mean"] < 1e-4, "whatever the policy has become since"
        sampled |= {tuple(record["tokens"]): record["logprobs"] for record in run.rollouts(step)}
    assert sum(metrics["replay/rollouts"] for metrics in run.metrics()) > 0
    assert "replay/age" in run.metrics()[0]


def test_a_reward_that_raises_is_counted_and_named(tiny_folder: Path, rewards: Path, tmp_path: Path) -> None:
    changes = {"rewards": [f"{rewards}:digits", f"{rewards}:picky"]}
    lines, view = listening()
    run = RunReader(train(shrunk(tiny_folder, tmp_path, changes), view=view).path)
    for step, metrics in enumerate(run.metrics()):
        rollouts = run.rollouts(step)
        failed = [r for r in rollouts if r["parts"]["picky"] is None]
        assert [r for r in rollouts if "R" in r["text"]] == failed
        told = [line for line in lines if line.startswith(f"step {step}: reward picky failed")]
        assert len(told) == bool(failed)
        for line in told:
            assert f"{len(failed)} times" in line or len(failed) == 1
            assert f"sample {failed[0]['sample']} of problem {failed[0]['problem']}: raised ValueError: an R in" in line
            assert line in run.log()
        assert all(r["reward"] == pytest.approx(r["parts"]["digits"]) for r in failed), "what failed is left out"
        assert metrics["picky/step"] == step, "a function is told the step, and what it logs is recorded"
    assert Counter("picky failed" in line for line in lines)[True] >= 1


def test_a_reward_that_must_not_fail_ends_the_run(tiny_folder: Path, rewards: Path, tmp_path: Path) -> None:
    changes = {"rewards": [{"name": f"{rewards}:broken", "on_error": "fail"}], "grpo.steps": 3}
    with pytest.raises(UserError, match=r"reward 'broken' gave nan, on sample 0 of problem"):
        train(shrunk(tiny_folder, tmp_path, changes), view=SILENT)
    (path,) = tmp_path.iterdir()
    run = RunReader(path)
    assert [line["step"] for line in run.metrics()] == [0]
    assert run.log().splitlines()[-1].split(" ", 1)[1].startswith("stopped: reward 'broken' gave nan")
    assert run.owner is None
    assert run.final is None


def test_an_interrupted_run_says_where_it_is(tiny_folder: Path, rewards: Path, tmp_path: Path) -> None:
    lines, view = listening()
    here = {"name": f"{rewards}:interrupted", "isolate": False}
    with pytest.raises(KeyboardInterrupt):
        train(shrunk(tiny_folder, tmp_path, {"rewards": [here]}), view=view)
    (path,) = tmp_path.iterdir()
    assert lines[-1] == f"interrupted; `whet resume {path}` goes on"
    assert lines[-1] in RunReader(path).log()
    assert [line["step"] for line in RunReader(path).metrics()] == [0]


def test_a_mistake_of_ours_leaves_its_traceback_in_the_log(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("whet.stages.pipeline.save_final", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        train(shrunk(tiny_folder, tmp_path, {"grpo.steps": 0}), view=SILENT)
    (path,) = tmp_path.iterdir()
    log = RunReader(path).log()
    assert "Traceback (most recent call last)" in log
    assert "RuntimeError: a bug" in log


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model.name": "./nowhere"}, r"model\.name: './nowhere' is nowhere"),
        (
            {"data.test": {"name": "arithmetic", "split": "train", "params": {"level": 1}}},
            r"data\.test: \d+ held-out questions",
        ),
        ({"rewards": ["nothere.py:f"]}, r"there is no file .*nothere\.py"),
        ({"rewards": ["acuracy"]}, r"did you mean 'accuracy'"),
    ],
)
def test_what_is_refused_leaves_no_folder(
    tiny_folder: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        train(shrunk(tiny_folder, tmp_path / "runs", changes), view=SILENT)
    assert not (tmp_path / "runs").exists()


def test_a_run_is_never_written_over(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"grpo.steps": 0, "run.name": "mine"})
    walk(config)
    before = contents(tmp_path / "mine")
    with pytest.raises(UserError, match=r"run\.name: .*mine exists"):
        train(config, view=SILENT)
    assert contents(tmp_path / "mine") == before


def test_a_recipe_is_a_name_a_path_or_settings(tmp_path: Path) -> None:
    """Overrides as a mapping or as pairs; settings without overrides are taken as they are."""
    named = api.load_recipe("quickstart", {"seed": 7})
    path = tmp_path / "mine.yaml"
    path.write_text(dump_recipe(named), encoding="utf-8")
    assert api.load_recipe(path) == api.load_recipe(str(path)) == named
    assert api.load_recipe(named) is named
    again = api.load_recipe(named, [("grpo.steps", 3)])
    assert (again.seed, again.grpo.steps) == (7, 3)
    assert again == api.load_recipe("quickstart", {"seed": 7, "grpo.steps": 3})
    with pytest.raises(UserError, match=r"grpo\.stepz: unknown key; did you mean grpo\.steps\?"):
        api.load_recipe(named, {"grpo.stepz": 3})


def test_a_model_is_measured_from_python(tiny_folder: Path) -> None:
    found = api.evaluate(tiny_folder, "arithmetic", limit=3, samples=2, overrides={"eval.max_tokens": 2}, view=SILENT)
    assert len(found.records) == 3
    assert all(len(record.samples) == 2 and record.tokens <= 2 for record in found.records)


def test_the_check_alone_writes_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path / "runs", {})
    report = check(config, view=SILENT)
    assert not (tmp_path / "runs").exists()
    assert report.probe.responses == 8
    train_problems, _ = load_data(config.data, config.seed)
    assert report.gold_checked == 8
    assert report.lengths.checked == sum(bool(problem.solution) for problem in train_problems[:8])


def test_rewards_that_misread_gold_answers_are_refused_before_any_training(tiny_folder: Path, tmp_path: Path) -> None:
    """`integer` wants a number, and these answers are none."""
    rows = tmp_path / "fruit.jsonl"
    rows.write_text("".join(json.dumps({"prompt": f"Fruit {i}?", "answer": "pear"}) + "\n" for i in range(40)))
    changes = {"data.train": {"name": str(rows), "params": {"hold_out": 0.5}}, "rewards": ["integer"]}
    with pytest.raises(UserError, match=r"rewards: 8 of 8 gold solutions .*'pear'.*integer.*rewards; `whet check`"):
        walk(shrunk(tiny_folder, tmp_path, changes))
    (run,) = tmp_path.glob("*/check.json")
    assert not (run.parent / "metrics.jsonl").exists()
    assert not (run.parent / "eval").exists()


def saved_with(template: str, folder: Path) -> Path:
    """A tiny model whose tokenizer has this chat template."""
    tiny.save_tiny(folder)
    tokenizer(template).save_pretrained(folder)
    return folder


def test_a_run_keeps_the_day_that_its_prompts_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Day(date):
        @classmethod
        def today(cls) -> date:
            return date(2024, 7, 6)

    monkeypatch.setattr("whet.chat_template.chat_template.date", Day)
    config = shrunk(saved_with(templates.DATED, tmp_path / "model"), tmp_path, {"grpo.steps": 0})
    outcome = train(config, view=SILENT)
    monkeypatch.undo()
    kept = load_recipe(outcome.path / "recipe.yaml")
    assert kept.model.date == date(2024, 7, 6)
    task = build_task(kept, tokenizer(templates.DATED))
    assert tokenizer(templates.DATED).decode(task.stream.draw(1, 0)[0].tokens).startswith("Today is 06 Jul 2024")


def test_a_template_that_opens_the_thought_is_trained_through(tmp_path: Path) -> None:
    folder = saved_with(templates.OPENS_THINK, tmp_path / "model")
    outcome = train(shrunk(folder, tmp_path, {"sft.when": "always", "grpo.steps": 1}), view=SILENT)
    texts = [line["text"] for path in (outcome.path / "rollouts").iterdir() for line in lines_of(path)]
    assert texts
    assert all(text.startswith("<think>\n") and text.count("<think>") == 1 for text in texts)
    records = lines_of(next((outcome.path / "eval").glob("final*.jsonl")))
    assert all(record["response"].startswith("<think>\n") for record in records)
