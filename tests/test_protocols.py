"""Whoever plays a role takes what the role is handed, under the role's own names."""

import inspect
from typing import Any

import pytest

from whet import protocols
from whet.batch import Batch
from whet.compute.optimizer import MasterAdamW
from whet.compute.processes import Alone, Ranks
from whet.compute.shared_optimizer import SharedOptimizer
from whet.compute.shared_reference import SharedReference
from whet.data.curriculum import ByLevel, ByPassRate, PassRateGrader
from whet.data.stream import ProblemStream
from whet.grpo.dynamic_sampling import DynamicSampling
from whet.grpo.experience import OnPolicy
from whet.grpo.kl_reward import KlReward, SyncedOnly
from whet.grpo.replay import Replay
from whet.policy.language_model import LanguageModel
from whet.policy.reference import AdaptersOff, FollowingReference, FrozenReference, NoReference
from whet.rewards.mixture import Mixture
from whet.rewards.shared_mixture import SharedMixture
from whet.rollout.native import NativeSampler
from whet.rollout.rollouts import Rollouts
from whet.rollout.shared_sampler import SharedSampler
from whet.sft.examples import Examples
from whet.sft.supervised import Progress
from whet.train_loop.logging_grader import LoggingGrader
from whet.train_loop.recorder import Recorder
from whet.train_loop.timed_roles import TimedReference, TimedSampler

REFERENCES = (NoReference, FrozenReference, AdaptersOff, FollowingReference)
CAST = [
    *((protocols.Problems, player) for player in (ProblemStream, ByLevel, ByPassRate)),
    (protocols.Policy, LanguageModel),
    *((protocols.Reference, player) for player in (*REFERENCES, SyncedOnly, TimedReference)),
    *((protocols.StatefulReference, player) for player in (*REFERENCES, SharedReference)),
    *((protocols.Sampler, player) for player in (NativeSampler, SharedSampler, TimedSampler)),
    (protocols.SampleFn, Rollouts),
    *((protocols.Grader, player) for player in (Mixture, SharedMixture, Replay, PassRateGrader, LoggingGrader)),
    *((protocols.Experience, player) for player in (OnPolicy, DynamicSampling, KlReward)),
    *((protocols.Splittable, player) for player in (Batch, Examples)),
    *((protocols.Optimizer, player) for player in (MasterAdamW, SharedOptimizer)),
    (protocols.Run, Recorder),
    *((protocols.Processes, player) for player in (Alone, Ranks)),
    *((protocols.Stateful, player) for player in (MasterAdamW, *REFERENCES, ByPassRate, Replay, Progress)),
]


def mismatches(role: type, player: type) -> list[str]:
    """Methods of the role that the player lacks, or that do not take the same arguments."""
    methods = {name: method for name, method in vars(role).items() if inspect.isfunction(method)}
    lines = {name: method for name, method in methods.items() if name[0] != "_" or name == "__call__"}
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
