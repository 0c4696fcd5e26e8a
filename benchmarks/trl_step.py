"""Whole GRPO steps of TRL at equal work: prints the seconds of each, the first left out, as JSON."""

import argparse
import json
import tempfile
import time

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer
from work import GROUP, LEARNING_RATE, PROMPTS, TOKENS, always_different, peak_gib, prompt_texts

from whet.policy.loading import resolve

TUNED = {"gradient_checkpointing": False, "bf16": False, "optim": "adamw_torch_fused"}


class Stopwatch(TrainerCallback):
    """The times at which steps begin and end."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.ended: list[float] = []

    def on_step_begin(self, *_, **__):
        self.begun.append(time.perf_counter())

    def on_step_end(self, *_, **__):
        self.ended.append(time.perf_counter())


def reward(completions, completion_ids, **_):
    """Differs within every group; checks that the work is what it should be."""
    assert {len(ids) for ids in completion_ids} == {TOKENS}, {len(ids) for ids in completion_ids}
    return always_different(len(completions))


def main() -> None:
    """One warm-up step, then the counted ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--tuned", action="store_true", help="pure bfloat16, no checkpointing, fused AdamW")
    options = parser.parse_args()
    folder = resolve(options.model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16 if options.tuned else torch.float32)
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as scratch:
        settings = GRPOConfig(
            scratch,
            max_steps=options.steps + 1,
            per_device_train_batch_size=PROMPTS * GROUP,
            num_generations=GROUP,
            max_completion_length=TOKENS,
            generation_kwargs={"min_new_tokens": TOKENS},
            learning_rate=LEARNING_RATE,
            beta=0.0,
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **(TUNED if options.tuned else {}),
        )
        data = Dataset.from_dict({"prompt": prompt_texts(tokenizer, PROMPTS * (options.steps + 1))})
        GRPOTrainer(
            model, reward, args=settings, train_dataset=data, processing_class=tokenizer, callbacks=[stopwatch]
        ).train()
    seconds = [end - start for start, end in zip(stopwatch.begun, stopwatch.ended, strict=True)][1:]
    print(json.dumps({"seconds": seconds, "peak_gib": peak_gib()}))


if __name__ == "__main__":
    main()
