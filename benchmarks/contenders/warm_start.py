"""The warm start of a recipe, and nothing after it: the weights that every contender begins with."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from whet.api import train
from whet.runs.views.view import PlainView


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """`model`: the folder with the weights."""
    changes = {**options["overrides"], "sft.when": "always", "grpo.steps": 0, "run.folder": options["folder"]}
    outcome = train(options["recipe"], changes, view=PlainView(lambda line: None))
    return {"model": str((outcome.path / "final").resolve()), "accuracy": outcome.evaluations["sft"].accuracy}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
