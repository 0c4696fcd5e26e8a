"""The same recipe's GRPO by TRL as it comes, on the same prompts, rewards and weights."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contenders.trl_trainer import trainer
from whet.build.task import build_task
from whet.config import Config
from whet.models import resolve
from whet.recipe import load_recipe
from whet.types import Rollout

ROWS = 32
"""Responses that TRL's learner takes at a time."""


def settings(config: Config) -> dict[str, Any]:
    """The recipe in TRL's words."""
    grpo, how = config.grpo, config.grpo.optimizer
    rows = grpo.prompts_per_step * grpo.group_size
    return {
        "max_steps": grpo.steps,
        "per_device_train_batch_size": min(ROWS, rows),
        "gradient_accumulation_steps": max(rows // ROWS, 1),
        "num_generations": grpo.group_size,
        "max_completion_length": grpo.sampling.max_tokens,
        "temperature": grpo.sampling.temperature,
        "loss_type": {"token_mean": "dapo", "sequence_mean": "grpo", "constant_length": "dr_grpo"}[
            grpo.objective.aggregation
        ],
        "learning_rate": how.learning_rate,
        "lr_scheduler_type": {"constant": "constant_with_warmup"}.get(how.schedule, how.schedule),
        "warmup_steps": how.warmup_steps,
        "adam_beta1": how.betas[0],
        "adam_beta2": how.betas[1],
        "weight_decay": how.weight_decay,
        "max_grad_norm": how.max_grad_norm,
        "seed": config.seed,
    }


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """Saving the weights is not on the clock."""
    from transformers import AutoTokenizer, TrainerCallback

    config = load_recipe(options["recipe"], options["overrides"])
    folder = str(resolve(config.model.name))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    task = build_task(config, tokenizer)
    prompts = [
        prompt
        for step in range(config.grpo.steps)
        for prompt in task.stream.draw(config.grpo.prompts_per_step, step)
    ]  # fmt: skip
    texts = [tokenizer.decode(prompt.tokens) for prompt in prompts]
    if [tuple(tokenizer.encode(text)) for text in texts] != [prompt.tokens for prompt in prompts]:
        raise SystemExit("the prompts do not come back as the tokens they were made of")
    rewards: list[float] = []
    tokens: list[int] = []

    def reward(
        completions: Sequence[str], number: Sequence[int], completion_ids: Sequence[Sequence[int]], **_: Any
    ) -> list[float]:
        rollouts = [[Rollout((0,), (0.0,), text, "stop")] for text in completions]
        groups = task.reward.grade([prompts[n] for n in number], rollouts).groups
        earned = [group.rewards[0].total or 0.0 for group in groups]
        rewards.append(sum(earned) / len(earned))
        tokens.append(sum(len(ids) for ids in completion_ids))
        return earned

    snapshots: list[tuple[int, str]] = []

    class Saving(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step % options["every"] == 0:
                snapshots.append((state.global_step, str(Path(options["folder"]) / f"step-{state.global_step}")))
                made.save_model(snapshots[-1][1])

    with trainer(folder, options.get("tuned", False), texts, reward, settings(config)) as (made, watch):
        made.add_callback(Saving())
        made.train()
    return {
        "seconds": [step["step"] for step in watch.steps],
        "rollout": [step["rollout"] for step in watch.steps],
        "rewards": rewards,
        "tokens": tokens,
        "snapshots": snapshots,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
