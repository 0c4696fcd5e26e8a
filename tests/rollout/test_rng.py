"""Counter-based uniform numbers against SplitMix64 in plain Python, and tests of what they claim."""

import pytest
import torch
from scipy import stats

from whet.rollout.rng import key, uniforms

EMPTY_BLAKE2B_64 = "e4a6a0577479b2b4"
"""What `b2sum -l 64 < /dev/null` prints."""

WORD = (1 << 64) - 1
GAMMA, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def splitmix64(state: int) -> int:
    """The output for a state that has been advanced, with masks in place of machine words."""
    z = state & WORD
    z = (z ^ (z >> 30)) * FIRST & WORD
    z = (z ^ (z >> 27)) * SECOND & WORD
    return z ^ (z >> 31)


def unmixed(output: int) -> int:
    """The state that gives `output`: every step of the mix is a bijection, undone here in reverse."""
    for multiplier, shift in ((1, 31), (SECOND, 27), (FIRST, 30)):
        output = output * pow(multiplier, -1, 1 << 64) & WORD
        output ^= (output >> shift) ^ (output >> 2 * shift)
    return output


def signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


def uniform_of(output: int) -> float:
    """The middle of the interval of numbers that begin with these 52 bits."""
    return ((output >> 12) + 0.5) / 2**52


def at(key_: int, position: int) -> float:
    return uniforms(torch.tensor([key_]), torch.tensor([position])).item()


def test_the_reference_gives_the_published_outputs() -> None:
    """The first outputs for the seed 1234567, as printed for Vigna's splitmix64.c."""
    outputs = [splitmix64(1234567 + n * GAMMA) for n in range(1, 6)]
    assert outputs == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_positions_are_the_outputs_of_splitmix64_in_order() -> None:
    for seed in (0, 1, -1, 1234567, -(1 << 63), (1 << 63) - 1, key("any", 3)):
        expected = [uniform_of(splitmix64(seed + (position + 1) * GAMMA)) for position in range(50)]
        assert uniforms(torch.full((50,), seed), torch.arange(50)).tolist() == expected


def test_numbers_are_float64_of_the_keys_shape() -> None:
    drawn = uniforms(torch.zeros(3, dtype=torch.long), torch.arange(3))
    assert drawn.dtype == torch.float64
    assert drawn.shape == (3,)


def test_the_ends_are_never_reached() -> None:
    """A key exists for every output, so the extreme outputs can be asked for."""
    assert splitmix64(unmixed(0x123456789ABCDEF0)) == 0x123456789ABCDEF0
    smallest, largest = signed((unmixed(0) - GAMMA) & WORD), signed((unmixed(WORD) - GAMMA) & WORD)
    assert at(smallest, 0) == 2.0**-53
    assert at(largest, 0) == 1 - 2.0**-53


@pytest.mark.parametrize("what", ["positions", "keys", "hashed keys"])
def test_numbers_are_uniform(what: str) -> None:
    count = 20_000
    keys, positions = {
        "positions": (torch.full((count,), key(0, "a")), torch.arange(count)),
        "keys": (torch.arange(count), torch.zeros(count, dtype=torch.long)),
        "hashed keys": (
            torch.tensor([key(0, f"problem {n}") for n in range(count)]),
            torch.full((count,), 3),
        ),
    }[what]
    numbers = uniforms(keys, positions).numpy()
    assert stats.kstest(numbers, "uniform").pvalue > 0.01
    eighths = (numbers * 8).astype(int)
    neighbours = stats.contingency.crosstab(eighths[:-1], eighths[1:]).count
    assert stats.chi2_contingency(neighbours).pvalue > 0.01


def test_a_number_depends_on_its_own_key_and_position_only() -> None:
    random = torch.Generator().manual_seed(0)
    keys = torch.randint(-(1 << 63), (1 << 63) - 1, (64,), generator=random)
    positions = torch.randint(0, 4096, (64,), generator=random)
    together = uniforms(keys, positions)
    order = torch.randperm(64, generator=random)
    assert torch.equal(uniforms(keys[order], positions[order]), together[order])
    assert [at(int(k), int(p)) for k, p in zip(keys, positions, strict=True)] == together.tolist()


def test_every_word_of_a_key_matters() -> None:
    parts: list[tuple[int | str, ...]] = [
        (0, "train", 1, "p", 2),
        (1, "train", 1, "p", 2),
        (0, "eval", 1, "p", 2),
        (0, "train", 2, "p", 2),
        (0, "train", 1, "q", 2),
        (0, "train", 1, "p", 3),
        (0, "train", 1, "p"),
        (0, "train", 12, "p"),
        (0, "train1", 2, "p"),
    ]
    assert len({key(*part) for part in parts}) == len(parts)


def test_keys_are_the_same_on_every_machine_and_fit_64_signed_bits() -> None:
    """BLAKE2b of the words, read from the little end."""
    keys = [key(0, "train", step, "problem", 0) for step in range(1000)]
    assert min(keys) < -(1 << 60)
    assert max(keys) > 1 << 60
    assert all(-(1 << 63) <= k < 1 << 63 for k in keys)
    assert key() == signed(int.from_bytes(bytes.fromhex(EMPTY_BLAKE2B_64), "little"))


def test_any_text_can_name_a_problem() -> None:
    assert key("é") != key("e")
    assert key("\ud800") != key("\udfff")  # lone surrogates, as broken data files have them
