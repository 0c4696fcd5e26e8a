"""The part of free memory that activations may take: the rule by which micro-batches are sized and layers recomputed.

Were the two to differ, micro-batches would be chosen whose layers are then computed twice.
"""

SHARE = 0.8
"""Of the memory that is left for activations; the rest is for the error of the estimate."""


def room(free: float, besides: float) -> float:
    """Returns the bytes for activations where `free` bytes are free, of which other tensors of the learner need some.

    >>> room(100.0, 20.0)
    64.0
    """
    return SHARE * (free - besides)
