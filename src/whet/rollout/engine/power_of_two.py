"""The power of two that blocks of kernels and rooms of recorded bursts are rounded up to."""


def power_of_two(least: int) -> int:
    """Returns the smallest one that is not below `least`, which is at least 1.

    >>> power_of_two(7), power_of_two(64)
    (8, 64)
    """
    return 1 << (least - 1).bit_length()
