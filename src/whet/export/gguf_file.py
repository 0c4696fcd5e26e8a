"""Writes a model folder as one GGUF file, tensor by tensor, in the memory of the largest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.errors import UserError
from whet.export.gguf_family import (
    ROPE_FREQS,
    GgufFamily,
    family_of,
    head_size,
    rope_factors,
    rope_of,
    rope_theta_of_sliding_layers,
)
from whet.export.gguf_vocabulary import Vocabulary
from whet.export.model_files import settings_of, tensors_of, tokenizer_of
from whet.export.weight_types import WeightType

if TYPE_CHECKING:
    from torch import Tensor

HEAD = "lm_head.weight"


def write_gguf(folder: Path, path: Path, kind: WeightType, name: str) -> None:
    """Writes the model in `folder` to `path`, its matrices as `kind`, under the name `name`.

    Raises `UserError` where the family, the tokenizer or a weight has no place in GGUF.
    """
    from gguf import GGUFWriter, size_label

    config = settings_of(folder)
    family = family_of(config)
    writer = GGUFWriter(path, family.architecture)
    try:
        _add_settings(writer, config, family, kind, name)
        tokenizer = tokenizer_of(folder)
        Vocabulary.of(folder, int(config["vocab_size"])).write(writer, tokenizer.starts_with_bos, tokenizer.turn_end)
        tensors = list(_planned(folder, config, family, kind))
        writer.add_size_label(size_label(sum(prod(tensor.shape) for tensor in tensors), 0, 0, 0))
        for tensor in tensors:
            tensor.announce(writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in tensors:
            writer.write_tensor_data(tensor.data())
    finally:
        writer.close()


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """A tensor of the file: its place is fixed by its shape, its numbers are read when they are written."""

    name: str
    shape: tuple[int, ...]
    type: Any
    """A `gguf.GGMLQuantizationType`."""
    read: Any
    """Returns the torch tensor."""

    def announce(self, writer: Any) -> None:
        """Adds name, shape, type and size to the file's table of tensors."""
        from gguf.quants import quant_shape_to_byte_shape

        size = prod(quant_shape_to_byte_shape(self.shape, self.type))
        writer.add_tensor_info(self.name, self.shape, None, size, raw_dtype=self.type)

    def data(self) -> Any:
        """Returns the numbers in their type, as a numpy array of bytes or floats."""
        from gguf.quants import quantize

        return quantize(self.read().float().contiguous().numpy(), self.type)


def _planned(folder: Path, config: Mapping[str, Any], family: GgufFamily, kind: WeightType) -> Iterator[PlannedTensor]:
    """Yields the tensors in the order of their names in transformers; an output head that is tied is left out."""
    import gguf
    import torch

    names = gguf.get_tensor_name_map(_architecture(family), int(config["num_hidden_layers"]))
    factors = rope_factors(config)
    if factors is not None:
        yield PlannedTensor(ROPE_FREQS, (len(factors),), gguf.GGMLQuantizationType.F32, lambda: torch.tensor(factors))
    for name, shape, read in tensors_of(folder):
        if name == HEAD and config.get("tie_word_embeddings"):
            continue
        place = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if place is None:
            raise UserError(f"--kind: gguf has no place for the weight {name}; export --kind hf")
        yield PlannedTensor(place, shape, _type_of(shape, kind), _changed(family, name, read, config))


def _changed(family: GgufFamily, name: str, read: Any, config: Mapping[str, Any]) -> Any:
    def changed() -> "Tensor":
        return family.weight(name, read(), config)

    return changed


def _type_of(shape: tuple[int, ...], kind: WeightType) -> Any:
    """The type of a tensor: float32 for one dimension, float16 for rows that do not fill blocks."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    if len(shape) == 1:
        return GGMLQuantizationType.F32
    wanted = GGMLQuantizationType[kind.gguf]
    block, _ = GGML_QUANT_SIZES[wanted]
    return GGMLQuantizationType.F16 if shape[-1] % block else wanted


def _architecture(family: GgufFamily) -> Any:
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES

    return next(arch for arch in MODEL_ARCH if MODEL_ARCH_NAMES[arch] == family.architecture)


def _add_settings(writer: Any, config: Mapping[str, Any], family: GgufFamily, kind: WeightType, name: str) -> None:
    from gguf import GGML_QUANT_VERSION, GGUFType, LlamaFileType

    writer.add_type(GGUFType.MODEL)
    writer.add_name(name)
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_context_length(int(config["max_position_embeddings"]))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(int(config["num_attention_heads"]))
    writer.add_head_count_kv(int(config["num_key_value_heads"]))
    writer.add_key_length(head_size(config))
    writer.add_value_length(head_size(config))
    writer.add_layer_norm_rms_eps(float(config["rms_norm_eps"]))
    writer.add_vocab_size(int(config["vocab_size"]))
    _add_rope(writer, config, family)
    if family.architecture == "gemma3":
        writer.add_sliding_window(int(config["sliding_window"]))
    writer.add_file_type(LlamaFileType[kind.file_type])
    writer.add_quantization_version(GGML_QUANT_VERSION)


def _add_rope(writer: Any, config: Mapping[str, Any], family: GgufFamily) -> None:
    from gguf import RopeScalingType

    rope = rope_of(config)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    if (local := rope_theta_of_sliding_layers(config)) is not None:
        writer.add_rope_freq_base_swa(local)
    if family.interleaved:
        writer.add_rope_dimension_count(head_size(config))
    if rope.get("rope_type") in ("linear", "yarn"):
        writer.add_rope_scaling_type(RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(float(rope["factor"]))
    if rope.get("rope_type") == "yarn":
        writer.add_rope_scaling_orig_ctx_len(int(rope["original_max_position_embeddings"]))
