"""Out of memory: the same gradient again, in smaller parts.

A gradient is a sum over micro-batches, so smaller ones give the same one: only the sum gathered so far has to be
forgotten.
"""

import logging

import torch

from whet.errors import UserError

SIGNS = ("can't allocate memory", "not enough memory", "out of memory")
"""What CPU allocators and backends without an error of their own say."""


def smaller_micro_batch(error: BaseException, tokens: int, smallest: int) -> int:
    """Tokens at a time to go on with after `error` with `tokens` of them: half as many, at least `smallest`.

    Raises `error` itself where it is no want of memory, and `UserError` where nothing can be split any more.
    """
    if not is_out_of_memory(error):
        raise error
    if tokens <= smallest:
        raise UserError(
            f"grpo.micro_batch_tokens: out of memory with {tokens} tokens at a time, the smallest part there "
            "is; lower grpo.group_size or grpo.sampling.max_tokens (sft.micro_batch_tokens in a warm start)"
        ) from error
    fewer = max(tokens // 2, smallest)
    logging.getLogger("whet").warning(
        "out of memory with micro_batch_tokens %d: going on with %d from here on, in the same whole groups",
        tokens,
        fewer,
    )
    return fewer


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was wanting.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or any(sign in str(error).lower() for sign in SIGNS)
