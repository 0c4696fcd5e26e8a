"""The held-out measurement as a stage: always the same problems, so that any two of them can be compared in pairs."""

from typing import TYPE_CHECKING

from whet.build import Exam, build_sampler
from whet.config import Config
from whet.eval.evaluate import Evaluation, evaluate
from whet.given_up import given_up_lines
from whet.rewards.equality import answers_equal
from whet.runs.view import View

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def measure(policy: "LanguageModel", exam: Exam, config: Config, view: View, title: str) -> Evaluation:
    """Greedy answers to the held-out problems, and samples where `eval.samples` asks for them."""
    greedy = build_sampler(config, "evaluate", temperature=0.0)
    greedy.load(policy)
    sampled = None
    if config.eval.samples > 1:
        sampled = build_sampler(config, "evaluate", temperature=config.eval.temperature)
        sampled.load(policy)
    total = len(exam.prompts)
    view.phase(title, total)
    evaluation = evaluate(
        exam.prompts,
        greedy,
        exam.judge,
        sampled,
        config.eval.samples,
        lambda done, _: view.advance(done) if done < total else None,
        equal=answers_equal,
    )
    view.advance(total, accuracy=evaluation.accuracy, format=evaluation.format_rate)
    for line in given_up_lines():
        view.note(f"{title}: {line}")
    return evaluation
