"""From a model's name to its weights: a folder, a GGUF file, the hub, its cache, or a package that carries them."""

from whet.policy.loading.models import LoadedModel, load_model, resolve

__all__ = ["LoadedModel", "load_model", "resolve"]
