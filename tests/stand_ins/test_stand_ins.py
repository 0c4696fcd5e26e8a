"""Three stand-ins, each one file and one row: an engine elsewhere, a tool that writes, sampling one step ahead."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from stand_ins.elsewhere import ElsewhereSampler
from stand_ins.one_step_ahead import Prefetch
from stand_ins.somebody_else import FIRST, TOOL, WithTool
from whet.api import train
from whet.batch import collate
from whet.build import roles
from whet.build.policy import build_policy
from whet.build.roles import build_rollouts, build_sampler
from whet.build.task import build_task
from whet.errors import UserError
from whet.grpo.experience import loaded
from whet.runs.reader import RunReader
from whet.stages import fine_tune as stage
from wiring import listening, shrunk, write_rewards


def run_with(folder: Path, model: Path, changes: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Any]:
    """The metrics of a small run with every stage, and what it came to."""
    wanted = {"rewards": [f"{write_rewards(folder)}:digits"], "sft.when": "always", "grpo.steps": 3, **changes}
    result = train(shrunk(model, folder / "runs", wanted), view=listening()[1])
    return RunReader(result.path).metrics(), result


def test_an_engine_elsewhere_is_one_file_and_one_row(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way through it: the same metrics as with our own, from one engine, whose memory is given back."""
    made: list[ElsewhereSampler] = []

    def row(config: Any) -> ElsewhereSampler:
        made.append(ElsewhereSampler())
        return made[-1]

    monkeypatch.setitem(roles.SAMPLERS, "elsewhere", row)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours, _ = run_with(tmp_path / "a", tiny_folder, {})
    theirs, _ = run_with(tmp_path / "b", tiny_folder, {"rollout.engine": "elsewhere"})
    assert json.dumps(theirs) == json.dumps(ours)
    (engine,) = made  # one engine, whoever asked: parity, check, warm start, training, evaluation
    loads = [index for index, call in enumerate(engine.calls) if call == "load"]
    releases = [index for index, call in enumerate(engine.calls) if call == "release"]
    assert len(loads) == len(releases) >= 6
    assert all(began < ended for began, ended in zip(loads, releases, strict=True))
    assert engine.calls[-1] == "release"


def test_an_engine_that_no_row_names_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rollout\.engine: is 'nativ'; use native.*did you mean native"):
        build_sampler(shrunk(tiny_folder, tmp_path, {"rollout.engine": "nativ"}))


def test_tokens_of_somebody_else_are_not_learned_from(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a real run they stand in the rollouts and count as length; neither drift nor entropy sees them."""
    plain = roles.build_rollouts

    def with_tool(config: Any, sampler: Any, tokenizer: Any, purpose: str, temperature: float | None = None) -> Any:
        sample = plain(config, sampler, tokenizer, purpose, temperature)
        return WithTool(sample) if purpose == "train" else sample

    monkeypatch.setattr(stage, "build_rollouts", with_tool)
    lines, result = run_with(tmp_path, tiny_folder, {"grpo.steps": 1})
    rollouts = RunReader(result.path).rollouts(0)
    longer = [rollout for rollout in rollouts if len(rollout["tokens"]) > FIRST]
    assert longer
    assert all(tuple(rollout["tokens"][FIRST : FIRST + len(TOOL)]) == TOOL for rollout in longer)
    assert lines[0]["completions/tokens"] == sum(len(rollout["tokens"]) for rollout in rollouts)
    own = [value for r in rollouts for value in (*r["logprobs"][:FIRST], *r["logprobs"][FIRST + len(TOOL) :])]
    assert lines[0]["entropy"] == pytest.approx(-sum(own) / len(own))
    assert lines[0]["sampler/logprob_difference_max"] < 1e-4, "the learner read what the tool wrote, as the engine did"


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_loss_and_gradient_do_not_see_them(tiny_folder: Path, tmp_path: Path, beta: float) -> None:
    """What the tool writes changes what follows, and nothing else: two texts at the places that do not count, each
    with log π_old as the policy has it, must give the gradient of the tokens that count alone, by autograd.
    """
    from whet.config import ObjectiveConfig
    from whet.grpo.objective import Normaliser, objective

    config = shrunk(tiny_folder, tmp_path)
    policy = build_policy(config, lambda text: None)
    task = build_task(config, policy.tokenizer)
    sampler = build_sampler(config)
    sample = WithTool(build_rollouts(config, sampler, policy.tokenizer, "train"))
    with loaded(sampler, policy):
        graded = task.reward.grade(prompts := task.stream.draw(2, 0), sample(prompts, 4, 0))
    batch = collate(graded.groups, [[1.0, -1.0, 0.5, -0.5]] * 2)
    how = ObjectiveConfig(aggregation="sequence_mean", beta=beta)
    logprobs_BT = policy.logprobs(batch)
    batch = batch.with_reference(logprobs_BT.detach() - 0.3 if beta else None)
    normaliser = Normaliser.of(batch, 12)
    interrupted = sum(len(rollout.tokens) > FIRST for group in graded.groups for rollout in group.rollouts)
    assert normaliser.tokens == int(batch.mask_BT.sum()) - interrupted * len(TOOL) < int(batch.mask_BT.sum())
    scores_BT = logprobs_BT.detach().requires_grad_()
    loss = objective(scores_BT, batch, normaliser, how)
    loss.value.backward()  # type: ignore[no-untyped-call]
    assert not scores_BT.grad[~batch.loss_mask_BT].any()
    assert scores_BT.grad[batch.loss_mask_BT].abs().sum() > 0
    garbled_BT = torch.where(batch.loss_mask_BT, scores_BT.detach(), -50.0)  # whatever stands at the other places
    assert objective(garbled_BT, batch, normaliser, how).value.item() == pytest.approx(loss.value.item(), rel=1e-6)
    by_hand = 0.0
    for row, advantage in enumerate(batch.advantage_B.tolist()):
        places = batch.loss_mask_BT[row].nonzero().flatten().tolist()
        for place in places:
            ratio = math.exp(scores_BT[row, place].item() - batch.old_logprobs_BT[row, place].item())
            gain = min(ratio * advantage, min(max(ratio, 0.8), 1.2) * advantage)
            kl = beta * (math.expm1(-0.3) + 0.3) if beta else 0.0
            by_hand += (kl - gain) / len(places) / len(batch)
    assert loss.value.item() == pytest.approx(by_hand, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("draws", [1, 2])
def test_one_step_ahead_is_one_file(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draws: int
) -> None:
    """Its first step is that of the plain run, the second is sampled by the policy before the first update, and two
    runs of it agree digit by digit."""
    whole = roles.build_experience

    def ahead(config: Any, **given: Any) -> Any:
        found = whole(config, **given)
        loaded: Any = found.experience
        prefetch = Prefetch(loaded.inner, loaded.sampler, loaded.policy, config.grpo.steps)
        return roles.Roles(prefetch, found.reference, found.memories)

    for name in ("plain", "once", "again"):
        (tmp_path / name).mkdir()
    plain, _ = run_with(tmp_path / "plain", tiny_folder, {"grpo.draws": draws})
    monkeypatch.setattr(stage, "build_experience", ahead)
    once, result = run_with(tmp_path / "once", tiny_folder, {"grpo.draws": draws})
    again, _ = run_with(tmp_path / "again", tiny_folder, {"grpo.draws": draws})
    assert json.dumps(once) == json.dumps(again)
    assert {**plain[0], "sampler/staleness": 0.0} == once[0]
    assert [line["sampler/staleness"] for line in once] == [0.0, 1.0, 1.0]
    drift = [line["sampler/logprob_difference_mean"] for line in once]
    assert drift[0] < 1e-4 < drift[1], "the second step was sampled before the first update"
    assert result.evaluations["final"].records
