"""The number formats of weights."""

import pytest
from gguf import GGMLQuantizationType, LlamaFileType

from whet.errors import UserError
from whet.export.bounds import BRAIN, EXACT, HALF
from whet.export.weight_types import TYPES, weight_type


def test_every_row_names_types_that_exist() -> None:
    for row in TYPES.values():
        assert GGMLQuantizationType[row.gguf].name.lower() == row.name
        assert LlamaFileType[row.file_type].name.endswith(row.gguf)


def test_a_type_that_holds_the_weights_may_lose_nothing() -> None:
    assert weight_type("f32").bound_for("bfloat16") is EXACT
    assert weight_type("bf16").bound_for("bfloat16") is EXACT
    assert weight_type("bf16").bound_for("float32") is BRAIN
    assert weight_type("f16").bound_for("bfloat16") is HALF, "float16 has a smaller range"


def test_another_name_is_refused_with_the_names_there_are_and_the_way_to_k_quants() -> None:
    with pytest.raises(UserError, match=r"--type: is 'q4_k_m'; it must be one of f32, f16, bf16, q8_0.*llama-quantize"):
        weight_type("q4_k_m")
    with pytest.raises(UserError, match=r"did you mean f16\?"):
        weight_type("fp16")
