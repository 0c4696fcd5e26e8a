"""The finished model: a folder that `AutoModelForCausalLM` and `AutoTokenizer` load, chat template included."""

from pathlib import Path
from typing import TYPE_CHECKING

from whet.files import new_folder
from whet.models.lora import merged_state
from whet.models.quiet import quiet

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def save_final(policy: "LanguageModel", folder: Path) -> None:
    """Writes weights, adapters merged in, and tokenizer to `folder`, which appears whole or not at all."""
    model = policy.model
    base = model.get_base_model() if hasattr(model, "peft_config") else model
    with quiet(), new_folder(folder) as temporary:
        base.save_pretrained(temporary, state_dict=merged_state(model), safe_serialization=True)
        policy.tokenizer.save_pretrained(temporary)
