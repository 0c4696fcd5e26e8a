"""Adds up a run: how often each phase does what, at the rates of a machine."""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from statistics import fmean

from whet.config import Config
from whet.plan.outlook import Outlook
from whet.plan.rates import Rates
from whet.plan.run_plan import PlannedPhase
from whet.stages.pipeline import TITLES
from whet.stages.run_result import BASE, FINAL, WARM
from whet.train_loop.parity import PROMPTS, SAMPLES

MASTER_AND_MOMENTS = 12
"""Bytes of a checkpoint per trained weight: a float32 master and two moments."""

TOKEN_BYTES = 36
"""Bytes of `rollouts/` for one token: its id, its log-probability and its text."""


def phases(config: Config, rates: Rates, outlook: Outlook, weights: int, trained: int) -> Iterator[PlannedPhase]:
    """Yields the phases of a run in order. `weights` and `trained` count parameters."""
    problems, after = min(config.eval.problems, len(outlook.held_out)), outlook.after
    yield PlannedPhase("Load", rates.load_seconds, "model, data")
    yield PlannedPhase(
        "Check", _check(config, rates, outlook.prompts, outlook.before, config.check.gold), _probe(config)
    )
    yield PlannedPhase(
        TITLES[BASE], evaluation(config, rates, outlook.held_out, outlook.before), f"{problems} problems"
    )
    after = outlook.after
    if outlook.warm_start:
        seconds = warm_start(config, rates, outlook) + checkpoint_bytes(trained) / rates.bytes_per_second
        yield PlannedPhase("Warm start", seconds, f"at most {config.sft.steps} steps of {config.sft.batch_size}")
        again = evaluation(config, rates, outlook.held_out, after) + _check(config, rates, outlook.prompts, after, 0)
        yield PlannedPhase(TITLES[WARM], again, f"{problems} problems, and a second check")
    if config.grpo.steps:
        grpo = config.grpo
        one = grpo_step(config, rates, outlook)
        between = (grpo.steps - 1) // config.eval.every if config.eval.every else 0
        evaluations = between * evaluation(config, rates, outlook.held_out, after)
        saves = checkpoints(config, grpo.steps * one, outlook.warm_start)
        saving = saves * checkpoint_bytes(trained) / rates.bytes_per_second
        detail = f"{grpo.steps} steps of {grpo.prompts_per_step} × {grpo.group_size}, {one:.1f} s each"
        seconds = parity(rates, outlook) + grpo.steps * one + evaluations + saving
        yield PlannedPhase("GRPO", seconds, detail)
        final = evaluation(config, rates, outlook.held_out, after) + 4 * weights / rates.bytes_per_second
        yield PlannedPhase(TITLES[FINAL], final, f"{problems} problems, and saving the model")


def _probe(config: Config) -> str:
    return f"{config.check.problems} problems × {config.check.samples}, {config.check.gold} gold answers"


def _check(config: Config, rates: Rates, prompts: Sequence[int], lengths: Sequence[int], gold: int) -> float:
    """One round of the check; further rounds come only where it is not sure."""
    count, n = config.check.problems, config.check.samples
    sampling = rates.copy_seconds + rates.sample(_first(prompts, count), n, lengths)
    return sampling + count * n * rates.grade_seconds + gold * rates.gold_seconds


def evaluation(config: Config, rates: Rates, prompts: Sequence[int], lengths: Sequence[int]) -> float:
    """Returns the seconds of an evaluation: greedy completions, and the samples that the recipe asks for."""
    asked = prompts[: config.eval.problems]
    rounds = [1, *([config.eval.samples] if config.eval.samples > 1 else [])]
    sampling = sum(rates.sample(asked, n, lengths) for n in rounds)
    return rates.copy_seconds + sampling + sum(rounds) * len(asked) * rates.grade_seconds


def warm_start(config: Config, rates: Rates, outlook: Outlook) -> float:
    """Returns the seconds of a warm start of all its steps, with the measurements of the held-out loss."""
    sft = config.sft
    step = rates.imitation(_first(outlook.examples, sft.batch_size))
    measured = min(sft.held_out, len(outlook.examples) // 5)
    forward = (rates.imitation(_first(outlook.examples, measured)) - rates.optimizer_seconds) / 3 if measured else 0.0
    return sft.steps * step + sft.steps // sft.evaluate_every * forward


def parity(rates: Rates, outlook: Outlook) -> float:
    """Returns the seconds that comparing sampler and learner takes before the first step."""
    prompts, lengths = _first(outlook.prompts, PROMPTS), outlook.after
    return rates.copy_seconds + rates.sample(prompts, SAMPLES, lengths) + rates.reference(prompts, SAMPLES, lengths)


def grpo_step(config: Config, rates: Rates, outlook: Outlook) -> float:
    """Returns the seconds of a step: sample, grade, reference, learn."""
    grpo, lengths = config.grpo, outlook.after
    prompts = _first(outlook.prompts, grpo.prompts_per_step)
    learned = prompts[: max(round(outlook.signal * len(prompts)), 1)]
    sampling = rates.sample(prompts, grpo.group_size, lengths)
    grading = len(prompts) * grpo.group_size * rates.grade_seconds
    held = rates.reference(prompts, grpo.group_size, lengths) if grpo.objective.beta else 0.0
    learning = rates.update(learned, grpo.group_size, lengths, grpo.objective.iterations)
    return rates.copy_seconds + grpo.draws * (sampling + grading) + held + learning


def tokens(config: Config, outlook: Outlook) -> tuple[float, float]:
    """Returns the tokens that a run samples, and those of completions that it learns from, the warm start's too."""
    grpo, held_out = config.grpo, min(config.eval.problems, len(outlook.held_out))
    evaluations = 1 + outlook.warm_start + ((grpo.steps - 1) // config.eval.every if config.eval.every else 0)
    per_evaluation = held_out * (1 + (config.eval.samples if config.eval.samples > 1 else 0))
    probe = config.check.problems * config.check.samples
    before = (probe + per_evaluation) * fmean(outlook.before)
    rollouts = grpo.steps * grpo.prompts_per_step * grpo.group_size * grpo.draws
    after = (outlook.warm_start * probe + evaluations * per_evaluation + rollouts) * outlook.mean_after
    imitated = config.sft.steps * config.sft.batch_size * fmean(target for _, target in outlook.examples or ((0, 0),))
    learned = rollouts / grpo.draws * outlook.signal * outlook.mean_after * grpo.objective.iterations
    return before + after, learned + outlook.warm_start * imitated


def checkpoint_bytes(trained: int) -> float:
    """Returns the bytes of a checkpoint."""
    return MASTER_AND_MOMENTS * trained


def checkpoints(config: Config, seconds: float, warmed: bool) -> int:
    """Returns how many checkpoints GRPO writes in so many seconds."""
    run, grpo = config.run, config.grpo
    by_steps = grpo.steps // run.save_every if run.save_every else 0
    by_time = int(seconds / (60 * run.save_minutes)) if run.save_minutes else 0
    return warmed * bool(run.save_every or run.save_minutes) + max(by_steps, by_time)


def disk(config: Config, outlook: Outlook, weights: int, trained: int, seconds: float) -> dict[str, float]:
    """Returns the bytes of a run folder by part, at its end."""
    written = checkpoints(config, seconds, outlook.warm_start)
    kept = min(written, config.run.keep + bool(config.eval.every))
    grpo = config.grpo
    rollouts = grpo.steps * grpo.prompts_per_step * grpo.group_size * outlook.mean_after
    return {
        "finished model": 2.0 * weights,
        "checkpoints": kept * checkpoint_bytes(trained),
        "rollouts": TOKEN_BYTES * rollouts,
    }


def _first(values: Sequence[object], count: int) -> list:  # type: ignore[type-arg]
    """So many of them, from the start again where there are fewer."""
    return list(islice(cycle(values), count)) if values else []
