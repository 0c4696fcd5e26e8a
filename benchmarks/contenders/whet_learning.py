"""A recipe's GRPO by Whet from given weights: seconds and reward of every step, and the weights now and then."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.build.policy import build_policy
from whet.build.roles import build_optimizer, build_reference, build_rollouts, build_sampler
from whet.build.task import build_task
from whet.grpo.algorithm import train
from whet.grpo.experience import Loaded, OnPolicy
from whet.recipe import load_recipe
from whet.stages.save_final import save_final
from whet.train_loop.clock import Clock
from whet.train_loop.timed_roles import TimedSampler
from whet.types import Collected


class Watched:
    """The role `Run`: what each step took and earned."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seconds: list[float] = []
        self.rollout: list[float] = []
        self.rewards: list[float] = []
        self.tokens: list[int] = []

    def steps(self, until: int) -> Iterator[int]:
        return self.clock.each(range(until))

    def record(self, step: int, collected: Collected, *_: Any) -> None:
        groups = collected.groups
        self.seconds.append(self.clock.elapsed())
        self.rollout.append(self.clock.seconds["rollout"])
        rewards = [reward.total for group in groups for reward in group.rewards if reward.total is not None]
        self.rewards.append(sum(rewards) / len(rewards))
        self.tokens.append(sum(len(rollout.tokens) for group in groups for rollout in group.rollouts))


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """Saving the weights is not on the clock."""
    config = load_recipe(options["recipe"], options["overrides"])
    policy = build_policy(config, lambda text: None)
    task = build_task(config, policy.tokenizer)
    watched = Watched(clock := Clock())
    snapshots: list[tuple[int, str]] = []

    def save(step: int) -> None:
        if (step + 1) % options["every"] == 0:
            snapshots.append((step + 1, str(Path(options["folder"]) / f"step-{step + 1}")))
            save_final(policy, Path(snapshots[-1][1]))

    grpo = config.grpo
    sampler = TimedSampler(build_sampler(config), clock)
    sample = build_rollouts(config, sampler, policy.tokenizer, "train")
    train(
        policy=policy,
        reference=build_reference(policy, config),
        experience=Loaded(OnPolicy(task.stream, sample, task.reward, grpo), sampler, policy),
        optimizer=build_optimizer(policy, grpo.optimizer, grpo.steps, grpo.micro_batch_tokens),
        run=watched,
        config=grpo,
        after_step=save,
    )
    return {
        "seconds": watched.seconds,
        "rollout": watched.rollout,
        "rewards": watched.rewards,
        "tokens": watched.tokens,
        "snapshots": snapshots,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
