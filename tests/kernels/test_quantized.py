"""Linear layers in four bits: what they compute, what flows back, what is kept."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from whet.kernels.nf4 import dequantize, quantize
from whet.kernels.quantized import QuantizedLinear, packed_weights, weight_of

CPU = torch.device("cpu")


def layer(bias: bool = True, dtype: torch.dtype = torch.float32) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Linear(24, 40, bias=bias).to(dtype)


def inputs(dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(2, 3, 24, generator=torch.Generator().manual_seed(1)).to(dtype)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_computes_with_what_its_codes_stand_for(bias: bool, dtype: torch.dtype) -> None:
    plain = layer(bias, dtype)
    rounded = dequantize(quantize(plain.weight), plain.weight.shape, dtype)
    packed = QuantizedLinear(plain, CPU)
    assert torch.equal(packed(inputs(dtype)), linear(inputs(dtype), rounded, plain.bias))
    assert torch.equal(weight_of(packed), rounded)
    assert not torch.equal(rounded, plain.weight)


def test_the_gradient_flows_through_and_stops_there() -> None:
    packed, x = QuantizedLinear(layer(), CPU), inputs().requires_grad_()
    packed(x).square().sum().backward()
    twin = inputs().requires_grad_()
    linear(twin, weight_of(packed), packed.bias).square().sum().backward()
    torch.testing.assert_close(x.grad, twin.grad)
    assert not any(weight.requires_grad for weight in packed.parameters())


def test_the_backward_keeps_no_unpacked_weight() -> None:
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    x = inputs().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        QuantizedLinear(layer(), CPU)(x)
    assert kept == []


def test_it_takes_an_eighth_of_float32() -> None:
    plain = nn.Linear(512, 512, bias=False)
    packed = QuantizedLinear(plain, CPU)
    taken = sum(buffer.numel() * buffer.element_size() for buffer in packed.buffers())
    assert taken / (512 * 512 * 4) == pytest.approx(4.127 / 32, rel=0.01)


def test_a_copy_is_independent_and_equal() -> None:
    packed = QuantizedLinear(layer(), CPU)
    copied = deepcopy(packed)
    expected = weight_of(packed)
    packed.weight.zero_()
    assert torch.equal(weight_of(copied), expected)


def test_only_the_bias_is_in_the_state() -> None:
    assert list(QuantizedLinear(layer(), CPU).state_dict()) == ["bias"]


def test_weights_that_are_not_packed_are_the_layers_own() -> None:
    plain = layer()
    assert weight_of(plain).data_ptr() == plain.weight.data_ptr()
    assert not weight_of(plain).requires_grad


def test_packed_weights_are_counted() -> None:
    model = nn.Sequential(layer(), QuantizedLinear(layer(), CPU), QuantizedLinear(layer(False), CPU))
    assert packed_weights(model) == 2 * 24 * 40
