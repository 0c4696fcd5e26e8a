"""The number formats in which weights can be exported."""

from collections.abc import Mapping
from dataclasses import dataclass

from whet.errors import UserError, did_you_mean
from whet.export.bounds import BRAIN, EIGHT_BITS, EXACT, HALF, Bound


@dataclass(frozen=True, slots=True)
class WeightType:
    """A number format of matrices; what has one dimension stays float32 in GGUF."""

    name: str
    torch: str | None
    """Its name in torch; None where torch has none."""
    gguf: str
    """Its name among `gguf.GGMLQuantizationType`."""
    file_type: str
    """Its name among `gguf.LlamaFileType`."""
    bits: float
    """Per weight."""
    bound: Bound
    """How far a model may move whose weights it cannot hold as they are."""
    holds: tuple[str, ...]
    """torch's names of the types whose every value it holds."""

    def bound_for(self, stored: str) -> Bound:
        """Returns how far a model may move whose weights are stored as torch's `stored`."""
        return EXACT if stored in self.holds else self.bound


TYPES: Mapping[str, WeightType] = {
    row.name: row
    for row in (
        WeightType("f32", "float32", "F32", "ALL_F32", 32, EXACT, ("float32", "float16", "bfloat16")),
        WeightType("f16", "float16", "F16", "MOSTLY_F16", 16, HALF, ("float16",)),
        WeightType("bf16", "bfloat16", "BF16", "MOSTLY_BF16", 16, BRAIN, ("bfloat16",)),
        WeightType("q8_0", None, "Q8_0", "MOSTLY_Q8_0", 8.5, EIGHT_BITS, ()),
    )
}


def weight_type(name: str) -> WeightType:
    """Returns the number format called `name`. Raises `UserError` for another name."""
    if name not in TYPES:
        k_quants = "; for K-quants, export f16 and run `llama-quantize IN.gguf OUT.gguf Q4_K_M`"
        raise UserError(
            f"--type: is {name!r}; it must be one of {', '.join(TYPES)}{did_you_mean(name, TYPES)}{k_quants}"
        )
    return TYPES[name]
