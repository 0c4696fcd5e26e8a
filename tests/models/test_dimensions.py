"""A model's dimensions, whatever its family calls them."""

import pytest
import transformers

from whet.models.dimensions import Dimensions


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            transformers.LlamaConfig(
                hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
                num_key_value_heads=2, head_dim=24, max_position_embeddings=100,
            ),
            Dimensions(3, 64, 96, 4, 2, 24, 100),
        ),
        (
            transformers.GPT2Config(n_embd=64, n_layer=3, n_head=4, n_positions=128),
            Dimensions(3, 64, 256, 4, 4, 16, 128),
        ),
        (
            transformers.OPTConfig(hidden_size=64, ffn_dim=96, num_hidden_layers=3, num_attention_heads=4),
            Dimensions(3, 64, 96, 4, 4, 16, 2048),
        ),
        (
            transformers.MptConfig(d_model=64, n_layers=3, n_heads=4, max_seq_len=77),
            Dimensions(3, 64, 256, 4, 4, 16, 77),
        ),
        (transformers.BloomConfig(hidden_size=64, n_layer=3, n_head=4), Dimensions(3, 64, 256, 4, 4, 16, None)),
        (
            transformers.MambaConfig(hidden_size=64, intermediate_size=128, num_hidden_layers=3),
            Dimensions(3, 64, 128, 1, 1, 64, None),
        ),
    ],
    ids=lambda value: getattr(value, "model_type", ""),
)  # fmt: skip
def test_each_family_says_it_in_its_own_words(config: object, expected: Dimensions) -> None:
    assert Dimensions.of(config) == expected


def test_of_a_multimodal_model_those_of_its_text_decoder() -> None:
    text = {
        "hidden_size": 48,
        "num_hidden_layers": 5,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 12,
    }
    found = Dimensions.of(transformers.Gemma3Config(text_config=text))
    assert (found.hidden, found.layers, found.kv_heads) == (48, 5, 1)


def test_a_setting_that_differs_by_layer_counts_as_absent() -> None:
    """Gemma 4 raises an error of its own for `head_dim`."""
    config = transformers.Gemma4TextConfig(hidden_size=64, num_attention_heads=4)
    assert Dimensions.of(config).head_size in (16, 256, 512)
