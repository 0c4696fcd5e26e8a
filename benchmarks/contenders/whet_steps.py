"""Whole GRPO steps of Whet at equal work: prints the seconds of each, by phase, the first step left out."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.contenders.device import now, peak_gib
from benchmarks.work import WARM_UP, Work, always_different, prompt_tokens
from whet.build.compile_layers import compile_where_it_pays
from whet.build.memory_plan import with_micro_batches
from whet.build.policy import build_policy
from whet.compute.limit import Shape
from whet.compute.machine import measure_machine
from whet.compute.optimizer import MasterAdamW
from whet.config import GrpoConfig, OptimizerConfig, SamplingConfig
from whet.grpo.algorithm import train
from whet.grpo.experience import Loaded, OnPolicy
from whet.policy.compiled_layers import is_compiled
from whet.policy.reference import NoReference
from whet.recipe import make_recipe
from whet.rollout.native import NativeSampler
from whet.rollout.rollouts import Rollouts
from whet.train_loop.clock import Clock
from whet.train_loop.timed_roles import TimedSampler
from whet.types import Collected, Graded, Group, Outputs, Problem, Prompt, Reward, SamplingParams, TokenColumns


class Roles:
    """The roles that are not measured: problems, rewards, the run."""

    def __init__(self, tokenizer: Any, work: Work, steps: int, clock: Clock) -> None:
        texts = prompt_tokens(tokenizer.encode, work.prompts * steps, work.prompt_tokens)
        self.prompts = [
            Prompt(Problem(str(number), str(number), ""), (), tuple(tokens)) for number, tokens in enumerate(texts)
        ]
        self.work, self.clock = work, clock
        self.steps_done: list[dict[str, float]] = []

    def draw(self, count: int, step: int) -> list[Prompt]:
        return self.prompts[step * count : (step + 1) * count]

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        rewards = tuple(Reward(value) for value in always_different(self.work.group))
        return Graded(tuple(Group(prompt, tuple(some), rewards) for prompt, some in zip(prompts, outputs, strict=True)))

    def steps(self, until: int) -> Iterator[int]:
        return self.clock.each(range(until))

    def record(
        self,
        step: int,
        collected: Collected,
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
        columns: Callable[[], TokenColumns],
    ) -> None:
        lengths = {len(rollout.tokens) for group in collected.groups for rollout in group.rollouts}
        if lengths != {self.work.tokens}:
            raise SystemExit(f"every response must be {self.work.tokens} tokens long, not {lengths}")
        whole, phases = self.clock.elapsed(), self.clock.seconds
        rest = whole - phases["rollout"] - phases["optimizer"]
        agreement = metrics["sampler/logprob_difference_mean"]
        self.steps_done.append({"step": whole, **phases, "learn": rest, "agreement": agreement})


class DeviceClock(Clock):
    """Seconds at which the device was done, so that no phase has another one's work."""

    def now(self) -> float:
        return now()


class TimedAdamW(MasterAdamW):
    """The optimizer, its step on the clock."""

    clock: Clock

    def step(self, index: int) -> Mapping[str, float]:
        with self.clock.timing("optimizer"):
            return super().step(index)


def told(line: str) -> None:
    """Where a run would log it: what memory holds, and layers that do not compile."""
    print(line, file=sys.stderr)


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """Some steps to warm up, then those that count; `compile`, "always" or "never": the learner's layers, on a GPU."""
    began = time.perf_counter()
    work, steps = Work(**options["work"]), options["steps"] + WARM_UP
    named = {"name": options["model"], "compile": options.get("compile", "never")}
    config = make_recipe({"model": named, "data": {"train": {"name": "arithmetic"}}})
    policy = build_policy(config, lambda text: None)
    machine = measure_machine(policy.device, policy.model.dtype)
    clock = DeviceClock()
    roles = Roles(policy.tokenizer, work, steps, clock)
    policy.end_tokens = frozenset  # type: ignore[method-assign]  # no token ends a response
    grpo = GrpoConfig(
        steps=steps,
        prompts_per_step=work.prompts,
        group_size=work.group,
        sampling=SamplingConfig(max_tokens=work.tokens),
    )
    sized = with_micro_batches(config.model_copy(update={"grpo": grpo}), policy, told)
    compile_where_it_pays(policy, sized, told)
    rate = OptimizerConfig(learning_rate=1e-6)
    optimizer = TimedAdamW(policy.trainable(), rate, steps, sized.grpo.micro_batch_tokens or 0)
    optimizer.clock = clock
    sampler = TimedSampler(NativeSampler(), clock)
    sample = Rollouts(sampler, policy.tokenizer, SamplingParams(max_tokens=work.tokens), 0, "train")
    train(
        policy=policy,
        reference=NoReference(),
        experience=Loaded(OnPolicy(roles, sample, roles, grpo), sampler, policy),
        optimizer=optimizer,
        run=roles,
        config=grpo,
        after_step=lambda step: None,
    )
    return {
        "steps": roles.steps_done[WARM_UP:],
        "peak_gib": peak_gib(),
        "micro_batch_tokens": sized.grpo.micro_batch_tokens,
        "compiled": is_compiled(policy.model),
        "seconds_whole": time.perf_counter() - began,
        "shape": asdict(Shape.of(policy.model)),
        "machine": asdict(machine),
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
