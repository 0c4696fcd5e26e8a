"""How the units of a step are divided among processes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from whet.compute.shared_out import share, shared_out, smallest_part


@given(st.lists(st.integers(1, 1000), max_size=30), st.integers(1, 8))
def test_every_unit_goes_to_one_process_and_none_has_much_more(sizes: list[int], count: int) -> None:
    places = shared_out(sizes, count)
    assert sorted(chain(*places)) == list(range(len(sizes)))
    assert all(some == sorted(some) for some in places)
    loads = [sum(sizes[place] for place in some) for some in places]
    # the largest load exceeds the mean by less than the unit that was added last to it
    assert max(loads) <= sum(sizes) / count + max(sizes, default=0)


@dataclass(frozen=True)
class Units:
    """A batch of named units; as long as their names."""

    names: tuple[str, ...]

    @property
    def sizes(self) -> list[int]:
        return [len(name) for name in self.names]

    def units(self, keep: list[int]) -> "Units":
        return Units(tuple(self.names[place] for place in keep))

    def micro_batches(self, tokens: int) -> "Iterator[Units]":
        yield from (Units((name,)) for name in self.names)


def test_shares_are_of_all_batches_together() -> None:
    batches = [Units(("aaaa",)), Units(("bb", "c")), Units(("d",))]
    assert share(batches, 0, 2) == [Units(("aaaa",))]  # four letters each
    assert share(batches, 1, 2) == [Units(("bb", "c")), Units(("d",))]


def test_a_process_may_have_nothing_to_do() -> None:
    assert share([Units(("a",))], 1, 2) == []
    assert share([], 0, 2) == []


def test_a_batch_that_stays_whole_is_not_copied() -> None:
    batch = Units(("a", "b"))
    assert share([batch], 0, 1)[0] is batch


def test_the_smallest_part_is_of_the_smallest_unit() -> None:
    """Two letters, alone in a part of its own."""
    assert smallest_part([Units(("aaaa",)), Units(("ccc", "bb"))]) == Units(("bb",))
