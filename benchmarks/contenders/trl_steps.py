"""Whole GRPO steps of TRL at equal work: prints the seconds of each, by phase, the first step left out."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.contenders.device import peak_gib
from benchmarks.contenders.trl_trainer import trainer
from benchmarks.work import WARM_UP, Work, always_different, prompt_tokens
from whet.models import resolve


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """Some steps to warm up, then those that count."""
    from transformers import AutoTokenizer

    work, steps, folder = Work(**options["work"]), options["steps"] + WARM_UP, str(resolve(options["model"]))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokens = prompt_tokens(tokenizer.encode, work.prompts * steps, work.prompt_tokens)
    texts = [tokenizer.decode(some) for some in tokens]
    if [tokenizer.encode(text) for text in texts] != tokens:
        raise SystemExit("the prompts do not come back as the tokens they were made of")

    def reward(completions: Sequence[Any], completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float]:
        lengths = {len(ids) for ids in completion_ids}
        if lengths != {work.tokens}:
            raise SystemExit(f"every response must be {work.tokens} tokens long, not {lengths}")
        return always_different(len(completions))

    settings = {
        "max_steps": steps,
        "per_device_train_batch_size": work.rows,
        "num_generations": work.group,
        "max_completion_length": work.tokens,
        "generation_kwargs": {"min_new_tokens": work.tokens},
        "learning_rate": 1e-6,
    }
    with trainer(folder, options["tuned"], texts, reward, settings) as (made, watch):
        made.train()
    return {"steps": watch.steps[WARM_UP:], "peak_gib": peak_gib()}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
