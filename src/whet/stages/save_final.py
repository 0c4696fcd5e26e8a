"""Saves the finished model as a folder that `AutoModelForCausalLM` and `AutoTokenizer` load."""

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.chat_template import ChatTemplate
from whet.chat_template.assistant_head import with_head
from whet.chat_template.template_settings import with_defaults
from whet.files import new_folder
from whet.models.neutral_generation import neutral_generation
from whet.models.portable import make_portable
from whet.models.quiet import quiet
from whet.models.weights import base_model, merged_weights

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def save_final(policy: "LanguageModel", folder: Path, settings: Mapping[str, Any] | None = None) -> None:
    """Writes weights, adapters merged, tokenizer and generation settings to `folder`, atomically.

    `settings` (`model.template`) become defaults of the chat template, and one that begins no response does so, so that
    other programs prompt as Whet did.
    """
    model = policy.model
    with quiet(), new_folder(folder) as temporary:
        base_model(model).save_pretrained(temporary, state_dict=dict(merged_weights(model)), safe_serialization=True)
        neutral_generation(base_model(model), policy.tokenizer, policy.end_tokens()).save_pretrained(temporary)
        _with_settings(policy.tokenizer, settings or {}).save_pretrained(temporary)
        make_portable(temporary, Path(policy.tokenizer.name_or_path))


def _with_settings(tokenizer: Any, settings: Mapping[str, Any]) -> Any:
    template = getattr(tokenizer, "chat_template", None)
    if not isinstance(template, str):
        return tokenizer
    other = copy(tokenizer)
    other.chat_template = with_defaults(with_head(template, ChatTemplate(tokenizer, settings).missing_head), settings)
    return other
