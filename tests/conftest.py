"""Fixtures that every test may use."""

import gc
import signal
import sys
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from allowed_skips import excess, read_allowed

hypothesis.settings.register_profile("whet", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile(
    "whet"
)  # the same examples at every run, however slow the machine; long sweeps draw more

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tensors are tiny here: several threads would only wait for each other, and tests run side by side."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data rows beside the repository; without it, the tests that need it are skipped."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real rows is not beside this repository")
    return SHARED


@pytest.fixture
def tiny_model() -> Any:
    """A tiny random Llama in float32, new for each test; for other families and types see tiny.py."""
    import tiny

    return tiny.tiny_model()


@pytest.fixture(scope="session")
def tiny_tokenizer() -> Any:
    """One token per character; shared by every test, so not to be changed."""
    import tiny

    return tiny.tiny_tokenizer()


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama and its tokenizer as a folder that `from_pretrained` loads; not to be written to."""
    import tiny

    return tiny.save_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A width in the environment (pytest-xdist sets one in its workers) is not what the tests are about."""
    monkeypatch.delenv("COLUMNS", raising=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "fail where more tests are skipped than FILE names; may be given several times"
    parser.addoption("--allowed-skips", metavar="FILE", action="append", help=words)


def pytest_configure() -> None:
    """Signals that whoever started the tests ignores (`nohup`, a shell's `&`) are heard here all the same."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_collection_finish() -> None:
    """What importing made stays: the garbage collector need not look at it again, a second each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With `--allowed-skips`, fails the run for every skip too many; in the process that collects the reports only."""
    files = session.config.getoption("allowed_skips")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not files or reporter is None or hasattr(session.config, "workerinput"):
        return
    reasons = [str(report.longrepr[2]) for report in reporter.stats.get("skipped", [])]
    if lines := excess(reasons, [row for file in files for row in read_allowed(Path(file))]):
        reporter.write_line("")
        for line in lines:
            reporter.write_line(f"allowed skips: {line} ({', '.join(files)})", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
