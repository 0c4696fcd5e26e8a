"""Four bits a number: levels, codes, and how far what comes back is from what went in."""

import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from whet.kernels.nf4 import BLOCK, LEVELS, OUTER, dequantize, quantize


def there_and_back(weight: Tensor) -> Tensor:
    return dequantize(quantize(weight), weight.shape, weight.dtype)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_levels_are_quantiles_of_a_normal_distribution() -> None:
    """Appendix E: eight levels below 0 and eight from 0 up, between the quantiles at 1 − 0.9677083 and 0.9677083."""
    edge = 0.9677083
    below = [norm.ppf(1 - edge + place * (edge - 0.5) / 7) for place in range(7)]
    above = [norm.ppf(0.5 + place * (edge - 0.5) / 8) for place in range(1, 9)]
    expected = [value / above[-1] for value in (*below, 0.0, *above)]
    assert list(LEVELS) == pytest.approx(expected, abs=1e-6)


def test_codes_by_hand() -> None:
    """Of a block whose largest is 2: 2 is level 15, −2 level 0, 0 level 7; ½, a quarter, is nearest to level 10."""
    block = torch.zeros(BLOCK)
    block[:4] = torch.tensor([2.0, -2.0, 0.0, 0.5])
    packed = quantize(block)
    assert packed.codes[:2].tolist() == [15 * 16 + 0, 7 * 16 + 10]
    assert packed.codes[2:].tolist() == [7 * 16 + 7] * (BLOCK // 2 - 2)
    back = there_and_back(block)
    torch.testing.assert_close(back[:4], torch.tensor([2.0, -2.0, 0.0, 2 * LEVELS[10]]))


def test_each_number_goes_to_its_nearest_level() -> None:
    weight = normal(20, BLOCK)
    largest = weight.abs().amax(-1, keepdim=True)
    distance = (weight / largest)[..., None] - torch.tensor(LEVELS)
    nearest = torch.tensor(LEVELS)[distance.abs().argmin(-1)] * largest
    # what the 8-bit largest magnitudes are off by: half a 127th of the widest distance from their mean
    slack = (largest - largest.mean()).abs().max() / 254
    assert ((there_and_back(weight) - nearest).abs() <= slack + 1e-6).all()


def test_normal_weights_come_back_within_a_tenth() -> None:
    """NF4's relative error on normal numbers in blocks of 64 is about 9 % (root of mean squares)."""
    weight = normal(512, 256) * 0.02
    error = (there_and_back(weight) - weight).square().mean().sqrt() / weight.square().mean().sqrt()
    assert 0.07 < float(error) < 0.11


def test_bits_per_number() -> None:
    """4 + 8/64 + 32/(64 · 256) = 4.127, and the one mean."""
    packed = quantize(normal(BLOCK * OUTER, 4))
    assert {name: tensor.dtype for name, tensor in packed._asdict().items()} == {
        "codes": torch.uint8,
        "largest": torch.int8,
        "scales": torch.float32,
        "mean": torch.float32,
    }
    bits = 8 * sum(tensor.numel() * tensor.element_size() for tensor in packed)
    assert bits / (4 * BLOCK * OUTER) == pytest.approx(4.127, abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (7, 64), (33, 65), (300, 100)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_any_shape_and_type_comes_back(shape: tuple[int, int], dtype: torch.dtype) -> None:
    weight = normal(*shape).to(dtype)
    back = there_and_back(weight)
    assert (back.shape, back.dtype) == (weight.shape, dtype)
    assert float((back.float() - weight.float()).abs().max()) < 0.2 * float(weight.float().abs().max())


def test_zeros_stay_zeros() -> None:
    assert there_and_back(torch.zeros(3, 70)).eq(0).all()


def test_blocks_do_not_see_each_other_but_by_their_scale() -> None:
    """A giant in one block leaves the codes of the others alone."""
    weight = normal(4, BLOCK)
    before = quantize(weight).codes
    weight[0, 0] = 1000.0
    after = quantize(weight).codes
    assert torch.equal(before[BLOCK // 2 :], after[BLOCK // 2 :])
    assert not torch.equal(before[: BLOCK // 2], after[: BLOCK // 2])
