"""A roofline model: the least time of a GRPO step on a machine, from the FLOPs and bytes that it needs.

Symbols: N_b and N_v parameters of body and head, N their sum; W bytes per parameter; κ bytes of KV cache per token;
a attention FLOPs per pair of a query and a key; Φ FLOP/s; β bytes/s. A step has Q prompts of P tokens and B = Q·G
completions of C tokens. Formulas in the docstrings are for equal lengths; the code uses the actual ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from whet.models.dimensions import Dimensions

OPTIMIZER_BYTES = 28
"""AdamW, bytes per parameter, all float32: weight and both moments are read and written, the gradient is read."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine's peak FLOP/s and memory bandwidth, as `whet.compute.machine` measures them."""

    flops: float
    """Φ: FLOP/s in the dtype that layers compute in."""
    bandwidth: float
    """β: bytes per second read and written in memory."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of a group's prompt and completions, in tokens."""

    prompt: int
    responses: tuple[int, ...]

    @property
    def produced(self) -> int:
        """ΣC: tokens of all completions."""
        return sum(self.responses)

    @property
    def prompt_pairs(self) -> float:
        """P²/2: pairs of a query and a key within the prompt."""
        return self.prompt**2 / 2

    @property
    def response_pairs(self) -> float:
        """Σ(PC + C²/2): pairs of each completion's queries with the prompt's keys and with its own."""
        return sum(self.prompt * length + length**2 / 2 for length in self.responses)


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions of a dense transformer that determine its cost."""

    body: int
    """N_b: parameters of everything between the input embedding and the head."""
    head: int
    """N_v: parameters of the output head, tied to the embedding or not."""
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    bytes_per_weight: int
    """W, of weights and of keys and values."""
    trained: float = 1.0
    """Trainable parameters as a share of N: 1, or with adapters a few hundredths."""

    @classmethod
    def of(cls, model: Any) -> Self:
        """Returns the shape of a transformers model; adapters count in `trained` only, as sampling merges them."""
        from whet.models.quantized import packed_weights

        base = model.get_base_model() if hasattr(model, "peft_config") else model
        size = Dimensions.of(base.config)
        embedding, output = base.get_input_embeddings().weight, base.get_output_embeddings()
        head = embedding if output is None else output.weight
        whole = (weight for name, weight in base.named_parameters() if ".lora_" not in name)
        own = sum(weight.numel() for weight in whole if not hasattr(weight, "quant_state")) + packed_weights(base)
        outside = embedding.numel() + (0 if head is embedding else head.numel())
        learns = sum(weight.numel() for weight in base.parameters() if weight.requires_grad)
        return cls(
            body=own - outside,
            head=head.numel(),
            layers=size.layers,
            heads=size.heads,
            kv_heads=size.kv_heads,
            head_size=size.head_size,
            bytes_per_weight=head.element_size(),
            trained=min(1.0, learns / (own - outside + head.numel())),
        )

    @property
    def weights(self) -> int:
        """N = N_b + N_v."""
        return self.body + self.head

    @property
    def cache_bytes(self) -> int:
        """κ: KV cache bytes per token, a key and a value for each layer and key-value head."""
        return 2 * self.layers * self.kv_heads * self.head_size * self.bytes_per_weight

    @property
    def pair_flops(self) -> int:
        """a: FLOPs per query-key pair, 2 products of 2 · head_size each (score, value) per layer and query head."""
        return 4 * self.layers * self.heads * self.head_size


@dataclass(frozen=True, slots=True)
class Limit:
    """Computes the least seconds of a step's parts, for a model on a machine.

    Grading is left out, and so is all work that a better algorithm could avoid.
    """

    shape: Shape
    machine: Machine
    common: int = 0
    """p: tokens that all prompts begin with."""

    def prefill(self, groups: Sequence[Lengths]) -> float:
        """Seconds to prefill each prompt once, and what all begin with once for all of them:
        max([2N_b·(QP − (Q − 1)p) + a·(QP² − (Q − 1)p²)/2 + 2N_v·Q]/Φ, W·N/β)."""
        s, again = self.shape, max(len(groups) - 1, 0)
        common = min(self.common, min((group.prompt for group in groups), default=0))
        body = 2 * s.body * (sum(group.prompt for group in groups) - again * common)
        attention = s.pair_flops * (sum(group.prompt_pairs for group in groups) - again * common**2 / 2)
        return max((body + attention + 2 * s.head * len(groups)) / self.machine.flops, self._reading_weights)

    def decode(self, groups: Sequence[Lengths]) -> float:
        """Seconds to decode: C·max(W·N/β, 2NB/Φ) + max(κ(QPC + BC²/2)/β, aB(PC + C²/2)/Φ).

        The batch at each position is the unfinished completions; a prompt's keys and values are read once for all of
        its completions, up to the end of the longest.
        """
        s = self.shape
        # between two consecutive sorted lengths the number of unfinished completions is constant
        ends = sorted(length for group in groups for length in group.responses)
        products = sum(
            (end - before) * max(self._reading_weights, 2 * s.weights * rows / self.machine.flops)
            for rows, (before, end) in zip(range(len(ends), 0, -1), pairwise([0, *ends]), strict=True)
        )
        of_prompts = sum(group.prompt * max(group.responses, default=0) for group in groups)
        of_responses = sum(length**2 / 2 for length in ends)
        moved = s.cache_bytes * (of_prompts + of_responses) / self.machine.bandwidth
        computed = s.pair_flops * sum(group.response_pairs for group in groups) / self.machine.flops
        return products + max(moved, computed)

    def learn(self, groups: Sequence[Lengths]) -> float:
        """Seconds forward and backward: [6N_b·Q(P + GC) + 6N_v·BC + 3a(B(PC + C²/2) + QP²/2)]/Φ.

        The 6 is 2 forward, 2 for the gradient of the activations, 2 for that of the trainable weights: near 4 with
        adapters.
        """
        return self._through(groups, 4 + 2 * self.shape.trained, 3)

    def reference(self, groups: Sequence[Lengths]) -> float:
        """Seconds of a forward pass for log π_ref: as `learn`, with 2 for 6 and 1 for 3."""
        return self._through(groups, 2, 1)

    def optimizer(self) -> float:
        """Seconds of an AdamW step over the trainable parameters: 28N/β."""
        return OPTIMIZER_BYTES * self.shape.trained * self.shape.weights / self.machine.bandwidth

    @property
    def _reading_weights(self) -> float:
        """W·N/β."""
        return self.shape.bytes_per_weight * self.shape.weights / self.machine.bandwidth

    def _through(self, groups: Sequence[Lengths], per_weight: float, per_pair: float) -> float:
        """Seconds in the learner's layout: each prompt once with its completions, the head on completion tokens."""
        s = self.shape
        produced = sum(group.produced for group in groups)
        weights = s.body * (sum(group.prompt for group in groups) + produced) + s.head * produced
        pairs = sum(group.response_pairs + group.prompt_pairs for group in groups)
        return (per_weight * weights + per_pair * s.pair_flops * pairs) / self.machine.flops
