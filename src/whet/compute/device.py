"""Picks the device and dtype to compute with."""

from collections.abc import Callable

import torch


def pick_device() -> torch.device:
    """Returns the first CUDA device, else the CPU: Apple's GPUs lack the float64 that sampling sums in."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """Returns the dtype that layers compute in: `auto` is bfloat16 where the hardware multiplies it natively."""
    return {"bfloat16": torch.bfloat16, "float32": torch.float32, "auto": _natural(device)}[name]


def _natural(device: torch.device) -> torch.dtype:
    fast: dict[str, Callable[[], bool]] = {
        "cuda": _gpu_multiplies_bfloat16,
        "cpu": _cpu_multiplies_bfloat16,
    }
    return torch.bfloat16 if fast[device.type]() else torch.float32


def _gpu_multiplies_bfloat16() -> bool:
    """From Ampere (compute capability 8.0) on. torch counts the emulation of older cards in, unless told not to.

    Those, a T4 or a V100, compute in float32: float16 would be faster, but its gradients vanish without a loss scale,
    and the activations of models trained in bfloat16 (Gemma, Qwen) exceed its 65,504.
    """
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _cpu_multiplies_bfloat16() -> bool:
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
