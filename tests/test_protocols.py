"""Whoever plays a role takes what the role is handed, under the role's own names."""

import inspect
from typing import Any

import pytest

from whet import protocols
from whet.compute.optimizer import MasterAdamW
from whet.data.curriculum import ByLevel, ByPassRate, Observed
from whet.data.stream import ProblemStream
from whet.grpo.dynamic_sampling import DynamicSampling
from whet.grpo.kl_penalty import InTheReward, KlPenalty
from whet.policy.language_model import LanguageModel
from whet.policy.reference import AdaptersOff, FollowingReference, FrozenReference, NoReference
from whet.rewards.mixture import Mixture
from whet.rollout.native import NativeSampler
from whet.runs.writer import RunWriter
from whet.stages.fine_tune import Recorder
from whet.train_loop.finite_loss import Finite
from whet.train_loop.parity import Gated

CAST = [
    (protocols.Problems, ProblemStream),
    (protocols.Policy, LanguageModel),
    (protocols.Reference, NoReference),
    (protocols.Reference, FrozenReference),
    (protocols.Reference, AdaptersOff),
    (protocols.Reference, FollowingReference),
    (protocols.Reference, InTheReward),
    (protocols.Problems, ByLevel),
    (protocols.Problems, ByPassRate),
    (protocols.Problems, DynamicSampling),
    (protocols.Grader, DynamicSampling),
    (protocols.Grader, KlPenalty),
    (protocols.Grader, Observed),
    (protocols.Run, Gated),
    (protocols.Sampler, NativeSampler),
    (protocols.Grader, Mixture),
    (protocols.Optimizer, MasterAdamW),
    (protocols.Run, RunWriter),
    (protocols.Run, Recorder),
    (protocols.Run, Finite),
    (protocols.Remembering, ByPassRate),
    *((role, kept) for role in (protocols.KeptReference,) for kept in (NoReference, FrozenReference, AdaptersOff)),
    *((protocols.Kept, kept) for kept in (MasterAdamW, NoReference, FrozenReference, FollowingReference, AdaptersOff)),
]


def mismatches(role: type, player: type) -> list[str]:
    """Methods of the role that the player lacks, or that do not take the same arguments."""
    lines = {name: method for name, method in vars(role).items() if inspect.isfunction(method) and name[0] != "_"}
    return [name for name, method in lines.items() if not _fits(method, getattr(player, name, None))]


def _fits(asked: Any, played: Any) -> bool:
    """The same names in the same order; what the player adds has defaults."""
    if not callable(played):
        return False
    wanted, found = (list(inspect.signature(f).parameters.values()) for f in (asked, played))
    extra = found[len(wanted) :]
    return [p.name for p in wanted] == [p.name for p in found[: len(wanted)]] and all(
        p.default is not p.empty for p in extra
    )


@pytest.mark.parametrize(("role", "player"), CAST, ids=lambda one: one.__name__)
def test_every_player_knows_its_part(role: type, player: type) -> None:
    assert mismatches(role, player) == []


def test_every_role_of_the_loop_is_cast() -> None:
    parts = {name for name, role in vars(protocols).items() if getattr(role, "_is_protocol", False)}
    loose = {"Protocol", "RewardFn", "AnswerChecker"}  # plain functions
    assert parts - loose == {role.__name__ for role, _ in CAST}


def test_a_wrong_player_is_found() -> None:
    class Renamed:
        def draw(self, n: int, step: int) -> list[Any]: ...

    class Demanding:
        def draw(self, count: int, step: int, more: int) -> list[Any]: ...

    class Generous:
        def draw(self, count: int, step: int, more: int = 0) -> list[Any]: ...

    found = [mismatches(protocols.Problems, player) for player in (Renamed, Demanding, object, Generous)]
    assert found == [["draw"], ["draw"], ["draw"], []]
