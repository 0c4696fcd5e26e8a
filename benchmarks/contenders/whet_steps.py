"""Whole GRPO steps of Whet at equal work: prints the seconds of each, by phase, the first step left out."""

import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from benchmarks.work import WARM_UP, Work, always_different, prompt_tokens
from whet.build.policy import build_policy
from whet.build.roles import build_optimizer
from whet.compute.limit import Shape
from whet.compute.machine import measure_machine
from whet.config import GrpoConfig, OptimizerConfig, SamplingConfig
from whet.grpo.algorithm import train
from whet.policy.reference import NoReference
from whet.recipe import make_recipe
from whet.rollout.native import NativeSampler
from whet.rollout.sampling import SamplingParams
from whet.train_loop.clock import Clock, Timed
from whet.types import Group, Outputs, Problem, Prompt, Reward


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

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs) -> list[Group]:
        rewards = tuple(Reward(value) for value in always_different(self.work.group))
        return [Group(prompt, tuple(some), rewards) for prompt, some in zip(prompts, outputs, strict=True)]

    def steps(self, until: int) -> Iterator[int]:
        return self.clock.each(range(until))

    def record(
        self, step: int, groups: Sequence[Group], advantages: Sequence[Sequence[float]], metrics: Mapping[str, float]
    ) -> None:
        lengths = {len(rollout.tokens) for group in groups for rollout in group.rollouts}
        if lengths != {self.work.tokens}:
            raise SystemExit(f"every response must be {self.work.tokens} tokens long, not {lengths}")
        whole, phases = self.clock.elapsed(), self.clock.seconds
        rest = whole - phases["rollout"] - phases["optimizer"]
        agreement = metrics["sampler/logprob_difference_mean"]
        self.steps_done.append({"step": whole, **phases, "learn": rest, "agreement": agreement})


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """Some steps to warm up, then those that count."""
    began = time.perf_counter()
    work, steps = Work(**options["work"]), options["steps"] + WARM_UP
    config = make_recipe({"model": {"name": options["model"]}, "data": {"train": {"name": "arithmetic"}}})
    policy = build_policy(config, lambda text: None)
    machine = measure_machine(policy.device, policy.model.dtype)
    clock = Clock()
    roles = Roles(policy.tokenizer, work, steps, clock)
    policy.end_tokens = frozenset  # type: ignore[method-assign]  # no token ends a response
    optimizer = build_optimizer(policy, OptimizerConfig(learning_rate=1e-6), steps)
    timed = SimpleNamespace(
        backward=optimizer.backward, zero_grad=optimizer.zero_grad, step=Timed(optimizer, "optimizer", clock).step
    )
    grpo = GrpoConfig(
        steps=steps,
        prompts_per_step=work.prompts,
        group_size=work.group,
        sampling=SamplingConfig(max_tokens=work.tokens),
    )
    train(
        policy=policy,
        reference=NoReference(),
        sampler=Timed(NativeSampler(SamplingParams(1.0), work.tokens, 0, "train"), "rollout", clock),
        problems=roles,
        reward=roles,
        optimizer=timed,
        run=roles,
        config=grpo,
        after_step=lambda step: None,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "steps": roles.steps_done[WARM_UP:],
        "peak_gib": peak,
        "seconds_whole": time.perf_counter() - began,
        "shape": asdict(Shape.of(policy.model)),
        "machine": asdict(machine),
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
