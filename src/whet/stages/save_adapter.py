"""Saves the adapters of a policy as peft has them, beside the finished model that they are merged into."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from whet.files import new_folder
from whet.models import packaged
from whet.models.quiet import quiet

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

SETTINGS = "adapter_config.json"


def has_adapters(policy: "LanguageModel") -> bool:
    """Whether the policy is a model with adapters."""
    return hasattr(policy.model, "peft_config")


def save_adapter(policy: "LanguageModel", folder: Path, base: str) -> None:
    """Writes adapters and tokenizer to `folder`, atomically; `peft.PeftModel.from_pretrained` loads them onto `base`.

    `base` is the recipe's `model.name`; the settings name a packaged model as the hub does.
    """
    model = packaged.find(base)
    with quiet(), new_folder(folder) as temporary:
        policy.model.save_pretrained(temporary, safe_serialization=True, save_embedding_layers=False)
        policy.tokenizer.save_pretrained(temporary)
        settings = json.loads((temporary / SETTINGS).read_text("utf-8"))
        settings["base_model_name_or_path"] = model.hub_name if model else base
        for name in (name for name, value in settings.items() if isinstance(value, list)):
            settings[name] = sorted(settings[name])  # peft writes sets, in any order
        (temporary / SETTINGS).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        (temporary / "README.md").unlink(missing_ok=True)  # peft's empty form of a model card
