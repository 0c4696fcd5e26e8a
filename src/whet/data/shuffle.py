"""Pseudo-random permutations of 0…n−1, evaluated at one index in constant time and memory.

A balanced Feistel network (Luby & Rackoff, 1988) over the next power of four is a bijection for any round
function; iterating it until the result is below n (cycle walking) makes it a bijection of 0…n−1.
"""

from hashlib import blake2b

ROUNDS = 6


def stable_hash(text: str) -> int:
    """A 64-bit hash of a text, the same on every machine (BLAKE2b)."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def shuffled(index: int, size: int, key: str) -> int:
    """The value at `index` of the permutation of 0…`size` − 1 seeded by `key`; `IndexError` outside of it.

    >>> sorted(shuffled(i, 10, "any key") for i in range(10)) == list(range(10))
    True
    """
    if not 0 <= index < size:
        raise IndexError(f"place {index} in a shuffle of {size}")
    half = max(1, ((size - 1).bit_length() + 1) // 2)  # half the bits of the next power of four
    while True:
        index = _feistel(index, half, key)
        if index < size:
            return index


def _feistel(index: int, half: int, key: str) -> int:
    """A Feistel network: a bijection of the integers of 2·`half` bits."""
    low = (1 << half) - 1
    left, right = index >> half, index & low
    for turn in range(ROUNDS):
        left, right = right, left ^ (stable_hash(f"{key}/{turn}/{right}") & low)
    return left << half | right
