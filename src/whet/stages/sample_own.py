"""Samples the model's own right answers to training problems, for a warm start that imitates them.

The layout is not asked for: a model that does not know it answers worse when it tries. Several ways of asking are tried
on the first problems, and the one that solves most of them is used for the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from whet.build.renderer import build_renderer
from whet.build.roles import build_rollouts
from whet.build.task import Task
from whet.config import Config
from whet.data.prompts import PromptRenderer
from whet.data.shuffle import shuffled
from whet.grpo.experience import loaded
from whet.protocols import Sampler
from whet.runs.views.view import View
from whet.sft.own_answers import different, reasoning_before
from whet.types import Problem, Prompt, Rollout, Verdict

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

WAYS = {
    "as in the recipe": None,
    "the question alone": "",
    "step by step": "Solve the problem step by step. Then write: The answer is",
}
"""Ways of asking: their names, and their system prompts; None is that of the recipe's format."""

AFTER_EXAMPLE = "after one example"
"""One way more, where the data has worked solutions: few-shot prompting, as STaR samples (arXiv:2203.14465, §3.1)."""

EXAMPLE = "Solve the problem. An example:\n\nProblem: {question}\nSolution: {solution}\nThe answer is {answer}."
"""Its system prompt."""

TRIED = 16
"""Problems on which every way is tried."""

ROUND = 32
"""Problems sampled at a time afterwards."""


@dataclass
class OwnAnswers:
    """Collects own answers of one policy, loaded into `sampler`."""

    policy: "LanguageModel"
    sampler: Sampler
    task: Task
    config: Config
    view: View

    def collect(self) -> list[Problem]:
        """Returns training problems with the model's own solutions and answers in place of the data's.

        At most `sft.own.kept` for each problem, until there are `sft.own.wanted` or `sft.own.problems` were sampled.
        The same seed gives the same answers.
        """
        own = self.config.sft.own
        problems = self.problems
        self.view.phase("Sample own answers", own.wanted)
        with loaded(self.sampler, self.policy):
            tried = {way: self.sampled(problems[:TRIED], way) for way in self.ways}
            best = max(tried, key=lambda way: len({one.id for one in tried[way]}))
            found = [one for some in tried.values() for one in some]
            for start in range(TRIED, len(problems), ROUND):
                if (done := len(self.kept(found))) >= own.wanted:
                    break
                self.view.advance(done)
                found += self.sampled(problems[start : start + ROUND], best)
        kept = self.kept(found)[: own.wanted]
        self.view.advance(own.wanted)
        solved = len({one.id for one in kept})
        self.view.note(f"own answers: {len(kept)} right ones to {solved} problems are kept, asked {best}")
        return kept

    @cached_property
    def problems(self) -> list[Problem]:
        """The training problems to sample."""
        return chosen_problems(self.task.train, self.config.sft.own.problems, self.config.seed)

    @cached_property
    def example(self) -> Problem | None:
        """A training problem with a worked solution that is not among them; None where there is none."""
        more = chosen_problems(self.task.train, self.config.sft.own.problems + ROUND, self.config.seed)
        asked = {one.question for one in self.problems}
        return next((one for one in more if one.solution and one.question not in asked), None)

    @cached_property
    def ways(self) -> dict[str, str | None]:
        """The ways of asking, by name, with their system prompts."""
        if not (one := self.example):
            return dict(WAYS)
        shown = EXAMPLE.format(question=one.question, solution=one.solution, answer=one.answer)
        return {**WAYS, AFTER_EXAMPLE: shown}

    def sampled(self, problems: Sequence[Problem], way: str) -> list[Problem]:
        """Returns the right, finished answers to `problems`, asked in one of the `ways`."""
        prompts = [self.renderer(way).render(problem) for problem in problems]
        own = self.config.sft.own
        sample = build_rollouts(self.config, self.sampler, self.policy.tokenizer, f"own/{way}", own.temperature)
        outputs = sample(prompts, own.samples, 0)
        found = (
            own_solution(prompt.problem, rollout, verdict)
            for prompt, rollouts in zip(prompts, outputs, strict=True)
            for rollout, verdict in self.judged(prompt, rollouts)
        )
        gold = {prompt.problem.id: prompt.problem for prompt in prompts}
        return [one for one in found if self.is_right_in_place(one, gold[one.id])]

    def is_right_in_place(self, own: Problem, problem: Problem) -> bool:
        """Returns whether a solution, put into the format, is a right answer to its problem that keeps the layout."""
        response = self.task.response_format.render(own.solution, own.answer)
        verdict = self.task.eval_set.check_answer(response, problem)
        return verdict.correct and verdict.formatted

    def judged(self, prompt: Prompt, rollouts: Sequence[Rollout]) -> Iterator[tuple[Rollout, Verdict]]:
        """Yields the rollouts that ended by themselves and hold the right answer, with their verdicts."""
        for rollout in rollouts:
            verdict = self.task.eval_set.check_answer(rollout.text, prompt.problem)
            if rollout.finish == "stop" and verdict.lenient and (verdict.correct or not verdict.marked):
                yield rollout, verdict

    def renderer(self, way: str) -> PromptRenderer:
        """Returns the renderer for one of the `ways`."""
        system = self.ways[way]
        if system is None:
            return self.task.renderer
        layout = replace(self.task.response_format, system_prompt=system)
        return build_renderer(self.config, self.policy.tokenizer, layout)

    def kept(self, found: Sequence[Problem]) -> list[Problem]:
        """Returns the different solutions of each problem, at most `sft.own.kept`, in the order they were found."""
        by_problem: dict[str, list[Problem]] = {}
        for one in found:
            by_problem.setdefault(one.id, []).append(one)
        return [
            some[place]
            for some in by_problem.values()
            for place in different([one.solution for one in some], self.config.sft.own.kept)
        ]


def chosen_problems(train: Sequence[Problem], most: int, seed: int) -> list[Problem]:
    """Returns up to `most` training problems in the order of the seed, without repeated questions."""
    size = len(train)
    places = (shuffled(index, size, f"own/{seed}") for index in range(min(most, size)))
    return list({train[place].question: train[place] for place in places}.values())


def own_solution(problem: Problem, rollout: Rollout, verdict: Verdict) -> Problem:
    """Returns the problem with what the model wrote before its answer as solution, and its answer as answer."""
    answer = verdict.answer or problem.answer
    return replace(problem, solution=reasoning_before(rollout.text, answer), answer=answer)
