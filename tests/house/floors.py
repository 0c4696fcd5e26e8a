"""The floors of the house: what stands on which, and what each may carry."""

FLOORS = {
    0: {"types", "batch", "back_off", "protocols", "formats", "config", "errors", "secrets"},
    1: {"grpo", "sft", "eval", "rewards", "diagnose", "kernels"},
    2: {"data", "policy", "rollout", "compute", "runs", "sandbox", "verifiers", "workers"},
    3: {"recipe", "recipes", "stages", "chat"},  # and every top-level module that no other floor names
    4: {"bench", "endings", "terminal"},
    5: {"cli", "dashboard"},
}
FOLDERS = {"config", "formats"} | FLOORS[1] | FLOORS[2] | FLOORS[3] | FLOORS[4] | {"dashboard"}
"""Everything else on a floor is a file right under `whet`."""

STOOD_ON = {"config", "recipe"}
"""Folders that the rest of their own floor may stand on: every wire begins at a recipe, every recipe is settings."""

HEAVY = {"torch", "transformers", "datasets", "scipy", "peft", "math_verify", "accelerate", "sympy", "pandas"}
"""Libraries that take long to load."""

TENSORS = {"batch", "back_off", "grpo", "sft", "kernels", "policy", "rollout", "compute"}
"""Whose matter is tensors: here torch, and no other heavy library, may be imported outside a function."""

FILES = {"os", "pathlib", "shutil", "tempfile", "glob"}
NETWORK = {"socket", "ssl", "http", "urllib", "requests", "httpx", "httpx2", "huggingface_hub"}
"""Libraries that reach files or the network: not for the ideas on floors 0 and 1."""

EXCEPTED = {("secrets", "os.environ")}
"""Except this: what must never be written down has to be known to all floors."""


def floor(unit: str) -> int:
    """The floor of a folder or file right under `whet`."""
    return next((number for number, units in FLOORS.items() if unit in units), 3)
