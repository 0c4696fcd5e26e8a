"""Measures a recipe's rates on this machine, with its own model, problems and rewards, in at most a minute."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whet.batch import common_prefix
from whet.compute.limit import Lengths, Limit, Shape
from whet.config import Config
from whet.plan.outlook import Outlook, clipped
from whet.plan.rates import MOST_ROWS, Rates
from whet.protocols import Optimizer
from whet.runs.views.view import PlainView
from whet.sft.examples import Example
from whet.stages.pipeline import Built
from whet.text import silent
from whet.types import Group, Prompt, Rollout

Clock = Callable[[], float]

BUDGET = 45.0
"""Seconds that the measurements may take together, by the limit and `USUAL`."""

USUAL = 0.3
"""The share of the limit that is expected before anything is measured."""

PROMPT = 128
"""Tokens of a prompt, assumed before any is sampled."""

FEWEST = 8
"""Tokens of completions that are sampled at least, to time it."""

PROBED, SAMPLES, GOLD = 8, 4, 48
"""Problems, completions of each, and gold solutions of the check that tells whether a warm start comes."""

WRITTEN = 32 << 20
"""Bytes written to measure the disk."""


@dataclass
class Watch:
    """Adds up seconds by name."""

    clock: Clock = time.perf_counter
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Adds the block's seconds to `name`."""
        began = self.clock()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + self.clock() - began


def calibrate(
    built: Built, config: Config, load_seconds: float, clock: Clock = time.perf_counter
) -> tuple[Rates, Outlook]:
    """Returns the rates and the outlook of a recipe whose model and data are loaded. The policy is trained a little.

    `config` has its micro-batches sized. Takes what `BUDGET` allows; nothing is written but a temporary file.
    """
    return _Calibration(built, config, Watch(clock)).measured(load_seconds)


class _Calibration:
    def __init__(self, built: Built, config: Config, watch: Watch) -> None:
        from whet.compute.machine import measure_machine

        self.built, self.config, self.watch = built, config, watch
        self.policy, self.task = built.policy, built.task
        machine = measure_machine(self.policy.device, self.policy.model.dtype)
        held_out = [prompt.tokens for prompt in self.task.eval_set.prompts[:MOST_ROWS]]
        self.limit = Limit(Shape.of(self.policy.model), machine, common_prefix(held_out))

    def measured(self, load_seconds: float) -> tuple[Rates, Outlook]:
        warm = self._follows() == "warm_start"
        groups = self._sampled()
        learned, imitated = self._learned(groups), self._imitated(warm)
        seconds = self.watch.seconds
        completions = sum(len(group.rollouts) for group in groups)
        rates = Rates(
            limit=self.limit,
            grouped=self.grouped,
            single=self.single,
            learn=learned,
            imitate=imitated or learned,
            copy_seconds=seconds["copy"],
            optimizer_seconds=seconds["optimizer"],
            grade_seconds=seconds["grade"] / completions,
            gold_seconds=seconds["gold"] / GOLD,
            load_seconds=load_seconds,
            bytes_per_second=WRITTEN / self._written(),
        )
        return rates, self._outlook(groups, warm)

    def _follows(self) -> str:
        """What a small check says that the run does next; its time is that of the gold solutions."""
        from whet.rewards.gold import gold_failures
        from whet.stages.check import check

        view, (task, config) = PlainView(silent), (self.task, self.config)
        some = [task.train[index] for index in range(min(GOLD, len(task.train)))]
        list(gold_failures(some[:4], task.response_format, task.reward))  # starts the workers
        with self.watch.timing("gold"):
            list(gold_failures(some, task.response_format, task.reward))
        small = {"problems": PROBED, "samples": SAMPLES, "rounds": 1, "gold": GOLD}
        checked = config.check.model_copy(update=small)
        found = check(self.policy, self.built.sampler, task, config.model_copy(update={"check": checked}), view)
        return found.follows

    def _sampled(self) -> Sequence[Group]:
        """Rollouts as in training, graded; and the shares of its limit that sampling reaches."""
        from whet.build.roles import build_rollouts

        config, sampler = self.config, self.built.sampler
        size, held_out = config.grpo.group_size, self.task.eval_set.prompts[: min(config.eval.problems, MOST_ROWS)]
        prompts = self.task.stream.draw(config.grpo.prompts_per_step, 0)
        some = prompts[: self._affordable(size, len(prompts))]
        with self.watch.timing("copy"):
            sampler.load(self.policy)
        outputs = build_rollouts(config, sampler, self.policy.tokenizer, "train")(some, size, 0)
        self.grouped = self._reached("grouped", prompts[: max(MOST_ROWS // size, 1)], size)
        self.single = self._reached("single", held_out, 1)
        sampler.release()
        with self.watch.timing("grade"):
            return self.task.reward.grade(some, outputs).groups

    def _reached(self, name: str, prompts: Sequence[Prompt], n: int) -> float:
        """The share of its limit that sampling `n` completions of each prompt reaches, at the training's temperature:
        greedy ones of an untrained model may all end at once.

        As many rows as the run samples together, and fewer tokens: the share depends on the rows.
        """
        from whet.build.roles import build_rollouts

        grpo = self.config.grpo
        shorter = grpo.sampling.model_copy(update={"max_tokens": self._affordable_tokens(len(prompts), n)})
        config = self.config.model_copy(update={"grpo": grpo.model_copy(update={"sampling": shorter})})
        sample = build_rollouts(config, self.built.sampler, self.policy.tokenizer, "train")
        with self.watch.timing(name):
            outputs = sample(prompts, n, 0)
        lengths = [_lengths(len(one.tokens), rollouts) for one, rollouts in zip(prompts, outputs, strict=True)]
        return self._share_of(self.limit.prefill(lengths) + self.limit.decode(lengths), name)

    def _affordable(self, n: int, wanted: int) -> int:
        """How many prompts can be sampled in a fifth of the budget, `n` completions of full length each."""
        least = self._least(1, n, self.config.grpo.sampling.max_tokens)
        return max(1, min(wanted, int(BUDGET / 5 * USUAL / least)))

    def _affordable_tokens(self, prompts: int, n: int) -> int:
        """How many tokens of `n` completions of each prompt can be sampled in a fifth of the budget."""
        longest = self.config.grpo.sampling.max_tokens
        return max(FEWEST, min(longest, int(longest * BUDGET / 5 * USUAL / self._least(prompts, n, longest))))

    def _least(self, prompts: int, n: int, tokens: int) -> float:
        """The least seconds for `n` completions of so many tokens of each prompt."""
        prompt = max(PROMPT, self.limit.common)
        drawn = [Lengths(prompt, (tokens,) * n)] * prompts
        return self.limit.prefill(drawn) + self.limit.decode(drawn)

    def _share_of(self, least: float, name: str) -> float:
        return least / max(self.watch.seconds[name], 1e-9)

    def _learned(self, groups: Sequence[Group]) -> float:
        """The learner's share of the limit on these groups, after one group to warm up."""
        from whet.build.roles import build_optimizer

        config = self.config.grpo
        optimizer = build_optimizer(self.policy, config.optimizer, 10, config.micro_batch_tokens)
        lengths = [_lengths(len(group.prompt.tokens), group.rollouts) for group in groups]
        most = int(BUDGET / 4 * USUAL / max(self.limit.learn(lengths) / len(groups), 1e-9))
        some = list(groups[: max(most, 1)])
        self._update(optimizer, some[:1], Watch(self.watch.clock))
        watch = Watch(self.watch.clock)
        self._update(optimizer, some, watch)
        self.watch.seconds |= watch.seconds
        return self._share_of(self.limit.learn(lengths[: len(some)]), "learn")

    def _update(self, optimizer: Optimizer, groups: Sequence[Group], watch: Watch) -> None:
        from whet.batch import collate
        from whet.grpo.update import update

        signs = [[1.0 if place % 2 else -1.0 for place in range(len(group.rollouts))] for group in groups]
        batch = collate(groups, signs)
        timed = TimedOptimizer(optimizer, watch)
        one_pass = self.config.grpo.objective.model_copy(update={"iterations": 1, "beta": 0.0, "mask_truncated": False})
        update(self.policy, timed, batch, 0, self.config.grpo.model_copy(update={"objective": one_pass}))

    def _imitated(self, warm: bool) -> float | None:
        """The warm start's share of the limit; None where none comes."""
        from whet.build.roles import build_optimizer
        from whet.sft.supervised import warm_start

        config, examples = self.config.sft, self._examples()
        if not warm or not examples:
            return None
        least = self.limit.learn([Lengths(len(one.prompt), (len(one.response),)) for one in examples]) / len(examples)
        size = max(2, min(config.batch_size, int(BUDGET / 8 * USUAL / least)))
        small = config.model_copy(update={"steps": 2, "batch_size": size})
        optimizer = build_optimizer(self.policy, config.optimizer, 10, config.micro_batch_tokens)
        watches = [Watch(self.watch.clock)]
        timed = TimedOptimizer(optimizer, watches[0])

        def report(step: int, _: object) -> None:
            timed.watch = Watch(self.watch.clock)
            watches.append(timed.watch)

        learner = self.policy.with_model(self.policy.model, temperature=1.0)
        warm_start(learner, timed, examples, [], small, self.config.seed, report)
        self.watch.seconds["imitate"] = watches[1].seconds["learn"]
        return self._share_of(least * size, "imitate")

    def _examples(self) -> list[Example]:
        from whet.stages.warm_start import example, sft_problems

        few = self.config.sft.model_copy(update={"steps": 4, "held_out": 0})
        return [example(problem, self.task, self.policy) for problem in sft_problems(self.task, few)]

    def _outlook(self, groups: Sequence[Group], warm: bool) -> Outlook:
        before = tuple(len(rollout.tokens) for group in groups for rollout in group.rollouts)
        examples = tuple((len(one.prompt), len(one.response)) for one in self._examples())
        longest = self.config.grpo.sampling.max_tokens
        after = clipped([target for _, target in examples], longest) if warm and examples else before
        prompts = [len(prompt.tokens) for prompt in self.task.stream.draw(64, 0)]
        held_out = [len(prompt.tokens) for prompt in self.task.eval_set.prompts]
        return Outlook(tuple(prompts), tuple(held_out), before, after, examples, warm)

    def _written(self) -> float:
        """Seconds to write, sync, hash and read back a file where runs are kept."""
        folder = Path(self.config.run.folder).absolute()
        nearest = next(path for path in (folder, *folder.parents) if path.is_dir())
        content = bytes(WRITTEN)
        with TemporaryDirectory(prefix=".whet-", dir=nearest) as place:
            began = time.perf_counter()
            with (Path(place) / "file").open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            sha256((Path(place) / "file").read_bytes()).digest()
            return time.perf_counter() - began


def _lengths(prompt: int, rollouts: Sequence[Rollout]) -> Lengths:
    return Lengths(prompt, tuple(len(rollout.tokens) for rollout in rollouts))


class TimedOptimizer:
    """Plays `Optimizer`: gradients count as `learn`, steps as `optimizer`."""

    def __init__(self, optimizer: Optimizer, watch: Watch) -> None:
        self._optimizer, self.watch = optimizer, watch

    def accumulate(self, batches: Sequence[Any], loss: Callable[[Any], Any]) -> list[Any]:
        """As the optimizer under it does."""
        with self.watch.timing("learn"):
            return self._optimizer.accumulate(batches, loss)

    def step(self, index: int) -> Mapping[str, float]:
        """As the optimizer under it does."""
        with self.watch.timing("optimizer"):
            return self._optimizer.step(index)

    def zero_grad(self) -> None:
        """As the optimizer under it does."""
        self._optimizer.zero_grad()

    def state_dict(self) -> Mapping[str, Any]:
        """As the optimizer under it does."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As the optimizer under it does."""
        self._optimizer.load_state_dict(state)
