"""Interactive evaluation, `whet eval --ask`: held-out problems in random order, and questions of one's own."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from whet.build.task import longest_response
from whet.chat.chat_model import ChatModel, Reply
from whet.chat.chat_view import ChatView, make_page
from whet.chat.conversation import LEAVE, append_records
from whet.config import Config
from whet.errors import UserError
from whet.stages.evaluate import EvaluationTask
from whet.types import Problem, Prompt, SamplingParams, Verdict

if TYPE_CHECKING:
    from rich.console import Console

CONTROLS = "Enter asks the next problem; or type a question of your own. /quit ends."


class Quiz:
    """A model that is asked held-out problems, and how it has done so far."""

    def __init__(self, name: str, config: Config, task: EvaluationTask, order: Random | None = None) -> None:
        """`order` draws the problems; the default draws another order each time."""
        self.name, self.task = name, task
        self._left = list(task.eval_set.prompts)
        (order or Random()).shuffle(self._left)
        self.right = self.asked = 0
        layout = task.renderer.response_format
        params = SamplingParams(0.0, max_tokens=longest_response(config, "eval"))
        self.model = ChatModel("model", task.sampler, params, config.seed, task.renderer, layout, task.policy.context)

    def next(self) -> Prompt | None:
        """The next held-out problem; None where all have been asked."""
        return self._left.pop() if self._left else None

    def judge(self, problem: Problem, reply: Reply) -> Verdict:
        """Grades a reply to a held-out problem, as `whet eval` does, and counts it."""
        verdict = self.task.eval_set.check_answer(reply.text, problem)
        self.asked += 1
        self.right += verdict.correct
        return verdict

    @property
    def score(self) -> str:
        """How many were right.

        Empty before the first problem.
        """
        return f"{self.right} of {self.asked} right" if self.asked else ""


def verdict_line(verdict: Verdict, gold: str) -> str:
    """Returns what was right or wrong with an answer.

    >>> verdict_line(Verdict(correct=False, lenient=False, answer="81", formatted=True), "82")
    '✗ wrong: it answered 81, the answer is 82'
    """
    if verdict.correct:
        return f"✓ right: {gold}" + ("" if verdict.formatted else ", but not in the format")
    if verdict.lenient:
        return f"✗ wrong: {gold} is in its text, but not where the format has the answer"
    if verdict.answer is None:
        return f"✗ wrong: it gave no answer, the answer is {gold}"
    return f"✗ wrong: it answered {verdict.answer}, the answer is {gold}"


def ask_around(quiz: Quiz, console: "Console", save: Path | None = None, lines: Iterable[str] | None = None) -> None:
    """Asks held-out problems, one for each empty line, and every question that is typed, until the input ends.

    Shows the question, the reasoning, the answer and the verdict; appends them to `save`, a JSONL file.

    Raises:
        UserError: `save` cannot be written.
    """
    page = make_page(console)
    if save is not None:
        append_records(save)
    page.open(quiz.name, quiz.model.response_format, 0.0, CONTROLS)
    for line in page.questions() if lines is None else lines:
        own = line.strip()
        if own in LEAVE:
            break
        prompt = quiz.model.renderer.render(Problem("own", own, answer="")) if own else quiz.next()
        if prompt is None:
            page.note("every held-out problem has been asked")
            break
        _turn(quiz, prompt, page, save, held_out=not own)
    if quiz.score:
        page.note(quiz.score)


def _turn(quiz: Quiz, prompt: Prompt, page: ChatView, save: Path | None, held_out: bool) -> None:
    problem = prompt.problem
    if held_out:
        page.note(f"{problem.name}: {problem.question}")
    try:
        replies = _answered(quiz, prompt, page)
    except KeyboardInterrupt:
        page.note("stopped")
        return
    except UserError as error:
        page.note(str(error))
        return
    for reply in replies:
        verdict = quiz.judge(problem, reply) if held_out else None
        if verdict:
            page.note(f"{verdict_line(verdict, problem.answer)}   ({quiz.score})")
        if save is not None:
            append_records(save, _record(quiz, problem, reply, verdict))


def _answered(quiz: Quiz, prompt: Prompt, page: ChatView) -> Sequence[Reply]:
    replies = []
    for event in quiz.model.answer(prompt, quiz.asked):
        if isinstance(event, Reply):
            page.reply(event)
            replies.append(event)
        else:
            page.piece(event)
    return replies


def _record(quiz: Quiz, problem: Problem, reply: Reply, verdict: Verdict | None) -> dict[str, Any]:
    judged = {"id": problem.id, "gold": problem.answer, "correct": verdict.correct} if verdict else {}
    return {
        "question": problem.question,
        "reasoning": reply.reasoning,
        "answer": reply.answer,
        "response": reply.text,
        **judged,
        "model": quiz.name,
    }
