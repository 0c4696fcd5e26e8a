"""The head's probabilities on a GPU with Triton: the product writes logits where the probabilities will be."""

import logging
from functools import cache

import torch
from torch import Tensor

from whet.policy.head_probabilities import Scale, Way
from whet.policy.softmax_kernel import BLOCK, WARPS, softmax_kernel
from whet.text import first_line


def softmax_in_place(logits_CV: Tensor, targets_C: Tensor, temperature: float, write: bool = True) -> Tensor:
    """Returns log softmax(logits / temperature) at the targets, float32 `[C]`; `write`: logits become probabilities.

    Rows of `logits_CV` must be dense.
    """
    logprobs_C = logits_CV.new_empty(len(logits_CV), dtype=torch.float32)
    vocabulary, stride = logits_CV.shape[1], logits_CV.stride(0)
    softmax_kernel[(len(logits_CV),)](
        *(logits_CV, targets_C, logprobs_C, 1.0 / temperature, vocabulary, stride),
        WRITE=write,
        BLOCKS=-(-vocabulary // BLOCK),
        BLOCK=BLOCK,
        num_warps=WARPS,
    )
    return logprobs_C


@cache
def softmax_works(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether the kernel compiles for a device and is right on a few logits; what it fails with is logged."""
    logits = torch.linspace(-2, 2, 60, device=device).to(dtype).view(2, 30)
    targets = torch.tensor([3, 29], device=device)
    expected = logits.double().log_softmax(-1)
    try:
        found = softmax_in_place(logits, targets, 1.0)
        torch.testing.assert_close(found, expected.gather(-1, targets[:, None])[:, 0].float(), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(logits.double(), expected.exp(), rtol=1e-2, atol=1e-3)
    except Exception as error:  # compilers raise anything
        logging.getLogger("whet").warning(
            "the head's softmax goes through PyTorch, as Triton's kernel does not work here: %s: %s",
            type(error).__name__,
            first_line(error),
        )
        return False
    return True


def _forward(
    hidden_CD: Tensor, head_VD: Tensor, targets_C: Tensor, scale: Scale, kept_CV: Tensor
) -> tuple[Tensor, None]:
    is_kept = len(kept_CV) == len(hidden_CD)
    logits_CV = kept_CV if is_kept else hidden_CD.new_empty(len(hidden_CD), len(head_VD))
    torch.mm(hidden_CD, head_VD.T, out=logits_CV)
    return softmax_in_place(logits_CV, targets_C, scale.temperature, write=is_kept), None


def _again(hidden_CD: Tensor, head_VD: Tensor, targets_C: Tensor, scale: Scale) -> Tensor:
    p_CV = torch.mm(hidden_CD, head_VD.T)
    softmax_in_place(p_CV, targets_C, scale.temperature)
    return p_CV


IN_PLACE = Way(_forward, _again)
"""By a Triton kernel; without a soft cap."""
