"""Opens the external services used by rewards: a judge's endpoint, a classifier, a sandbox."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from whet.build.shared import own_part
from whet.config import Section
from whet.errors import UserError
from whet.rewards.code_tests.code_tests import CodeTestsParams, RunTests
from whet.rewards.llm_judge.llm_judge import Ask, JudgeParams
from whet.rewards.reward_model import RewardModelParams, Score

_LOG = logging.getLogger("whet.sandbox")


def connect(params: Section) -> Callable[..., Any]:
    """Returns the client of the service that a reward with these parameters calls.

    Raises:
        UserError: it cannot be opened: a key that is not set, a malformed address, a model that does not load.
    """
    return OPENED_BY[type(params)](params)


def open_judge(params: JudgeParams) -> Ask:
    """Returns the client of an LLM judge. Nothing is sent yet; the key is read from the environment, never stored."""
    from whet.models.cache import cache_folder
    from whet.rewards.llm_judge.client import JudgeClient
    from whet.rewards.llm_judge.replies import ReplyCache

    key = _key(params.key_env)
    params = params.model_copy(
        update={"max_requests": own_part(params.max_requests), "max_tokens": own_part(params.max_tokens)}
    )
    return JudgeClient(params, key, ReplyCache(cache_folder() / "judge.sqlite") if params.cache else None)


def _key(name: str | None) -> str | None:
    if name is None:
        return None
    if key := os.environ.get(name, "").strip():
        return key
    fix = f"export {name}=…, or write `key_env: null` for an endpoint that asks for none"
    raise UserError(f"rewards.params.key_env of 'judge' is {name!r}: the environment has no such variable; {fix}")


def open_reward_model(params: RewardModelParams) -> Score:
    """Loads a reward model, a classifier, on the best device of this machine; its name is resolved as a policy's."""
    from whet.compute.device import pick_device, pick_dtype
    from whet.models.load import resolve
    from whet.models.quiet import quiet
    from whet.models.refusals import check_size
    from whet.rewards.reward_model import RewardModel, load_classifier

    device = pick_device()
    try:
        path = resolve(params.model)
        check_size(path, "AutoModelForSequenceClassification")
    except UserError as error:
        what = str(error).removeprefix("model.name: ")
        raise UserError(f"rewards.params.model of 'reward_model': {what}") from error
    with quiet():
        model, tokenizer = load_classifier(path, pick_dtype(params.dtype, device), device)
    return RewardModel(model, tokenizer, params.batch_tokens, params.label, params.sigmoid)


def open_code_tests(params: CodeTestsParams, aloud: bool = True) -> RunTests:
    """Returns a client that runs unit tests in the strongest sandbox available; with `aloud` warns of a weak one."""
    from whet.sandbox.code_tests_client import CodeTests
    from whet.sandbox.pick import pick
    from whet.sandbox.run_tests import Sandbox

    backend = pick(params.unsafe)
    if backend.weakness and aloud:
        _LOG.warning("code_tests: the sandbox is only %r: %s (unsafe: true)", backend.name, backend.weakness)
    return CodeTests(Sandbox(backend, params.timeout, params.memory), stop=not params.fraction)


OPENED_BY: Mapping[type[Section], Callable[..., Callable[..., Any]]] = {
    JudgeParams: open_judge,
    RewardModelParams: open_reward_model,
    CodeTestsParams: open_code_tests,
}
"""By the class of a reward's parameters, the function that opens its service."""
