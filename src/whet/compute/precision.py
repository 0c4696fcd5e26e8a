"""Sets how exactly a GPU multiplies: no TF32, and sums of 16-bit products in float32."""

import torch


def exact_products() -> None:
    """Switches off what would round the products of this process more than their dtype does.

    TF32 has 10 bits of mantissa: transformers computes rotary angles as a float32 product of positions and frequencies,
    which it would break past position 2,048. Partial sums rounded to 16 bits (split-K products, where rows are few)
    make sampler and learner differ.
    """
    matmul = torch.backends.cuda.matmul
    matmul.allow_tf32 = False
    matmul.allow_bf16_reduced_precision_reduction = False
    matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cudnn.allow_tf32 = False
