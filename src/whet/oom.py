"""Out of memory: the same gradient again, in smaller parts.

A gradient is a sum over micro-batches of whole groups, so smaller ones give the same one: only the sum gathered so far
has to be forgotten.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import torch

from whet.errors import UserError

Result = TypeVar("Result")

SIGNS = ("can't allocate memory", "not enough memory", "out of memory")
"""What CPU allocators and backends without an error of their own say."""


def retry_with_smaller_batches(
    attempt: Callable[[int], Result], tokens: int, smallest: int, zero_grad: Callable[[], None]
) -> tuple[Result, int]:
    """`attempt(tokens)`, and the tokens at a time that it went with: half as many after each want of memory.

    `zero_grad` drops what a failed attempt gathered. At `smallest` tokens nothing can be split any more.

    Raises `UserError` where not even that fits.
    """
    while True:
        try:
            return attempt(tokens), tokens
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if tokens <= smallest:
                raise UserError(
                    f"grpo.micro_batch_tokens: out of memory with {tokens} tokens at a time, the smallest part there "
                    "is; lower grpo.group_size or grpo.sampling.max_tokens (sft.micro_batch_tokens in a warm start)"
                ) from error
        zero_grad()
        before, tokens = tokens, max(tokens // 2, smallest)
        logging.getLogger("whet").warning(
            "out of memory with micro_batch_tokens %d: going on with %d from here on, in the same whole groups",
            before,
            tokens,
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was wanting.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or any(sign in str(error).lower() for sign in SIGNS)
