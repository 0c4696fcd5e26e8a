"""What is read of linear layers in four bits; bitsandbytes' own words for them are the measure."""

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from torch import nn

from whet.models.quantize import quantized
from whet.models.quantized import is_packed, packed_weights, weight_of

CPU = torch.device("cpu")


class Holder(nn.Module):
    """A model of two linear layers, one of them its head."""

    def __init__(self, bias: bool = True, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.body, self.head = nn.Linear(24, 40, bias=bias).to(dtype), nn.Linear(40, 8).to(dtype)

    def get_output_embeddings(self) -> nn.Module:
        return self.head


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weight_is_what_the_codes_stand_for(bias: bool, dtype: torch.dtype) -> None:
    plain, packed = Holder(bias, dtype), quantized(Holder(bias, dtype), CPU)
    codes, how = quantize_4bit(plain.body.weight.data, quant_type="nf4", compress_statistics=True)
    assert torch.equal(weight_of(packed.body), dequantize_4bit(codes, how).to(dtype))
    assert weight_of(packed.body).dtype == dtype
    x = torch.randn(3, 24, generator=torch.Generator().manual_seed(1)).to(dtype)
    expected = nn.functional.linear(x, weight_of(packed.body), plain.body.bias)
    torch.testing.assert_close(packed.body(x), expected, rtol=1e-2, atol=1e-2 if dtype == torch.bfloat16 else 1e-5)


def test_who_is_packed() -> None:
    packed = quantized(Holder(), CPU)
    assert (is_packed(packed.body), is_packed(packed.head), is_packed(packed)) == (True, False, False)


def test_weights_that_are_not_packed_are_the_layers_own() -> None:
    plain = nn.Linear(24, 40)
    assert weight_of(plain).data_ptr() == plain.weight.data_ptr()
    assert not weight_of(plain).requires_grad


def test_packed_weights_are_counted_and_bytes_are_not() -> None:
    packed = quantized(Holder(), CPU)
    assert packed_weights(packed) == 24 * 40
    assert packed.body.weight.numel() == 24 * 40 // 2


def test_it_takes_an_eighth_of_float32() -> None:
    codes, how = quantize_4bit(torch.randn(512, 512), quant_type="nf4", compress_statistics=True)
    taken = codes.numel() + how.absmax.numel() + 4 * how.state2.absmax.numel()
    assert taken / (512 * 512 * 4) == pytest.approx(4.127 / 32, rel=0.01)
