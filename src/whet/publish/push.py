"""Uploads a finished model and its model card to the Hugging Face hub in one commit."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from whet.config import PushConfig
from whet.config.tracking import check_repo
from whet.errors import UserError
from whet.models.slow_work import report_while_running
from whet.publish.model_card import model_card
from whet.runs.address import Address, locate
from whet.runs.reader import RunReader
from whet.stages.run_model import model_of
from whet.stages.run_result import BASE, FINAL, RunResult
from whet.text import Log, one_line, shell_quoted, silent

README = "README.md"

LOGIN = "set HF_TOKEN to a token that may write, or run `hf auth login`"

REASONS: Mapping[int, str] = {401: LOGIN, 403: LOGIN, 404: "name a repository that is there, or of your own"}
"""HTTP status of the hub's refusal → fix."""


def push_run(run: str, repo: str, private: bool = True, dry_run: bool = False, log: Log = silent) -> str:
    """Uploads the model of a run or `RUN:step-N` to the hub as `repo`; returns its URL. `whet push RUN REPO`.

    A dry run sends nothing and returns the text of the card. Raises `UserError` where the run has no finished model,
    `repo` is no valid name, or the hub refuses the upload.
    """
    found = locate(run) or Address(Path(run).expanduser())
    reader = found.reader
    try:
        check_repo(repo)
    except ValueError as error:
        raise UserError(f"REPO: {error}") from error
    if found.part == BASE:
        raise UserError(f"{run}: is the base model, which is not yours to publish; name RUN or RUN:step-N")
    folder = Path(model_of(found, log))
    if dry_run:
        return model_card(reader, repo, found.step)
    return _push(reader, folder, repo, private, log, found.step)


def _push(run: RunReader, folder: Path, repo: str, private: bool, log: Log, step: int | None) -> str:
    what = f"pushing {run.name} to {repo}"
    try:
        return report_while_running(lambda: upload(run, folder, repo, private, step), what, log)
    except UserError:
        raise
    except Exception as error:  # network and server failures have many types
        status = getattr(getattr(error, "response", None), "status_code", None)
        fix = REASONS.get(status or 0, "try again once the hub can be reached")
        raise UserError(f"{repo}: the hub did not take it ({one_line(str(error), 200)}); {fix}") from error


def upload(run: RunReader, folder: Path, repo: str, private: bool, step: int | None = None) -> str:
    """Creates the repository where there is none, and commits every file of `folder` and the card; returns its URL.

    The card is that of the model after `step` steps, or of the finished one.

    The token is the environment's or that of `hf auth login`. Raises what the hub's client raises.
    """
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    api = HfApi()
    name = api.create_repo(repo, private=private, exist_ok=True).repo_id
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    card = model_card(run, name, step).encode()
    operations = [CommitOperationAdd(place, str(path)) for place, path in files.items() if place != README]
    operations.append(CommitOperationAdd(README, card))
    api.create_commit(name, operations, commit_message=f"{run.name}: GRPO with Whet")
    return f"{api.endpoint}/{name}"


def push_when_asked(config: PushConfig | None, outcome: RunResult, log: Log) -> None:
    """Pushes a run's model at its end, if configured; logs a failed upload with the command to retry."""
    if config is None:
        return
    if why := WHEN[config.when](outcome):
        log(f"not pushed to {config.repo}: {why}")
        return
    try:
        log(f"pushed to {push_run(str(outcome.path), config.repo, config.private, log=log)}")
    except Exception as error:  # a failed upload must not fail the run
        again = f"whet push {shell_quoted(outcome.path)} {config.repo}"
        log(f"not pushed: {one_line(str(error), 300)}. The run is whole; once fixed, `{again}` sends it")


def _worse(outcome: RunResult) -> str:
    """Returns why the last evaluation is not the run's best; empty where it is."""
    accuracy = {stage: figures["accuracy"] for stage, figures in RunReader(outcome.path).evaluations().items()}
    best = max(accuracy, key=lambda stage: (accuracy[stage], stage == FINAL))  # a tie goes to the final model
    last = list(accuracy)[-1]
    if accuracy[best] == accuracy[last]:
        return ""
    found, better = (f"{100 * accuracy[stage]:.1f} %" for stage in (last, best))
    return f"{found} of the held-out problems are right at the end, {better} were at {best}"


WHEN: Mapping[str, Callable[[RunResult], str]] = {"end": lambda outcome: "", "best": _worse}
"""By `run.push.when`: returns why the result is not pushed; empty where it is."""


def warn_without_token(config: PushConfig | None, log: Log) -> None:
    """Logs before training that there is no token for the hub, if a push is configured."""
    if config is None:
        return
    from huggingface_hub import get_token

    token = None
    with suppress(Exception):  # a broken login counts as none
        token = get_token()
    if not token:
        log(f"run.push: there is no token for the hub, so {config.repo} cannot be pushed at the end; {LOGIN}")
