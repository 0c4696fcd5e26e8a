"""Handles out-of-memory errors by halving the micro-batch.

A gradient is a sum over micro-batches, so smaller ones give the same: only the partial sum has to be cleared.
"""

import logging

import torch

from whet.errors import UserError

SIGNS = ("can't allocate memory", "not enough memory", "out of memory")
"""Error texts of CPU allocators and of backends without an exception of their own."""


def smaller_micro_batch(error: BaseException, tokens: int, smallest: int) -> int:
    """Returns the micro-batch tokens to retry with after `error` at `tokens`: half, but at least `smallest`.

    Raises `error` itself where it is not out of memory, and `UserError` where `tokens` is the smallest already.
    """
    if not is_out_of_memory(error):
        raise error
    if tokens <= smallest:
        raise UserError(
            f"grpo.micro_batch_tokens: out of memory with {tokens} tokens at a time, the smallest part there "
            "is; lower grpo.sampling.max_tokens, or train adapters: model.lora {rank: 16}"
        ) from error
    fewer = max(tokens // 2, smallest)
    logging.getLogger("whet").warning(
        "out of memory with micro_batch_tokens %d: going on with %d from here on; the gradient does not depend on it",
        tokens,
        fewer,
    )
    return fewer


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether an error means out of memory.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or any(sign in str(error).lower() for sign in SIGNS)
