"""A finding for programs."""

import json

from whet.doctor.finding import Finding


def test_a_finding_is_json() -> None:
    finding = Finding("machine", "memory", "1 GB", "note", "add some", {"free_bytes": 10**9})
    assert json.loads(json.dumps(finding.as_dict())) == {
        "topic": "machine",
        "name": "memory",
        "value": "1 GB",
        "state": "note",
        "fix": "add some",
        "figures": {"free_bytes": 10**9},
    }
