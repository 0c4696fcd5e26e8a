"""Whom rewards ask, opened by what the recipe says: an endpoint with its key, a classifier on a device, a sandbox."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from whet.config import Section
from whet.errors import UserError
from whet.rewards.code_tests.code_tests import CodeTestsParams, Run
from whet.rewards.llm_judge.llm_judge import Ask, JudgeParams
from whet.rewards.reward_model import RewardModelParams, Score

_LOG = logging.getLogger("whet.sandbox")


def connect(params: Section) -> Callable[..., Any]:
    """What the reward of these parameters asks.

    Raises:
        UserError: it cannot be opened: a key that is not set, an address that is none, a model that does not load.
    """
    return OPENED_BY[type(params)](params)


def open_judge(params: JudgeParams) -> Ask:
    """The endpoint of a judge. Nothing is sent yet; the key is read from the environment and kept in memory only."""
    import httpx2

    from whet.models.cache import cache_folder
    from whet.rewards.llm_judge.budget import Budget
    from whet.rewards.llm_judge.client import JudgeClient, Patience
    from whet.rewards.llm_judge.endpoint import Endpoint
    from whet.rewards.llm_judge.replies import ReplyCache

    own = {"model": params.model, "temperature": 0, "max_tokens": params.reply_tokens}
    body = {name: value for name, value in {**own, **params.options}.items() if value is not None}
    endpoint = Endpoint(params.endpoint, body, _key(params.key_env), params.timeout)
    try:
        _ = endpoint.url
    except httpx2.InvalidURL as error:
        fix = "write it as in https://api.openai.com/v1"
        raise UserError(f"rewards.params.endpoint of 'judge' is {params.endpoint!r}: {error}; {fix}") from error
    return JudgeClient(
        endpoint=endpoint,
        budget=Budget(params.max_requests, params.max_tokens),
        patience=Patience(params.retries),
        parallel=params.parallel,
        cache=ReplyCache(cache_folder() / "judge.sqlite") if params.cache else None,
    )


def _key(name: str | None) -> str | None:
    if name is None:
        return None
    if key := os.environ.get(name, "").strip():
        return key
    fix = f"export {name}=…, or write `key_env: null` for an endpoint that asks for none"
    raise UserError(f"rewards.params.key_env of 'judge' is {name!r}: the environment has no such variable; {fix}")


def open_reward_model(params: RewardModelParams) -> Score:
    """A classifier, found as policies are, on the best device of this machine."""
    from whet.compute.device import pick_device, pick_dtype
    from whet.models.load import resolve
    from whet.models.quiet import quiet
    from whet.models.skeleton import refuse_absurd
    from whet.rewards.classifier import RewardModel, load_classifier

    device = pick_device()
    try:
        path = resolve(params.model)
        refuse_absurd(path, "AutoModelForSequenceClassification")
    except UserError as error:
        what = str(error).removeprefix("model.name: ")
        raise UserError(f"rewards.params.model of 'reward_model': {what}") from error
    with quiet():
        model, tokenizer = load_classifier(path, pick_dtype(params.dtype, device), device)
    return RewardModel(model, tokenizer, params.batch_tokens, params.label, params.sigmoid)


def open_code_tests(params: CodeTestsParams, aloud: bool = True) -> Run:
    """The strongest sandbox that works here, and with `aloud` a warning where it is a weak one."""
    from whet.sandbox.code_tests_client import CodeTests
    from whet.sandbox.pick import pick
    from whet.sandbox.run_tests import Sandbox

    kind = pick(params.unsafe)
    if kind.weakness and aloud:
        _LOG.warning("code_tests: the sandbox is only %r: %s (unsafe: true)", kind.name, kind.weakness)
    return CodeTests(Sandbox(kind, params.timeout, params.memory), stop=not params.fraction)


OPENED_BY: Mapping[type[Section], Callable[..., Callable[..., Any]]] = {
    JudgeParams: open_judge,
    RewardModelParams: open_reward_model,
    CodeTestsParams: open_code_tests,
}
"""By the parameters of a reward, what opens whom it asks."""
