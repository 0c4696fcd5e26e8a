"""How well the detectors of a run's health do on seeded runs: the table of docs/diagnosis.md.

    python benchmarks/detectors.py

prints it for the seeds it is reported on, `--tuned` for those that thresholds were chosen on.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from detection import REPORTED_ON, TUNED_ON, scores, table

if __name__ == "__main__":
    print(table(scores(TUNED_ON if "--tuned" in sys.argv else REPORTED_ON)))
