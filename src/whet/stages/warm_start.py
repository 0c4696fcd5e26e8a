"""The warm start as a stage: solutions rendered in the format, learned until they no longer surprise."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from whet.build import Task, build_optimizer
from whet.config import Config
from whet.data.sources import load_source
from whet.errors import UserError
from whet.runs.view import View
from whet.runs.writer import RunWriter
from whet.sft.algorithm import warm_start
from whet.sft.examples import Example
from whet.types import Problem

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def run_warm_start(policy: "LanguageModel", task: Task, config: Config, run: RunWriter, view: View) -> None:
    """Imitates solutions; the policy is changed in place."""
    problems = load_source(config.sft.data, "train", config.seed, "sft.data") if config.sft.data else task.train
    wanted = config.sft.steps * config.sft.batch_size + config.sft.held_out
    chosen = [problem for index in range(min(wanted, len(problems))) if (problem := problems[index]).solution]
    if len(chosen) <= config.sft.held_out:
        raise UserError(
            f"sft.data: only {len(chosen)} of {min(wanted, len(problems))} problems have a worked solution; name "
            "data with a solution column, or set sft.when never"
        )
    examples = [example(problem, task, policy) for problem in chosen]
    optimizer = build_optimizer(policy, config.sft.optimizer, config.sft.steps)
    view.phase("Warm start", config.sft.steps)

    def report(step: int, metrics: Mapping[str, float]) -> None:
        run.record_metrics("sft", step, metrics)
        view.advance(step + 1, **{name: metrics[name] for name in ("loss", "held_out_loss") if name in metrics})

    aside = config.sft.held_out
    warm_start(policy, optimizer, examples[aside:], examples[:aside], config.sft, config.seed, report)


def example(problem: Problem, task: Task, policy: "LanguageModel") -> Example:
    """A problem's prompt and its solution as the format renders it, ended as the model ends a turn."""
    target = task.response_format.render(problem.solution, problem.answer)
    tokens = policy.tokenizer.encode(target, add_special_tokens=False)
    return Example(task.renderer.render(problem).tokens, (*tokens, policy.tokenizer.eos_token_id))
