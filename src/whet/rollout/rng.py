"""Counter-based uniform random numbers: equal (seed, step, problem, sample, position) give equal numbers.

There is no generator state, so a rollout does not depend on the batch, on earlier draws or on the machine. Keys come
from BLAKE2b; positions are mixed in by SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014).
"""

from hashlib import blake2b

from torch import Tensor

_GAMMA = 0x9E3779B97F4A7C15
_MIXES = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def key(*what: int | str) -> int:
    """Hashes what a random stream is for to a signed 64-bit key.

    >>> key(0, 1, "problem", 2) == key(0, 1, "problem", 2) != key(0, 1, "problem", 3)
    True
    """
    text = "\x1f".join(map(str, what)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little", signed=True)


def uniforms(keys_R: Tensor, position_R: Tensor) -> Tensor:
    """Returns uniform numbers in (0, 1) as float64 `[R]`, for int64 keys and positions `[R]`."""
    state = keys_R + (position_R + 1) * _signed(_GAMMA)  # int64 arithmetic wraps around, as SplitMix64 wants
    for shift, multiplier in _MIXES:
        state = (state ^ _shifted(state, shift)) * _signed(multiplier)
    bits = _shifted(state ^ _shifted(state, 31), 12)  # the upper 52 bits: with the added half, 53 fit a float64
    return (bits.double() + 0.5) * 2.0**-52


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _shifted(state: Tensor, count: int) -> Tensor:
    """A logical right shift: `>>` on int64 copies the sign bit, so the top bits are masked off."""
    return (state >> count) & ((1 << (64 - count)) - 1)
