"""Language models: loading, supported families, LoRA, quantisation, named and merged weights."""

from whet.models.load import LoadedModel, load_model, resolve

__all__ = ["LoadedModel", "load_model", "resolve"]
