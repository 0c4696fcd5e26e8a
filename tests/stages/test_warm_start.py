"""The warm start as a stage."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import templates
import tiny
from templates import tokenizer
from tests.stages.test_sample_own import Reciting
from whet.build.policy import build_policy
from whet.build.task import Task, build_task
from whet.config import Config
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.sft.supervised import held_out_loss
from whet.stages.warm_start import example, format_rate, refuse_too_few, run_warm_start, sft_problems
from whet.types import Problem
from wiring import listening, shrunk


def problems(count: int, solved: int | None = None, same: int = 0) -> list[Problem]:
    """`count` sums, the first `solved` of them worked out; the last `same` repeat the first."""
    made = [Problem(f"{n}", f"What is {n} + 1?", f"{n + 1}", f"{n} + 1 = {n + 1}") for n in range(count - same)]
    made += [replace(made[0], id=f"again {n}") for n in range(same)]
    return [p if solved is None or n < solved else replace(p, solution="") for n, p in enumerate(made)]


def task_of(config: Config, solutions: list[Problem]) -> Task:
    return replace(build_task(config, tiny.tiny_tokenizer()), solutions=solutions)


def test_an_example_is_the_prompt_and_the_rendered_solution(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"format": "think_answer"})
    task = build_task(config, tiny.tiny_tokenizer())
    policy = LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer())
    problem = Problem("1", "What is 3 + 4?", "7", "3 + 4 = 7")
    made = example(problem, task, policy)
    assert made.prompt == task.renderer.render(problem).tokens
    text = tiny.tiny_tokenizer().decode(made.response)
    assert text == task.response_format.render("3 + 4 = 7", "7") + tiny.END
    assert text.count(tiny.END) == 1
    assert task.eval_set.check_answer(text.removesuffix(tiny.END), problem).correct


def test_a_tokenizer_without_an_end_adds_none(tiny_folder: Path, tmp_path: Path) -> None:
    endless = deepcopy(tiny.tiny_tokenizer())
    endless.eos_token = endless.chat_template = None
    task = build_task(shrunk(tiny_folder, tmp_path), endless)
    policy = LanguageModel(tiny.tiny_model(), endless)
    made = example(Problem("1", "What is 3 + 4?", "7", "3 + 4 = 7"), task, policy)
    assert tiny.tiny_tokenizer().decode(made.response) == task.response_format.render("3 + 4 = 7", "7")


@pytest.mark.parametrize(
    ("template", "special", "end"),
    [
        (templates.CHATML, (), tiny.END),  # base models: the tokenizer's end is another
        (templates.GEMMA, ("<end_of_turn>",), "<end_of_turn>"),
        (templates.MISTRAL, (), "<pad>"),  # the template prints the tokenizer's own
        (None, (), "<pad>"),
    ],
)
def test_what_is_imitated_ends_as_the_template_ends_a_turn(
    template: str | None, special: tuple[str, ...], end: str, tiny_folder: Path, tmp_path: Path
) -> None:
    made_for = tokenizer(template, *special, eos_token="<pad>")
    task = build_task(shrunk(tiny_folder, tmp_path, {"format": "think_answer"}), made_for)
    policy = LanguageModel(tiny.tiny_model(), made_for)
    made = example(Problem("1", "What is 3 + 4?", "7", "3 + 4 = 7"), task, policy)
    assert made_for.decode(made.response) == f"<think>3 + 4 = 7</think> <answer>7</answer>{end}"
    assert made.response[-1] in policy.end_tokens()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (problems(50), 2 * 2 + 2),  # two steps of two and two aside
        (problems(5), 5),
        (problems(6, solved=3), 3),
        (problems(6, same=2), 4),  # a question that is asked again is imitated once
    ],
)
def test_as_many_solutions_as_are_needed(
    tiny_folder: Path, tmp_path: Path, given: list[Problem], expected: int
) -> None:
    config = shrunk(tiny_folder, tmp_path)
    chosen = sft_problems(task_of(config, given), config.sft)
    assert len(chosen) == expected
    assert len({problem.question for problem in chosen}) == expected
    assert all(problem.solution for problem in chosen)


@pytest.mark.parametrize("solved", [0, 1])
def test_too_few_solutions_are_none_and_refused_where_they_must_be_there(
    tiny_folder: Path, tmp_path: Path, solved: int
) -> None:
    config = shrunk(tiny_folder, tmp_path)
    task = task_of(config, problems(20, solved=solved))
    worked = sft_problems(task, config.sft)
    assert worked == []
    with pytest.raises(UserError, match=r"sft: fewer than 2 of 20 problems .* set sft\.when never"):
        refuse_too_few(worked, task)


def warmed(folder: Path, tmp_path: Path, solutions: list[Problem], changes: dict[str, Any], own: bool = False) -> Any:
    """The losses on all solutions before and after, the run, and what was said."""
    config = shrunk(folder, tmp_path, changes)
    policy = build_policy(config, lambda text: None)
    task = task_of(config, solutions)
    examples = [example(problem, task, policy) for problem in solutions]
    lines, view = listening()
    before = held_out_loss(policy, examples, 4096)
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        run_warm_start(policy, NativeSampler(), task, sft_problems(task, config.sft), config, run, view, own=own)
    return before, held_out_loss(policy, examples, 4096), RunReader(run.path), lines


def test_solutions_become_likelier_and_every_step_is_written(tiny_folder: Path, tmp_path: Path) -> None:
    changes = {"sft.steps": 5, "sft.batch_size": 4, "sft.evaluate_every": 2}
    before, after, run, lines = warmed(tiny_folder, tmp_path, problems(22), changes)
    assert after < before - 0.1
    metrics = run.metrics("sft")
    assert [line["step"] for line in metrics] == list(range(5))
    assert [line["step"] for line in metrics if "held_out_loss" in line] == [1, 3]
    assert metrics[-1]["loss"] < metrics[0]["loss"]
    assert [line["step"] for line in run.timings("sft")] == list(range(5))
    assert lines[0] == "[Warm start]"
    assert lines[-1].startswith("[Warm start 5/5]  loss ")


def test_adapters_of_the_warm_start_are_merged_when_it_ends(tiny_folder: Path, tmp_path: Path) -> None:
    """Only the layers with an adapter change, by a matrix of the adapter's rank; then all weights can be trained."""
    changes = {
        "sft.steps": 5, "sft.batch_size": 4, "sft.lora": {"rank": 2, "targets": ["q_proj"]},
        "sft.optimizer.learning_rate": 1e-2,
    }  # fmt: skip
    config = shrunk(tiny_folder, tmp_path, changes)
    policy, untouched = build_policy(config, lambda text: None), build_policy(config, lambda text: None)
    model, task = policy.model, task_of(config, problems(22))
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        run_warm_start(policy, NativeSampler(), task, sft_problems(task, config.sft), config, run, listening()[1])
    assert policy.model is model
    assert all(weight.requires_grad for weight in model.parameters())
    after, before = model.state_dict(), untouched.model.state_dict()
    assert after.keys() == before.keys()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed
    assert all("q_proj" in name for name in changed)
    assert {int(torch.linalg.matrix_rank(after[name] - before[name], atol=1e-5)) for name in changed} == {2}


def test_a_lack_of_memory_names_the_micro_batches_of_the_warm_start(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(policy: LanguageModel, batch: Any) -> Any:
        raise MemoryError

    config = shrunk(tiny_folder, tmp_path)
    policy, task = build_policy(config, lambda text: None), task_of(config, problems(12))
    monkeypatch.setattr(LanguageModel, "logprobs", no_room)
    given = (policy, NativeSampler(), task, sft_problems(task, config.sft), config)
    fault = r"^sft\.micro_batch_tokens: out of memory with \d+ tokens at a time"
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run, pytest.raises(UserError, match=fault):
        run_warm_start(*given, run, listening()[1])


def test_an_early_end_is_said(tiny_folder: Path, tmp_path: Path) -> None:
    """At a rate that wrecks the model the held-out loss never falls."""
    changes = {"sft.steps": 9, "sft.batch_size": 2, "sft.patience": 2, "sft.optimizer.learning_rate": 1.0}
    _, _, run, lines = warmed(tiny_folder, tmp_path, problems(20), changes)
    done = len(run.metrics("sft"))
    assert done < 9
    assert lines[-1] == f"the held-out loss no longer falls: the warm start ends after {done} steps"


def test_imitating_own_answers_ends_once_the_format_is_kept(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = iter([0.5, 0.9, 0.96, 1.0])
    monkeypatch.setattr("whet.stages.warm_start.format_rate", lambda *_: next(rates))
    changes = {"sft.steps": 9, "sft.batch_size": 2, "sft.patience": 9, "sft.evaluate_every": 2}
    _, _, run, lines = warmed(tiny_folder, tmp_path, problems(20), changes, own=True)
    metrics = run.metrics("sft")
    assert [(line["step"], line["format_rate"]) for line in metrics if "format_rate" in line] == [
        (1, 0.5),
        (3, 0.9),
        (5, 0.96),
    ]
    assert len(metrics) == 6
    assert lines[-1] == "96 % of answers keep the format: the warm start ends after 6 steps"


def test_worked_solutions_are_imitated_to_the_end_whatever_the_format(tiny_folder: Path, tmp_path: Path) -> None:
    _, _, run, _ = warmed(tiny_folder, tmp_path, problems(20), {"sft.steps": 3, "sft.patience": 9})
    assert len(run.metrics("sft")) == 3
    assert all("format_rate" not in line for line in run.metrics("sft"))


def test_the_format_rate_is_that_of_greedy_completions(tiny_folder: Path, tmp_path: Path) -> None:
    """An engine that keeps the layout for every third sum."""
    config = shrunk(tiny_folder, tmp_path, {"sft.format_prompts": 6})
    task = task_of(config, problems(20))
    policy = LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer())

    class Third(Reciting):
        def generate(self, requests: Any, params: Any) -> Any:
            assert params.temperature == 0
            return super().generate(requests, params)

        def _completion(self, request: Any, sample: int) -> Any:
            n = int(self.prompt(request).split("What is ")[1].split(" +")[0])
            self.says = "<think>{n}</think> <answer>{answer}</answer>" if n % 3 == 0 else "{answer}"
            return super()._completion(request, sample)

    found = format_rate(policy, Third(lambda *_: True), task, problems(20), config)
    assert found == pytest.approx(2 / 6)  # 0 and 3 of the first six


def test_of_a_few_solutions_most_are_learned(tiny_folder: Path, tmp_path: Path) -> None:
    """More are asked to be set aside than there are: at most a fifth is."""
    changes = {"sft.steps": 2, "sft.held_out": 100}
    _, _, run, lines = warmed(tiny_folder, tmp_path, problems(5), changes)
    assert "held_out_loss" in run.metrics("sft")[-1]
    assert not any("holds none out" in line for line in lines)
    _, _, run, lines = warmed(tiny_folder, tmp_path, problems(4), changes)
    assert "held_out_loss" not in run.metrics("sft")[-1]
    assert lines[0] == "the warm start learns all 4 solutions and holds none out: a fifth of them is less than one"
    _, _, _, lines = warmed(tiny_folder, tmp_path, problems(4), {**changes, "sft.held_out": 0})
    assert lines[0] == "[Warm start]", "nothing is said where none is asked for"


def test_adapters_can_be_warmed(tiny_folder: Path, tmp_path: Path) -> None:
    changes = {"model.lora.rank": 4, "sft.steps": 4, "sft.optimizer.learning_rate": 0.01}
    before, after, _, _ = warmed(tiny_folder, tmp_path, problems(10), changes)
    assert after < before


def test_the_order_is_the_seeds(tiny_folder: Path, tmp_path: Path) -> None:
    losses = [
        [line["loss"] for line in warmed(tiny_folder, tmp_path, problems(20), {"seed": seed})[2].metrics("sft")]
        for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_the_temperature_of_sampling_does_not_matter(tiny_folder: Path, tmp_path: Path) -> None:
    one, other = (
        warmed(tiny_folder, tmp_path, problems(20), {"grpo.sampling.temperature": temperature})[2].metrics("sft")
        for temperature in (1.0, 0.5)
    )
    assert one == other


def test_nothing_else_draws_on_the_global_generator(tiny_folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    warmed(tiny_folder, tmp_path, problems(8), {})
    torch.testing.assert_close(torch.rand(2), expected, rtol=0, atol=0)
