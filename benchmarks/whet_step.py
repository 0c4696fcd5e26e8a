"""Whole GRPO steps of Whet at equal work: prints the seconds of each, the first left out, as JSON."""

import argparse
import json
import time

from work import GROUP, LEARNING_RATE, PROMPT_TOKENS, PROMPTS, TOKENS, always_different, peak_gib, prompt_texts

from whet.build import build_optimizer, build_policy
from whet.config import GrpoConfig, OptimizerConfig, SamplingConfig
from whet.grpo.algorithm import train
from whet.kernels.sampling import Temperature
from whet.policy.reference import NoReference
from whet.recipe import make_recipe
from whet.rollout.native import NativeSampler
from whet.types import Group, Problem, Prompt, Reward


class Work:
    """The roles that are not measured: problems, rewards, the run."""

    def __init__(self, policy, steps: int) -> None:
        tokenizer = policy.tokenizer
        self.prompts = [
            Prompt(Problem(str(number), text, ""), (), tuple(tokenizer.encode(text)))
            for number, text in enumerate(prompt_texts(tokenizer, PROMPTS * steps))
        ]
        self.ends: list[float] = []

    def draw(self, count, step):
        return self.prompts[step * count : (step + 1) * count]

    def grade(self, prompts, outputs):
        rewards = tuple(Reward(value) for value in always_different(GROUP))
        return [Group(prompt, tuple(some), rewards) for prompt, some in zip(prompts, outputs, strict=True)]

    def steps(self, until):
        self.ends.append(time.perf_counter())
        yield from range(until)

    def record(self, step, groups, advantages, metrics):
        lengths = {len(rollout.tokens) for group in groups for rollout in group.rollouts}
        assert lengths == {TOKENS}, lengths


def main() -> None:
    """One warm-up step, then the counted ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, required=True)
    options = parser.parse_args()
    config = make_recipe({"model": {"name": options.model}, "data": {"train": {"name": "arithmetic"}}})
    policy = build_policy(config, lambda text: None)
    work = Work(policy, options.steps + 1)
    assert {len(prompt.tokens) for prompt in work.prompts} == {PROMPT_TOKENS}
    policy.end_tokens = frozenset  # no token ends a response: each is TOKENS long
    grpo = GrpoConfig(
        steps=options.steps + 1,
        prompts_per_step=PROMPTS,
        group_size=GROUP,
        sampling=SamplingConfig(max_tokens=TOKENS),
        optimizer=OptimizerConfig(learning_rate=LEARNING_RATE),
    )
    train(
        policy=policy,
        reference=NoReference(),
        sampler=NativeSampler(Temperature(1.0), TOKENS, seed=0, purpose="train"),
        problems=work,
        reward=work,
        optimizer=build_optimizer(policy, grpo.optimizer, grpo.steps),
        run=work,
        config=grpo,
        after_step=lambda step: work.ends.append(time.perf_counter()),
    )
    seconds = [end - start for start, end in zip(work.ends, work.ends[1:], strict=False)][1:]
    print(json.dumps({"seconds": seconds, "peak_gib": peak_gib()}))


if __name__ == "__main__":
    main()
