"""The held-out evaluation stage: always the same problems, so that any two evaluations can be paired."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whet.build.roles import build_rollouts
from whet.build.shared import joined
from whet.build.task import EvalSet
from whet.config import Config
from whet.eval.evaluation import Evaluation, evaluate
from whet.grpo.experience import loaded
from whet.protocols import Sampler
from whet.runs.views.view import View
from whet.types import Outputs, Prompt, Rollout
from whet.workers.math_compare import timeout_lines

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel
    from whet.rewards.mixture import Mixture


def measure(
    policy: "LanguageModel",
    sampler: Sampler,
    eval_set: EvalSet,
    config: Config,
    view: View,
    title: str,
    reward: "Mixture | None" = None,
) -> Evaluation:
    """Evaluates the policy with greedy completions of the held-out prompts, and samples where `eval.samples` > 1.

    With `reward` the view and the log are told the mean of its built-in parts over the greedy completions.
    """
    greedy = build_rollouts(config, sampler, policy.tokenizer, "evaluate", temperature=0.0)
    sampled = build_rollouts(config, sampler, policy.tokenizer, "evaluate", temperature=config.eval.temperature)
    total, kept = len(eval_set.prompts), list[Sequence[Rollout]]()

    def first(prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        outputs = greedy(prompts, n, step)
        kept.extend(outputs)
        return outputs

    view.phase(title, total)
    with loaded(sampler, policy):
        evaluation = evaluate(
            eval_set.prompts,
            first,
            eval_set.check_answer,
            sampled,
            config.eval.samples,
            lambda done, _: view.advance(done) if done < total else None,
            equal=eval_set.equal,
        )
    earned = joined().first(lambda: mean_reward(reward, eval_set.prompts, kept, config.grpo.steps) if reward else None)
    view.advance(total, reward=earned, accuracy=evaluation.accuracy, format=evaluation.format_rate)
    for line in timeout_lines(eval_set.equal.take_timeouts()):
        view.note(f"{title}: {line}")
    return evaluation


def mean_reward(reward: "Mixture", prompts: Sequence[Prompt], outputs: Outputs, step: int) -> float | None:
    """Returns the mean reward of completions by the built-in parts at their weights of `step`; None where none applies.

    The weights of the last step make evaluations of a run comparable where weights follow a schedule.
    """
    known = reward.built_in()
    if not known.parts:
        return None
    graded = known.grade(prompts, outputs, step)
    totals = [one.total for group in graded.groups for one in group.rewards if one.total is not None]
    return sum(totals) / len(totals) if totals else None
