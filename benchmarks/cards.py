"""Which card trains which model at which lengths: the table of docs/gpu.md, from the memory model of `whet train`.

    python -m benchmarks.cards            # writes the table into docs/gpu.md

Models are made on the meta device, without weights. Nothing here is measured: `benchmarks/gpu.py` compares the model
of memory with a real card.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from benchmarks.soak import SHAPE
from whet.build.memory_plan import MemoryPlan, _smaller_kinds, plan_memory
from whet.compute.limit import Shape
from whet.models.dimensions import Dimensions
from whet.policy import attention, head_chunks
from whet.policy.attention_memory import MicroBatchLengths
from whet.policy.language_model import LanguageModel
from whet.recipe import make_recipe

GIB = 2**30

PAGE = Path(__file__).parents[1] / "docs" / "gpu.md"

BEGIN, END = "<!-- cards: made by `python -m benchmarks.cards` -->", "<!-- /cards -->"

PROMPT, GROUP = 256, 8
"""Tokens of a prompt, and completions of each."""

LENGTHS = (256, 512, 1024, 2048, 4096, 8192, 16384)
"""Completion tokens that are tried."""

CONTEXT, SHARE = 0.7 * GIB, 0.94
"""Bytes that CUDA and its libraries take for themselves, and the share of the rest that fragments leave."""


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU."""

    name: str
    gib: float
    dtype: torch.dtype
    attention: str
    """The row of `whet.policy.attention.ATTENTIONS`."""

    @property
    def usable(self) -> float:
        """Bytes for tensors."""
        return SHARE * (self.gib * GIB - CONTEXT)


CARDS = (
    Card("T4 16 GB", 15, torch.float32, "grid"),
    Card("RTX 4090 24 GB", 23.5, torch.bfloat16, "varlen"),
    Card("A100 40 GB", 39.5, torch.bfloat16, "varlen"),
    Card("A100, H100 80 GB", 79, torch.bfloat16, "varlen"),
    Card("H200 141 GB", 139, torch.bfloat16, "varlen"),
)

MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "SmolLM2-135M": (
        "Llama",
        {
            "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
            "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
            "max_position_embeddings": 8192,
        },
    ),
    "Qwen2.5-0.5B": ("Qwen2", SHAPE),
    "Qwen2.5-1.5B": (
        "Qwen2",
        {
            "vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
            "num_attention_heads": 12, "num_key_value_heads": 2, "tie_word_embeddings": True,
            "max_position_embeddings": 32768,
        },
    ),
    "Qwen2.5-3B": (
        "Qwen2",
        {
            "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
            "num_attention_heads": 16, "num_key_value_heads": 2, "tie_word_embeddings": True,
            "max_position_embeddings": 32768,
        },
    ),
    "Qwen2.5-7B": (
        "Qwen2",
        {
            "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
            "num_attention_heads": 28, "num_key_value_heads": 4, "tie_word_embeddings": False,
            "max_position_embeddings": 32768,
        },
    ),
}  # fmt: skip
"""Name → transformers' family and the shape from the model's configuration on the hub."""


def table() -> str:
    """Returns the table in Markdown: in each cell the longest completion of which a group of eight trains."""
    head = ["model", "training", *(card.name for card in CARDS)]
    rows = [row for name in MODELS for row in _rows(name)]
    lines = [head, ["---"] * 2 + ["---:"] * len(CARDS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(name: str) -> Iterator[list[str]]:
    by_card = [_longest(name, card) for card in CARDS]
    for kind in by_card[0]:
        cells = [f"{found[kind]:,}" if found[kind] else "–" for found in by_card]
        yield [name if kind == "full training" else "", kind, *cells]


def _longest(name: str, card: Card) -> dict[str, int]:
    """By kind of training, the longest completion that fits, within the model's context; 0 where none does."""
    policy = made(name, card.dtype)
    found: dict[str, int] = {}
    with standing_for(card):
        for length in (some for some in LENGTHS if PROMPT + some <= (policy.context or some)):
            for plan in plans(policy, length):
                fits = least(plan, policy, card, length) <= card.usable
                found[plan.kind] = length if fits else found.get(plan.kind, 0)
    return found


def plans(policy: LanguageModel, length: int) -> Sequence[MemoryPlan]:
    """Full training, LoRA and QLoRA, with completions of this length."""
    source = {
        "model": {"name": "any"},
        "data": {"train": {"name": "arithmetic"}},
        "grpo": {"sampling": {"max_tokens": length}, "group_size": GROUP},
    }
    whole = plan_memory(make_recipe(source), policy, PROMPT + length)
    return [whole, *_smaller_kinds(whole, policy)]


def least(plan: MemoryPlan, policy: LanguageModel, card: Card, length: int) -> float:
    """Bytes at the peak with the smallest micro-batch, one completion, its layers recomputed; and one group sampled."""
    size, element = Dimensions.of(policy.model.config), card.dtype.itemsize
    needed = attention.ATTENTIONS[card.attention].needed(
        replace(size, layers=1), element, MicroBatchLengths(1, 1, PROMPT, length)
    )
    tokens = PROMPT + length
    activations = tokens * (size.layers * size.hidden * element + plan.per_token / size.layers)
    learner = plan.state + plan.gradients + plan.head + activations + sum(needed)
    shape = Shape.of(policy.model)
    sampler = (shape.weights + shape.head) * element + shape.cache_bytes * GROUP * tokens
    return max(learner, plan.state + sampler)


@cache
def made(name: str, dtype: torch.dtype) -> LanguageModel:
    """A model of that shape without weights."""
    import transformers

    family, shape = MODELS[name]
    config = getattr(transformers, f"{family}Config")(**shape)
    with torch.device("meta"):
        return LanguageModel(getattr(transformers, f"{family}ForCausalLM")(config).to(dtype), None)


@contextmanager
def standing_for(card: Card) -> Iterator[None]:
    """In the block the meta device attends as the card does, and has its memory."""
    before = attention.ROWS, head_chunks.SIZES
    attention.ROWS = {"meta": ((card.attention, lambda wanted: True),)}
    head_chunks.SIZES = {"meta": lambda _, *given: head_chunks.by_memory(int(card.gib * GIB), *given)}
    try:
        yield
    finally:
        attention.ROWS, head_chunks.SIZES = before


def with_table(page: str, made: str) -> str:
    """Returns the page with this table between its marks."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n\n{made}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), table()), encoding="utf-8")
