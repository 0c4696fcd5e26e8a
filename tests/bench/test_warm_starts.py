"""The figures of two warm starts, by hand, and a whole round on a tiny model."""

from pathlib import Path

import pytest

from benchmarks.warm_starts import ANYWHERE, IN_PLACE, SOURCES, asked_plainly, difference, tables, trained
from tests.eval.test_comparison import record
from whet.eval.evaluation import Evaluation
from wiring import shrunk


def evaluation(correct: str, lenient: str | None = None) -> Evaluation:
    """One problem per character, `1` for right."""
    pairs = zip(correct, lenient or correct, strict=True)
    return Evaluation(tuple(record(n, one == "1", other == "1") for n, (one, other) in enumerate(pairs)))


def test_a_difference_is_over_the_problems_of_all_seeds() -> None:
    """0110 → 1110 fixes one of four, 0011 → 0001 breaks one of four: 0 of 8."""
    pairs = [(evaluation("0110"), evaluation("1110")), (evaluation("0011"), evaluation("0001"))]
    found = difference(pairs, IN_PLACE)
    assert (found.n, found.fixed, found.broken, found.difference) == (8, 1, 1, 0.0)
    assert difference(pairs[:1], IN_PLACE).difference == 0.25


def test_the_tables_by_hand() -> None:
    base = evaluation("0000", "1100")
    own = {"base": base, "sft": evaluation("1100", "1110"), "final": evaluation("1110", "1111")}
    solutions = {"base": base, "sft": evaluation("1000", "1000"), "final": evaluation("1100", "1100")}
    config = shrunk(Path("m"), Path("runs"))
    stages, paired = tables(config, evaluation("0000", "1111"), [7], [{"own": own, "solutions": solutions}])
    assert stages.rows[0] == ["", "without the layout", "100.0 %", "0.0 %", "100.0 %", "1"]
    assert ["7", "sft, own", "75.0 %", "50.0 %", "100.0 %", "1"] in stages.rows
    assert len(stages.rows) == 7
    assert [row[1] for row in paired.rows] == ["-25.0", "-75.0", "+25.0", "-25.0", "+50.0", "+25.0"]
    assert [row[3] for row in paired.rows] == ["0 / 1", "0 / 3", "1 / 0", "0 / 1", "2 / 0", "1 / 0"]
    assert "GRPO after own answers less GRPO after solutions" in paired.rows[-1][0]
    assert difference([(base, own["sft"])], ANYWHERE).difference == 0.25


def test_a_round_on_a_tiny_model(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {
        "sft.own": {"problems": 96, "samples": 8, "least": 2},
        "grpo.sampling.max_tokens": 32,
        "check.on_no_signal": "train",
    }
    config = shrunk(tiny_folder, tmp_path, changes)
    found = {source: trained(config, tmp_path / "out", 0, source) for source in SOURCES}
    assert all(list(stages) == ["base", "sft", "final"] for stages in found.values())
    plain = asked_plainly(config, "")
    assert len(plain.records) == config.eval.problems
    assert len(tables(config, plain, [0], [found])) == 2
    monkeypatch.setattr("benchmarks.warm_starts.train", lambda *_, **__: pytest.fail("it is there already"))
    assert trained(config, tmp_path / "out", 0, "own").keys() == found["own"].keys()
