"""From a recipe to live objects: the only file that names every implementation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from whet.config import Config, OptimizerConfig
from whet.data.curriculum import ByLevel
from whet.data.overlap import refuse_overlap
from whet.data.prompts import PromptRenderer
from whet.data.room import Room
from whet.data.sources import load_data, load_source
from whet.data.stream import ProblemStream, held_out
from whet.formats import ResponseFormat, build_format
from whet.protocols import Grader, Judge, KeptReference, Optimizer, Problems, Reference, Remembering, Sampler
from whet.types import Problem, Prompt, Verdict

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel
    from whet.rewards.mixture import Mixture

Say = Callable[[str], None]

Tests = Callable[[Problem, str], float]
"""How far a program does what a problem asks."""

AS_TRAINED = frozenset({"train", "check"})
"""What the check finds is about the training to come, so it samples as the training does."""


@dataclass(frozen=True)
class Exam:
    """What a policy is measured on: held-out prompts, and who says what is right."""

    prompts: Sequence[Prompt]
    judge: Judge


@dataclass(frozen=True)
class Task:
    """What is to be learned: problems, how they are asked, what a response is worth, and the exam at the end."""

    train: Sequence[Problem]
    solutions: Sequence[Problem]
    """What a warm start would imitate: problems with worked solutions, those of `train` unless the recipe says."""
    renderer: PromptRenderer
    response_format: ResponseFormat
    reward: "Mixture"
    stream: Problems
    exam: Exam


def build_task(config: Config, tokenizer: Any, context: int | None = None) -> Task:
    """Problems, format and rewards; refuses held-out problems that are trained on, by either stage.

    Prompts that leave no room for a response in `context` tokens are left out.
    """
    response_format = build_format(config.format)
    renderer = PromptRenderer(tokenizer, response_format, config.data.question)
    rooms = {split: Room(renderer, context, longest_response(config, split)) for split in ("train", "test")}
    train, test = load_data(config.data, config.seed, rooms)
    solutions = train
    if config.sft.data and config.sft.when != "never":
        solutions = load_source(config.sft.data, "train", config.seed, "sft.data")
        refuse_overlap(solutions, test)
    return Task(
        train=train,
        solutions=solutions,
        renderer=renderer,
        response_format=response_format,
        reward=build_reward(config, response_format),
        stream=build_stream(config, train, renderer),
        exam=build_exam(config, test, renderer, response_format),
    )


def build_stream(config: Config, train: Sequence[Problem], renderer: PromptRenderer) -> Problems:
    """q ~ P(Q): epoch after epoch, or easy problems first."""
    curriculum = config.grpo.curriculum
    if curriculum and curriculum.by == "level":
        return ByLevel(train, renderer, curriculum, config.seed)
    return ProblemStream(train, renderer, config.seed)


def build_exam(
    config: Config, problems: Sequence[Problem], renderer: PromptRenderer, response_format: ResponseFormat
) -> Exam:
    """The first `eval.problems` of the held-out problems, in an order of their own."""
    chosen = held_out(problems, config.eval.problems)
    judge = build_judge(response_format, build_tests(config))
    return Exam([renderer.render(problem) for problem in chosen], judge)


def build_reward(config: Config, response_format: ResponseFormat) -> "Mixture":
    """The weighted sum of the recipe's rewards."""
    from whet.isolated import load_reward
    from whet.outside import connect
    from whet.rewards.mixture import Mixture
    from whet.rewards.registry import build_reward as build_part
    from whet.workers.algebra import compare_in_worker

    known = {"max_tokens": config.grpo.sampling.max_tokens}
    compare_in_worker()
    return Mixture([build_part(reward, response_format, load_reward, known, connect) for reward in config.rewards])


def build_judge(response_format: ResponseFormat, tests: Tests | None = None) -> Judge:
    """Right or wrong by the gold answer or the problem's own verifier, whatever the rewards are; with `tests`, programs
    by those.
    """
    from whet.rewards.answer import find_answer
    from whet.rewards.code import find_code, find_program
    from whet.rewards.verifier import is_right
    from whet.workers.algebra import compare_in_worker

    compare_in_worker()

    def read(text: str) -> tuple[str | None, str | None]:
        answer = response_format.parse(text).answer
        if tests is None:
            return answer, find_answer(text)
        return answer and find_program(answer), find_code(text)

    def judge(text: str, problem: Problem) -> Verdict:
        strict, found = read(text)
        gold, verify = problem.answer, problem.columns.get("verifier") or (tests and partial(tests, problem))
        right = {answer: is_right(answer, gold, verify) for answer in (strict, found) if answer is not None}
        return Verdict(
            correct=strict is not None and right[strict],
            lenient=any(right.values()),
            answer=found if strict is None else strict,
            formatted=response_format.soft(text),
            marked=response_format.partial(text) > 0,
        )

    return judge


def build_tests(config: Config) -> Tests | None:
    """The tests that a recipe's `code_tests` runs, as a measure: 1.0 where all pass. `None` where it runs none."""
    from whet.outside import open_code_tests
    from whet.rewards.code_tests import CodeTestsParams, code_tests
    from whet.rewards.completions import OWN
    from whet.rewards.params import read_params

    chosen = next((reward for reward in config.rewards if reward.name == "code_tests"), None)
    if chosen is None:
        return None
    whole = {**chosen.params, "fraction": False}
    params = read_params(CodeTestsParams, chosen.name, whole)
    reward = code_tests(params, open_code_tests(params, aloud=False))

    def tests(problem: Problem, program: str) -> float:
        columns = {name: [value] for name, value in problem.columns.items() if name not in OWN}
        (passed,) = reward(prompts=[""], completions=[program], completion_ids=[[]], **columns)
        return passed if isinstance(passed, float) else 0.0

    return tests


def build_policy(config: Config, say: Say) -> "LanguageModel":
    """π_θ on the best device of this machine, with adapters where the recipe wants them."""
    from whet.compute.device import pick_device, pick_dtype
    from whet.compute.memory import keep_freed_memory
    from whet.kernels.families import FUSED, is_fused
    from whet.policy.language_model import LanguageModel
    from whet.policy.loading import load_model
    from whet.policy.lora import add_lora
    from whet.policy.quantize import quantized, refuse_where_it_cannot_be

    device = pick_device()
    if device.type == "cpu":
        keep_freed_memory()
    lora = config.model.lora
    in_four_bits = lora is not None and lora.bits == 4
    if in_four_bits:
        refuse_where_it_cannot_be(device)
    loaded = load_model(config.model.name, pick_dtype(config.model.dtype, device), say)
    model = (quantized(loaded.model, device) if in_four_bits else loaded.model).to(device)
    if not is_fused(model):
        say(
            f"{model.config.model_type} goes through its own forward: exact, but slower than {', '.join(sorted(FUSED))}"
        )
    if lora:
        model = add_lora(model, lora, config.seed)
    return LanguageModel(model, loaded.tokenizer, config.grpo.sampling.temperature, loaded.source)


def build_sampler(config: Config, purpose: str, temperature: float | None = None) -> Sampler:
    """The sampler of training, unless another temperature is named: 0 answers greedily.

    `purpose` keeps random numbers apart. The purposes of `AS_TRAINED` keep the training's limit on a response.
    """
    from whet.kernels.sampling import Temperature
    from whet.rollout.native import NativeSampler

    how = config.grpo.sampling
    longest = longest_response(config, purpose)
    as_trained = Temperature(how.temperature, how.top_p)
    return NativeSampler(as_trained if temperature is None else Temperature(temperature), longest, config.seed, purpose)


def longest_response(config: Config, purpose: str) -> int:
    """Tokens after which a response is cut off: measurements may have a limit of their own."""
    trained = config.grpo.sampling.max_tokens
    return trained if purpose in AS_TRAINED else config.eval.max_tokens or trained


def build_optimizer(policy: "LanguageModel", config: OptimizerConfig, steps: int) -> Optimizer:
    """AdamW over the weights that learn."""
    from whet.compute.single import MasterAdamW

    return MasterAdamW(policy.trainable(), config, steps)


def build_reference(policy: "LanguageModel", config: Config, warmed: bool = False) -> KeptReference:
    """The policy as it is now: nothing at β = 0; without its adapters where no warm start trained them; else a copy."""
    from whet.policy.reference import AdaptersOff, FollowingReference, FrozenReference, NoReference

    objective = config.grpo.objective
    if not objective.beta:
        return NoReference()
    if objective.reference_every:
        tokens, every, mix = config.grpo.micro_batch_tokens, objective.reference_every, objective.reference_mix
        return FollowingReference(policy, tokens, every, mix)
    kind = AdaptersOff if config.model.lora and not warmed else FrozenReference
    return kind(policy, config.grpo.micro_batch_tokens)


@dataclass(frozen=True)
class Asking:
    """Who asks and who grades, where these have to listen to each other."""

    problems: Problems
    grader: Grader
    told: Callable[[], Mapping[str, float]]
    """What asking cost in the last step."""
    memories: Mapping[str, Remembering]
    """What it remembers of earlier steps, by name."""


def build_asking(config: Config, stream: Problems, sampler: Sampler, grader: Grader, full_marks: float) -> Asking:
    """Problems by their pass rates, replay and dynamic sampling, each where the recipe wants it."""
    from whet.data.curriculum import ByPassRate, Observed
    from whet.grpo.dynamic_sampling import DynamicSampling
    from whet.grpo.replay import Replay

    curriculum, draws = config.grpo.curriculum, config.grpo.draws
    memories: dict[str, Remembering] = {}
    told: list[Callable[[], Mapping[str, float]]] = []
    if curriculum and curriculum.by == "pass_rate":
        stream = memories["pass_rates"] = ByPassRate(stream, curriculum.candidates, full_marks)
        grader = Observed(grader, stream)
    if config.grpo.replay:
        judge = build_judge(build_format(config.format))
        replay = memories["replay"] = Replay(stream, grader, judge, config.grpo.replay)
        stream, grader = replay, replay
        told.append(lambda: replay.metrics)
    if draws > 1:
        dynamic = DynamicSampling(stream, sampler, grader, draws)
        stream, grader = dynamic, dynamic
        told.append(lambda: dynamic.metrics)
    return Asking(stream, grader, lambda: {name: value for tell in told for name, value in tell().items()}, memories)


def place_kl(config: Config, grader: Grader, reference: Reference) -> tuple[Grader, Reference]:
    """Who grades and what the loss is held to: with the KL in the reward, the grader has the reference."""
    if config.grpo.objective.kl_in == "loss" or not config.grpo.objective.beta:
        return grader, reference
    from whet.grpo.kl_penalty import InTheReward, KlPenalty

    return KlPenalty(grader, reference, config.grpo.objective), InTheReward(reference)
