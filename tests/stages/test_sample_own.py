"""The model's own right answers, with an engine that answers as it is told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tiny
from whet.build.task import build_task
from whet.formats.tagged import Tagged
from whet.policy.language_model import LanguageModel
from whet.stages.sample_own import ROUND, TRIED, WAYS, OwnAnswers, chosen_problems
from whet.types import Completion, Problem, Request, SamplingParams, Token
from wiring import listening, shrunk

TOKENIZER = tiny.tiny_tokenizer()
SAYS = "{n} and one more makes {n} + 1 = {answer}.\nThe answer is {answer}."


def problems(count: int) -> list[Problem]:
    return [Problem(f"{n}", f"What is {n} + 1?", f"{n + 1}", "somebody else's words") for n in range(count)]


class Reciting:
    """Plays `Sampler`: answers `n + 1` rightly where `knows` says so of (prompt text, n, sample)."""

    def __init__(self, knows: Any, says: str = SAYS) -> None:
        self.knows, self.says = knows, says
        self.prompts: list[str] = []
        self.engine: list[str] = []

    def load(self, policy: Any) -> None:
        self.engine.append("load")

    def release(self) -> None:
        self.engine.append("release")

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        return [[self._completion(request, place) for place in range(len(request.keys))] for request in requests]

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        raise NotImplementedError

    def prompt(self, request: Request) -> str:
        return str(TOKENIZER.decode(request.tokens))

    def _completion(self, request: Request, sample: int) -> Completion:
        prompt = self.prompt(request)
        self.prompts.append(prompt)
        n = int(prompt.rpartition("What is ")[2].split(" +")[0])
        right = self.knows(prompt, n, sample)
        text = self.says.format(n=n, answer=n + 1 if right else 99_999, sample=sample)
        tokens = (*TOKENIZER.encode(text, add_special_tokens=False), TOKENIZER.eos_token_id)
        return Completion(tokens, (-1.0,) * len(tokens), "length" if right == "truncated" else "stop")


def collected(
    folder: Path, tmp_path: Path, engine: Reciting, count: int = 40, **own: int
) -> tuple[list[Problem], list[str]]:
    config = shrunk(folder, tmp_path, {f"sft.own.{name}": value for name, value in own.items()})
    task = replace(build_task(config, TOKENIZER), train=problems(count))
    lines, view = listening()
    policy = LanguageModel(tiny.tiny_model(), TOKENIZER)
    return OwnAnswers(policy, engine, task, config, view).collect(), lines


def test_right_answers_become_solutions_in_the_models_own_words(tiny_folder: Path, tmp_path: Path) -> None:
    engine = Reciting(lambda prompt, n, sample: n % 2 == 0)
    found, lines = collected(tiny_folder, tmp_path, engine, count=12)
    assert {one.question for one in found} == {f"What is {n} + 1?" for n in range(0, 12, 2)}
    for one in found:
        n = int(one.id)
        assert (one.answer, one.solution) == (f"{n + 1}", f"{n} and one more makes {n} + 1 = {n + 1}.")
    assert engine.engine == ["load", "release"]
    assert any("6 right ones to 6 problems" in line for line in lines)


def test_the_way_of_asking_that_solves_most_is_used_for_the_rest(tiny_folder: Path, tmp_path: Path) -> None:
    engine = Reciting(lambda prompt, n, sample: "step by step" in prompt)
    found, lines = collected(tiny_folder, tmp_path, engine, count=TRIED + ROUND, samples=1)
    assert len(found) == TRIED + ROUND
    assert all("step by step" in prompt for prompt in engine.prompts[len(WAYS) * TRIED :])
    assert len(engine.prompts) == len(WAYS) * TRIED + ROUND
    assert lines[-1].endswith("asked step by step")


def test_the_layout_is_demanded_in_one_way_only(tiny_folder: Path, tmp_path: Path) -> None:
    engine = Reciting(lambda prompt, n, sample: False)
    assert collected(tiny_folder, tmp_path, engine, count=1, samples=1)[0] == []
    assert [("<think>" in prompt) for prompt in engine.prompts] == [True, False, False]


def test_one_way_shows_a_solved_problem_that_is_not_itself_sampled(tiny_folder: Path, tmp_path: Path) -> None:
    engine = Reciting(lambda prompt, n, sample: "An example:" in prompt)
    found, lines = collected(tiny_folder, tmp_path, engine, count=40, problems=20, samples=1)
    asked = [prompt for prompt in engine.prompts if "An example:" in prompt]
    (example,) = {prompt.split("Problem: ")[1].split("\n")[0] for prompt in asked}
    assert all("somebody else's words\nThe answer is" in prompt for prompt in asked)
    assert len(found) == 20
    assert example not in {one.question for one in found}
    assert lines[-1].endswith("asked after one example")


def test_without_a_problem_to_spare_or_a_solution_there_is_no_example(tiny_folder: Path, tmp_path: Path) -> None:
    for count, given in ((20, 40), (40, 20)):
        engine = Reciting(lambda prompt, n, sample: False)
        config = shrunk(tiny_folder, tmp_path, {"sft.own.problems": given, "sft.own.samples": 1})
        train = [replace(one, solution="") for one in problems(count)] if given < count else problems(count)
        task = replace(build_task(config, TOKENIZER), train=train)
        own = OwnAnswers(LanguageModel(tiny.tiny_model(), TOKENIZER), engine, task, config, listening()[1])
        assert own.example is None
        assert list(own.ways) == list(WAYS)


def test_repeated_and_truncated_ones_are_left_out(tiny_folder: Path, tmp_path: Path) -> None:
    """All samples of a problem say the same, so one is kept; where all are truncated, none."""
    engine = Reciting(lambda prompt, n, sample: "truncated" if n < 3 else True)
    found, _ = collected(tiny_folder, tmp_path, engine, count=8, kept=4)
    assert sorted(int(one.id) for one in found) == [3, 4, 5, 6, 7]


def test_what_the_format_would_not_carry_is_left_out(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layout that loses the answers of odd problems."""
    whole = Tagged.render

    def losing(layout: Tagged, solution: str, answer: str) -> str:
        return whole(layout, solution, answer if int(answer) % 2 else "lost")

    monkeypatch.setattr(Tagged, "render", losing)
    found, _ = collected(tiny_folder, tmp_path, Reciting(lambda *_: True), count=8)
    assert sorted(int(one.id) for one in found) == [0, 2, 4, 6]


def test_different_answers_to_one_problem_are_kept_up_to_a_number(tiny_folder: Path, tmp_path: Path) -> None:
    says = "{n} + 1 = {answer} as w{sample} a{sample} b{sample} c{sample} d{sample} goes.\nThe answer is {answer}."
    engine = Reciting(lambda prompt, n, sample: True, says)
    found, _ = collected(tiny_folder, tmp_path, engine, count=3, kept=2)
    assert sorted(one.id for one in found) == ["0", "0", "1", "1", "2", "2"]


def test_sampling_stops_once_there_are_enough(tiny_folder: Path, tmp_path: Path) -> None:
    engine = Reciting(lambda prompt, n, sample: True)
    found, _ = collected(tiny_folder, tmp_path, engine, count=1000, wanted=20, samples=1)
    assert len(found) == 20
    tried = len(WAYS) + 1  # there are problems beyond those sampled, so one is an example
    assert len(engine.prompts) == tried * TRIED + ROUND  # 16 are right in the trial, 20 after one round


def test_problems_are_the_seeds_and_asked_once(tiny_folder: Path, tmp_path: Path) -> None:
    some = problems(50)
    assert chosen_problems(some, 10, 1) == chosen_problems(some, 10, 1) != chosen_problems(some, 10, 2)
    assert len(chosen_problems([*some, *some], 100, 0)) == 50
