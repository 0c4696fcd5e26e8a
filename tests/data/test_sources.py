"""Which source a name means, and what each may be told."""

from typing import Any, get_args

import pytest

from whet.config import SourceConfig
from whet.data import sources as kinds
from whet.data.arithmetic import WORKINGS, Working
from whet.data.bespoke_stratos import WORKED, Worked
from whet.data.load_data import load_source
from whet.data.sources import DESCRIBED, SOURCES, Source, hold_out, source_of
from whet.errors import UserError


def kind(name: str, **config: Any) -> Source:
    return source_of(SourceConfig(name=name, **config))


def test_a_short_name_and_the_hubs_own_are_the_same_source() -> None:
    for short, hub in {
        "gsm8k": "openai/gsm8k",
        "numina_math": "AI-MO/NuminaMath-TIR",
        "bespoke_stratos": "bespokelabs/Bespoke-Stratos-17k",
        "math": "EleutherAI/hendrycks_math",
        "math500": "HuggingFaceH4/MATH-500",
    }.items():
        assert kind(short) is kind(hub)


def test_files_hub_names_and_generators_are_told_apart() -> None:
    others = {id(known) for known in SOURCES.values()}
    found = [kind("problems.csv"), kind("owner/set"), kind("reasoning_gym:countdown")]
    assert len({id(one) for one in found}) == 3
    assert not others & {id(one) for one in found}
    assert kind("owner/set", path="folder") is kind("problems.csv")


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"numina_math, bespoke_stratos, math, math500, reasoning_gym:TASK, a file"):
        kind("nothing")


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_parameter_has_a_sentence(name: str) -> None:
    assert all(field.description for field in DESCRIBED[name].params.model_fields.values())


def test_the_kinds_of_working_are_those_of_arithmetic() -> None:
    assert set(get_args(get_args(Working)[0])) == set(WORKINGS)
    assert set(get_args(Worked)) == set(WORKED)


def test_a_share_to_hold_out() -> None:
    assert hold_out(SourceConfig(name="x.csv")) == 0
    assert hold_out(SourceConfig(name="x.csv", params={"hold_out": 0.1})) == 0.1


def test_hub_names_are_asked_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def hub_rows(name: str, config: str | None, split: str) -> list[tuple[int, dict[str, str]]]:
        return [(1, {"frage": f"{name} {config} {split}", "answer": "1"})]

    monkeypatch.setattr(kinds, "hub_rows", hub_rows)
    config = SourceConfig(name="owner/set", columns={"question": "frage"}, params={"config": "main"})
    (problem,) = load_source(config, "test", 0)
    assert problem.question == "owner/set main test"
    assert problem.id.startswith("owner/set:")
