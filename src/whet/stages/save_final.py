"""Saves the finished model as a folder that `AutoModelForCausalLM` and `AutoTokenizer` load."""

from pathlib import Path
from typing import TYPE_CHECKING

from whet.files import new_folder
from whet.models.portable import make_portable
from whet.models.quiet import quiet
from whet.models.weights import base_model, merged_weights

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def save_final(policy: "LanguageModel", folder: Path) -> None:
    """Writes weights, adapters merged, and tokenizer with chat template to `folder`, atomically."""
    model = policy.model
    with quiet(), new_folder(folder) as temporary:
        base_model(model).save_pretrained(temporary, state_dict=dict(merged_weights(model)), safe_serialization=True)
        policy.tokenizer.save_pretrained(temporary)
        make_portable(temporary, Path(policy.tokenizer.name_or_path))
