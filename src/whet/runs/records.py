"""The rollouts of a step as JSON records: question, gold answer, completion, reward and advantage."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from whet.types import Group, TokenColumns


def rollout_records(
    step: int,
    groups: Sequence[Group],
    advantages: Sequence[Sequence[float]],
    columns: TokenColumns,
) -> Iterator[dict[str, Any]]:
    """Yields one record per rollout, in order. `advantages` holds Â_1…Â_G for each group, `columns` what the
    learner found of tokens."""
    places = count()
    for index, (group, row) in enumerate(zip(groups, advantages, strict=True)):
        problem = group.prompt.problem
        siblings = zip(group.rollouts, group.rewards, row, strict=True)
        for sample, (rollout, reward, advantage) in enumerate(siblings):
            yield {
                "step": step,
                "group": index,
                "sample": sample,
                "problem": problem.id,
                "question": problem.question,
                "gold": problem.answer,
                "text": rollout.text,
                "finish": rollout.finish,
                "reward": reward.total,
                "parts": dict(reward.parts),
                "advantage": advantage,
                "tokens": list(rollout.tokens),
                "logprobs": list(rollout.logprobs),
                **columns.get(next(places), {}),
                **({"replayed": True} if rollout.replayed else {}),
                **({"loss_mask": list(rollout.loss_mask)} if rollout.loss_mask else {}),
                **({"extra": dict(reward.extra)} if reward.extra else {}),
            }
