"""Handles out-of-memory errors by halving the micro-batch.

A gradient is a sum over micro-batches, so smaller ones give the same: only the partial sum has to be cleared.
"""

import logging
from collections.abc import Mapping
from typing import Literal

from whet.errors import UserError, is_out_of_memory

Stage = Literal["grpo", "sft"]
"""Whose `micro_batch_tokens` size the micro-batches."""

SHORTER: Mapping[Stage, str] = {"grpo": "lower grpo.sampling.max_tokens", "sft": "leave long solutions out of sft.data"}
"""What makes the smallest part smaller."""


def none_smaller(tokens: int, stage: Stage) -> UserError:
    """Returns the error where the smallest micro-batch runs out of memory."""
    return UserError(
        f"{stage}.micro_batch_tokens: out of memory with {tokens} tokens at a time, the smallest part there is; "
        f"{SHORTER[stage]}, or train adapters: model.lora {{rank: 16}}"
    )


def smaller_micro_batch(error: BaseException, tokens: int, smallest: int, stage: Stage = "grpo") -> int:
    """Returns the micro-batch tokens to retry with after `error` at `tokens`: half, but at least `smallest`.

    Raises `error` itself where it is not out of memory, and `UserError` where `tokens` is the smallest already.
    """
    if not is_out_of_memory(error):
        raise error
    if tokens <= smallest:
        raise none_smaller(tokens, stage) from error
    fewer = max(tokens // 2, smallest)
    logging.getLogger("whet").warning(
        "out of memory with micro_batch_tokens %d: going on with %d from here on; the gradient does not depend on it",
        tokens,
        fewer,
    )
    return fewer
