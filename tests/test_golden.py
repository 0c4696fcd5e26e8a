"""Twenty steps whose figures are on record: whatever moves them belongs under "Changes numbers" in the changelog.

To record them anew, after such a change: `python tests/test_golden.py`.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import tiny
from whet.api import train
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from wiring import shrunk, write_rewards

RECORD = Path(__file__).parent / "golden" / "twenty_steps.json"
EXACT = ("reward", "completions/tokens", "frac_reward_zero_std")
CLOSE = ("loss", "grad_norm", "kl", "entropy")


def twenty_steps(folder: Path) -> list[dict[str, float]]:
    """Warm start, then 20 steps of GRPO with a reference, in float32 on one thread."""
    model = folder / "model"
    tiny.save_tiny(model)
    changes = {
        "rewards": [{"name": f"{write_rewards(folder)}:digits"}, {"name": "accuracy", "weight": 0.5}],
        "sft.when": "always",
        "grpo.steps": 20,
        "grpo.objective.beta": 0.05,
        "grpo.objective.iterations": 2,
        "seed": 7,
    }
    outcome = train(shrunk(model, folder / "runs", changes), view=PlainView(lambda line: None))
    metrics = RunReader(outcome.path).metrics()
    return [{name: line[name] for name in (*EXACT, *CLOSE)} for line in metrics]


def test_twenty_steps_are_as_recorded(tmp_path: Path) -> None:
    recorded = json.loads(RECORD.read_text("utf-8"))
    found = twenty_steps(tmp_path)
    assert len(found) == len(recorded) == 20
    for step, (now, then) in enumerate(zip(found, recorded, strict=True)):
        assert {name: now[name] for name in EXACT} == pytest.approx({name: then[name] for name in EXACT}, rel=1e-9), (
            step
        )
        assert {name: now[name] for name in CLOSE} == pytest.approx({name: then[name] for name in CLOSE}, rel=1e-3), (
            step
        )


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(twenty_steps(Path(scratch)), indent=1) + "\n", encoding="utf-8")
