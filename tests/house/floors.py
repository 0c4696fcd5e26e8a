"""The floors of the house: what stands on which, and what each may carry. CONTRIBUTING.md draws the same table."""

FLOORS = {
    0: {"types", "batch", "protocols", "formats", "config", "errors", "text", "redact", "files"},
    1: {"grpo", "sft", "eval", "rewards", "diagnose", "chat_template"},
    2: {"data", "models", "policy", "rollout", "compute", "cluster", "runs", "workers", "sandbox"},
    3: {"build", "recipe", "recipes"},
    4: {"stages", "train_loop"},
    5: {"chat", "serve", "export", "publish", "sweep", "plan", "doctor", "init", "api"},
    6: {"cli", "dashboard", "__main__"},
}

NEIGHBOURS = {
    ("policy", "models"),  # π_θ is a model
    ("rollout", "models"),  # and so is what an engine samples from
    ("models", "workers"),  # a chat template is tried out in a worker
    ("compute", "models"),
    ("cluster", "compute"),  # what is started on a node is a process of a run
    ("rollout", "cluster"),
    ("stages", "train_loop"),
    ("cli", "dashboard"),  # `whet ui` is a command
}
"""The only imports from one folder of a floor to another: (importer, imported)."""

FILES_OF_A_FLOOR = {
    *("types", "batch", "protocols", "errors", "text", "redact", "files"),
    *("api", "__main__"),
}
"""What is a file right under `whet`: it may import its neighbours and be imported by them. All else is a folder."""

SETTINGS = {"config"}
"""Folders that their whole floor may import: formats are made of settings."""

HEAVY = {
    "torch",
    "transformers",
    "datasets",
    "scipy",
    "peft",
    "math_verify",
    "accelerate",
    "sympy",
    "pint",
    "pandas",
    "openai",
}
"""Libraries that take long to load."""

TENSORS = {"batch", "grpo", "sft", "policy", "rollout", "compute"}
"""Whose matter is tensors: here torch, and no other heavy library, may be imported outside a function."""

FILES = {"os", "pathlib", "shutil", "tempfile", "glob"}
NETWORK = {"socket", "ssl", "http", "urllib", "requests", "httpx", "httpx2", "openai", "huggingface_hub"}
"""Libraries that reach files or the network: not for the ideas on floors 0 and 1."""

EXCEPTED = {
    ("whet.redact", "os.environ"),  # what must never be written down has to be known to all floors
    ("whet.files", "*"),  # whole files and folders: every machine writes them
    ("whet.rewards.llm_judge", "*"),  # clients lie beside their rewards: of an endpoint,
    ("whet.rewards.reward_model", "*"),  # and of a classifier in a folder
}
"""Except these modules, which may reach what stands beside them."""


def floor(unit: str) -> int | None:
    """The floor of a folder or file right under `whet`; None where no floor names it."""
    return next((number for number, units in FLOORS.items() if unit in units), None)
