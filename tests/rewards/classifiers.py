"""Tiny random sequence classifiers beside the tiny language models."""

from pathlib import Path
from typing import Any

import torch
import transformers

import tiny


def tiny_classifier(labels: int = 1, family: str = "Llama", **changes: Any) -> Any:
    """A tiny random classifier with `labels` outputs: a function of its arguments."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        config = tiny.tiny_config(family.lower(), num_labels=labels, **changes)
        return getattr(transformers, f"{family}ForSequenceClassification")(config).eval()


def save_classifier(folder: Path, labels: int = 1, **changes: Any) -> Path:
    """Writes one with its tokenizer as a folder that `from_pretrained` loads, and returns it."""
    tiny_classifier(labels, **changes).save_pretrained(folder)
    tiny.tiny_tokenizer().save_pretrained(folder)
    return folder
