"""The held-out evaluation stage: always the same problems, so that any two evaluations can be paired."""

from typing import TYPE_CHECKING

from whet.build.roles import build_rollouts
from whet.build.task import EvalSet
from whet.config import Config
from whet.eval.evaluation import Evaluation, evaluate
from whet.grpo.experience import loaded
from whet.protocols import Sampler
from whet.runs.views.view import View
from whet.workers.math_compare import timeout_lines

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def measure(
    policy: "LanguageModel", sampler: Sampler, eval_set: EvalSet, config: Config, view: View, title: str
) -> Evaluation:
    """Evaluates the policy with greedy completions of the held-out prompts, and samples where `eval.samples` > 1."""
    greedy = build_rollouts(config, sampler, policy.tokenizer, "evaluate", temperature=0.0)
    sampled = build_rollouts(config, sampler, policy.tokenizer, "evaluate", temperature=config.eval.temperature)
    total = len(eval_set.prompts)
    view.phase(title, total)
    with loaded(sampler, policy):
        evaluation = evaluate(
            eval_set.prompts,
            greedy,
            eval_set.check_answer,
            sampled,
            config.eval.samples,
            lambda done, _: view.advance(done) if done < total else None,
            equal=eval_set.equal,
        )
    view.advance(total, accuracy=evaluation.accuracy, format=evaluation.format_rate)
    for line in timeout_lines(eval_set.equal.take_timeouts()):
        view.note(f"{title}: {line}")
    return evaluation
