"""A record survives the way to disk and back."""

import json
from dataclasses import replace

import pytest

from whet.errors import UserError
from whet.eval.record import Outcome, Record, parse_records
from whet.types import Problem, Rollout, Verdict

ROLLOUT = Rollout((3, 5, 7), (-0.1, -0.2, -0.3), "<answer>4 ☃</answer>", "stop")
OUTCOME = Outcome.of(ROLLOUT, Verdict(correct=True, lenient=True, answer="4", formatted=False))
PROBLEM = Problem("p-1", "2 + 2?", "4", solution="count", source="sums")


def test_an_outcome_holds_rollout_and_verdict() -> None:
    assert (
        Outcome(
            response="<answer>4 ☃</answer>",
            answer="4",
            correct=True,
            lenient=True,
            formatted=False,
            tokens=3,
            finish="stop",
        )
        == OUTCOME
    )


@pytest.mark.parametrize("samples", [(), (OUTCOME, replace(OUTCOME, answer=None, correct=False))])
def test_a_record_survives_json(samples: tuple[Outcome, ...]) -> None:
    record = Record.of(PROBLEM, OUTCOME, samples, 0.5 if samples else None)
    line = json.dumps(record.as_dict())
    assert "\n" not in line
    assert Record.from_dict(json.loads(line)) == record
    assert (record.id, record.question, record.gold, record.tokens) == ("p-1", "2 + 2?", "4", 3)


def test_keys_of_a_later_version_are_passed_over() -> None:
    record = Record.of(PROBLEM, OUTCOME, (OUTCOME,), 1.0)
    row = json.loads(json.dumps(record.as_dict()))
    row["mood"] = row["samples"][0]["mood"] = "fine"
    assert Record.from_dict(row) == record


def test_a_missing_field_is_named() -> None:
    row = Record.of(PROBLEM, OUTCOME).as_dict()
    del row["gold"]
    with pytest.raises(TypeError, match="gold"):
        Record.from_dict(row)


def test_a_field_of_another_type_is_named() -> None:
    with pytest.raises(TypeError, match=r"`tokens` is '3', but must be of type int"):
        Record.from_dict(Record.of(PROBLEM, OUTCOME).as_dict() | {"tokens": "3"})


def test_records_come_by_id_in_the_order_of_their_lines() -> None:
    records = [replace(Record.of(PROBLEM, OUTCOME), id=id) for id in "ba"]
    text = "\n\n".join(json.dumps(record.as_dict()) for record in records)
    assert parse_records(text, "file") == dict(zip("ba", records, strict=True))
    assert list(parse_records(text, "file")) == ["b", "a"]
    with pytest.raises(UserError, match=r"^file, line 3: problem b comes twice"):
        parse_records(text.replace('"id": "a"', '"id": "b"'), "file")
    with pytest.raises(UserError, match=r"^file holds no records"):
        parse_records("\n", "file")
