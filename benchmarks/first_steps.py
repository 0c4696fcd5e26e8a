"""What the first steps of training teach, by where the float32 masters of bfloat16 weights begin.

    python -m benchmarks.first_steps --rate 2e-5

SmolLM2-135M-Instruct imitates solutions of two-digit sums; the loss on held-out ones before each step and after the
last. Products are in float32 throughout: weights alone are rounded, to what bfloat16 holds.

| row | weights | masters begin |
|---|---|---|
| float32 | are their masters | |
| middle | rounded from masters | at the weights, as is usual |
| spread | rounded from masters | anywhere that rounds to the weights, as Whet's do (`whet.compute.spread_masters`) |
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import torch
import tyro
from torch import Tensor

from whet.compute.spread_masters import masters_of

Weights = list[torch.nn.Parameter]
Begin = Callable[[Weights], list[Tensor]]


def at_the_weights(weights: Weights) -> list[Tensor]:
    """Returns masters as they usually begin."""
    return [weight.detach().float() for weight in weights]


BEGIN: Mapping[str, Begin | None] = {
    "float32": None,
    "middle": at_the_weights,
    "spread": masters_of,
}
"""By row, the masters of bfloat16 weights; None: float32 weights are their own."""


def solution(first: int, second: int) -> tuple[str, str]:
    """A sum as a question and its solution, tens and ones apart."""
    tens, ones = first // 10 * 10 + second // 10 * 10, first % 10 + second % 10
    worked = f"{first // 10 * 10} + {second // 10 * 10} = {tens}, {first % 10} + {second % 10} = {ones}"
    asked, total = f"{first} + {second}", first + second
    return f"What is {asked}?", f"<think>{worked}, {asked} = {total}</think> <answer>{total}</answer>"


def batch(tokenizer: Any, count: int, seed: int) -> dict[str, Tensor]:
    """`count` sums, padded on the right; only tokens of solutions have labels."""
    random, rows = Random(seed), []
    for _ in range(count):
        asked, worked = solution(random.randint(10, 99), random.randint(10, 99))
        turn = [{"role": "user", "content": asked}]
        prompt = tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
        rows.append([tokenizer(text, add_special_tokens=False).input_ids for text in (prompt, worked)])
    longest = max(len(prompt) + len(response) for prompt, response in rows)
    shape = count, longest
    made = {"input_ids": torch.zeros(shape, dtype=torch.long), "attention_mask": torch.zeros(shape, dtype=torch.long)}
    made["labels"] = torch.full(shape, -100)
    for row, (prompt, response) in enumerate(rows):
        end = len(prompt) + len(response)
        made["input_ids"][row, :end] = torch.tensor(prompt + response)
        made["attention_mask"][row, :end] = 1
        made["labels"][row, len(prompt) : end] = torch.tensor(response)
    return made


def losses(model: Any, begin: Begin | None, data: Sequence[Any], rate: float) -> list[float]:
    """Trains a float32 model on all of `data` but the first, by AdamW with two steps of warm-up; the loss on that."""
    weights = list(model.parameters())
    rounded = [torch.nn.Parameter(weight.detach().bfloat16()) for weight in weights]
    masters = weights if begin is None else begin(rounded)
    optimizer = torch.optim.AdamW(masters, betas=(0.9, 0.99), weight_decay=0.0)
    held_out, *batches = data
    found = [_loss(model, held_out)]
    for step, part in enumerate(batches):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 2)
        model(**part).loss.backward()
        for master, weight in zip(masters, weights, strict=True):
            if master is not weight:
                master.grad, weight.grad = weight.grad, None
        torch.nn.utils.clip_grad_norm_(masters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            for master, weight in zip(masters, weights, strict=True):
                if master is not weight:
                    weight.copy_(master.bfloat16())
        found.append(_loss(model, held_out))
    return found


@torch.no_grad()
def _loss(model: Any, held_out: Any) -> float:
    return float(model(**held_out).loss)


def main(rate: float = 2e-5, steps: int = 8, size: int = 4, held_out: int = 10) -> None:
    """Print a line of losses for each row.

    Args:
        rate: the learning rate.
        steps: steps of training.
        size: sums of a step.
        held_out: sums that the loss is of.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from whet.models.load import resolve

    source = resolve("SmolLM2-135M-Instruct")
    tokenizer = AutoTokenizer.from_pretrained(source)
    data = [batch(tokenizer, held_out, 99), *(batch(tokenizer, size, step) for step in range(steps))]
    for name, begin in BEGIN.items():
        # the weights of the source are bfloat16 numbers, whatever holds them
        model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32).eval()
        print(name, *(f"{loss:.3f}" for loss in losses(model, begin, data, rate)), flush=True)


if __name__ == "__main__":
    tyro.cli(main)
