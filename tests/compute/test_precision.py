"""Products are exact whatever was set before, and nothing in the package asks for less."""

from pathlib import Path

import torch

import whet
from whet.compute.precision import exact_products

FLAGS = ("allow_tf32", "allow_bf16_reduced_precision_reduction", "allow_fp16_reduced_precision_reduction")


def test_nothing_is_rounded_more_than_its_dtype() -> None:
    matmul = torch.backends.cuda.matmul
    for flag in FLAGS:
        setattr(matmul, flag, True)
    exact_products()
    assert [getattr(matmul, flag) for flag in FLAGS] == [False] * 3
    assert torch.get_float32_matmul_precision() == "highest"


def test_no_module_asks_for_tf32() -> None:
    words = ("set_float32_matmul_precision", "allow_tf32 = True", "fp32_precision")
    texts = {path: path.read_text("utf-8") for path in Path(whet.__file__).parent.rglob("*.py")}
    assert [(path.name, word) for path, text in texts.items() for word in words if word in text] == []
