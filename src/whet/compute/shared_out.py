"""Divides the units of a step (groups, examples) among processes, so that each has about as many tokens."""

from collections.abc import Sequence

from whet.protocols import Part


def shared_out(sizes: Sequence[int], count: int) -> list[list[int]]:
    """Returns for each of `count` processes the places of its units, in order: the largest go first, to who has least.

    Units stay whole (R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969: at most 4/3 of the best).

    >>> shared_out([9, 5, 4, 3], 2)
    [[0, 3], [1, 2]]
    """
    loads, places = [0] * count, [list[int]() for _ in range(count)]
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
        least = loads.index(min(loads))
        loads[least] += sizes[place]
        places[least].append(place)
    return [sorted(some) for some in places]


def share(batches: Sequence[Part], rank: int, count: int) -> list[Part]:
    """Returns the share of process `rank`: of each batch the units that it computes, without batches of none."""
    sizes = [list(batch.sizes) for batch in batches]
    mine = set(shared_out([size for some in sizes for size in some], count)[rank])
    starts = [sum(map(len, sizes[:index])) for index in range(len(sizes))]
    kept = [
        [place for place in range(len(some)) if start + place in mine]
        for start, some in zip(starts, sizes, strict=True)
    ]
    return [
        batch if len(keep) == len(some) else batch.units(keep)
        for batch, some, keep in zip(batches, sizes, kept, strict=True)
        if keep
    ]


def smallest_part(batches: Sequence[Part]) -> Part:
    """Returns the smallest micro-batch of some batches: of their smallest unit, as little as can be computed alone."""
    place, batch = min(
        ((place, batch) for batch in batches for place in range(len(batch.sizes))), key=lambda one: one[1].sizes[one[0]]
    )
    return next(iter(batch.units([place]).micro_batches(1)))
