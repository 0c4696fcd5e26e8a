"""Rollouts alone, by Whet: seconds to sample `tokens` tokens in each row, for several numbers of rows."""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.work import prompt_tokens
from whet.build.policy import build_policy
from whet.recipe import make_recipe
from whet.rollout.native import NativeSampler
from whet.rollout.rollouts import Rollouts
from whet.types import Problem, Prompt, SamplingParams


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """By rows, the seconds of every repeat after a first one that warms up; making the copy of the weights counts."""
    config = make_recipe({"model": {"name": options["model"]}, "data": {"train": {"name": "arithmetic"}}})
    policy = build_policy(config, lambda text: None)
    policy.end_tokens = frozenset  # type: ignore[method-assign]  # no token ends a response
    sampler = NativeSampler()
    sample = Rollouts(sampler, policy.tokenizer, SamplingParams(max_tokens=options["tokens"]), 0, "train")
    found: dict[str, list[float]] = {}
    for rows in options["rows"]:
        count, repeats = rows // options["group"], options["repeats"] + 1
        texts = prompt_tokens(policy.tokenizer.encode, count * repeats, options["prompt_tokens"])
        prompts = [Prompt(Problem(str(n), str(n), ""), (), tuple(tokens)) for n, tokens in enumerate(texts)]
        seconds = []
        for repeat in range(repeats):
            began = time.perf_counter()
            sampler.load(policy)
            sample(prompts[repeat * count : (repeat + 1) * count], options["group"], repeat)
            seconds.append(time.perf_counter() - began)
        found[str(rows)] = seconds[1:]
    return {"seconds": found}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
