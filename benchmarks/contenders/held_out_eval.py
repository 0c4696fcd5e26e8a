"""Held-out accuracy of saved weights, by the recipe's own exam."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from whet.build.policy import build_policy
from whet.build.roles import build_sampler
from whet.build.task import build_task
from whet.recipe import load_recipe
from whet.runs.views.view import PlainView
from whet.stages.measure import measure


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """Accuracies of `folders`, in order."""
    found = []
    for folder in options["folders"]:
        config = load_recipe(options["recipe"], {**options["overrides"], "model.name": folder})
        policy = build_policy(config, lambda text: None)
        task = build_task(config, policy.tokenizer)
        view = PlainView(lambda line: None)
        found.append(measure(policy, build_sampler(config), task.eval_set, config, view, "Evaluate").accuracy)
    return {"accuracies": found}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
