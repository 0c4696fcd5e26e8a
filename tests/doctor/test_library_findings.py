"""Libraries and extras, by an installation's own metadata."""

import platform

from whet.doctor.library_findings import installed_version, library_findings

LINES = ["torch>=2.10", "math-verify[antlr4_13_2]>=0.8", 'wandb>=0.19; extra == "track"', "trl>=1; extra == 'dev'"]


def test_everything_is_there() -> None:
    versions = {"torch": "2.13", "math-verify": "0.9", "wandb": "0.31"}
    python, needed, extra = library_findings(LINES, versions.get)
    assert python.value == platform.python_version()
    assert (needed.state, needed.value) == ("ok", "torch 2.13 and 1 others")
    assert (extra.name, extra.state, extra.value) == ("extra track", "ok", "wandb 0.31")


def test_what_is_missing_is_named_with_its_fix() -> None:
    _, needed, extra = library_findings(LINES, {"torch": "2.13"}.get)
    assert (needed.state, needed.fix) == ("fault", "pip install math-verify")
    assert (extra.state, extra.value, extra.fix) == (
        "note",
        "not installed: wandb",
        "pip install 'whet[track]', if wanted",
    )


def test_this_installation() -> None:
    found = list(library_findings())
    assert next(one for one in found if one.name == "needed").state == "ok"
    assert {"extra track", "extra qlora"} <= {one.name for one in found}
    assert installed_version("no-such-distribution") is None
