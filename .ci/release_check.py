"""`make release-check`: builds Whet as it would be published, and uses it on a bare environment.

Builds the source distribution, the wheel from that, and checks metadata and contents; installs the wheel into a new
environment, resolves every extra, and trains from it; writes dist/whet-VERSION.cdx.json (a CycloneDX list of all that
is installed and shipped) and dist/whet-VERSION-licences.md. Exits with 1 and a line for what is wrong.
"""

import json
import re
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Iterable, Iterator, Mapping
from email.parser import BytesParser
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"

TRAINING = (
    *(
        "train",
        "quickstart",
        "--sft.when",
        "always",
        "--sft.steps",
        "2",
        "--sft.batch_size",
        "2",
        "--sft.held_out",
        "2",
    ),
    *("--check.problems", "4", "--check.samples", "2", "--check.rounds", "1", "--check.on_no_signal", "train"),
    *("--grpo.steps", "1", "--grpo.prompts_per_step", "2", "--grpo.group_size", "4", "--eval.problems", "8"),
)
"""The quickstart on the real model, shortened to a minute."""

WANTED = ("Name", "Version", "Summary", "Requires-Python", "License-Expression", "Description-Content-Type", "Keywords")
"""Fields of the metadata that a package index shows or installers read."""

DESCRIBE = """
import importlib.metadata, json
found = []
for one in importlib.metadata.distributions():
    data = one.metadata
    trove = [line.rpartition(" :: ")[2] for line in data.get_all("Classifier") or [] if line.startswith("License ::")]
    licence = data.get("License-Expression") or ", ".join(trove) or (data.get("License") or "").splitlines()[:1] or ""
    found.append([data["Name"], one.version, licence if isinstance(licence, str) else licence[0]])
print(json.dumps(sorted(found, key=lambda row: row[0].lower())))
"""
"""Run by the Python of an environment: name, version and licence of every distribution in it."""


class WrongError(Exception):
    """What must not be published, in a line."""


def main() -> None:
    """Runs every check, and says how long each took."""
    began = time.monotonic()
    try:
        wheel = _timed("build", build)
        check_metadata(metadata(wheel))
        check_contents(names(wheel))
        with TemporaryDirectory(prefix="whet-release-") as work:
            python = _timed("install", lambda: install(wheel, Path(work)))
            _timed("extras", lambda: resolve_extras(python, wheel))
            _timed("train", lambda: use(python, Path(work)))
            write_lists(wheel, json.loads(_output([python, "-c", DESCRIBE])))
    except WrongError as error:
        sys.exit(f"release-check: {error}")
    print(f"release-check: {wheel.name} may be published ({time.monotonic() - began:.0f} s)")


def build() -> Path:
    """Builds sdist and wheel into dist/; returns the wheel."""
    before = set(DIST.glob("*"))
    for old in before:
        old.unlink()
    _run([sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT)])
    (wheel,) = DIST.glob("*.whl")
    return wheel


def metadata(wheel: Path) -> Mapping[str, str]:
    """Reads the METADATA of a wheel."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        message = BytesParser().parsebytes(archive.read(name))
    return {**dict(message.items()), "Description": str(message.get_payload())}


def check_metadata(found: Mapping[str, str]) -> None:
    """Raises `WrongError` for a field that is missing, or a version that is not the package's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    if absent := [name for name in (*WANTED, "Description") if not found.get(name, "").strip()]:
        raise WrongError(f"the metadata lacks {', '.join(absent)}: add them to pyproject.toml")
    if found["Version"] != project["version"]:
        raise WrongError(f"the wheel is version {found['Version']}, pyproject.toml says {project['version']}")


def names(wheel: Path) -> list[str]:
    """Returns the names of the files in a wheel."""
    with ZipFile(wheel) as archive:
        return archive.namelist()


def check_contents(packed: Iterable[str]) -> None:
    """Raises `WrongError` where the wheel lacks a file of the package, or has one that is none."""
    package = ROOT / "src" / "whet"
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    wanted = {path.relative_to(package.parent).as_posix() for path in files} | from_elsewhere()
    found = {name for name in packed if ".dist-info/" not in name}
    if apart := sorted(wanted ^ found):
        raise WrongError(f"wheel and src/whet differ in {len(apart)} files, such as {apart[0]}")


def from_elsewhere() -> set[str]:
    """The files that pyproject.toml puts into the wheel from outside of the package."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    return set(targets["wheel"]["force-include"].values())


def install(wheel: Path, work: Path) -> str:
    """Installs a wheel into a new environment, as the README says; returns its Python."""
    venv.create(work / "env", with_pip=True)
    python = str(work / "env" / "bin" / "python")
    _run([python, "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel)])
    return python


def resolve_extras(python: str, wheel: Path) -> None:
    """Lets pip find a set of versions for each extra, without installing it."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for name in extras:
        _run(
            [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--dry-run",
                "-c",
                str(ROOT / "constraints.txt"),
                f"{wheel}[{name}]",
            ]
        )


def use(python: str, work: Path) -> None:
    """Runs the commands of an installed Whet, away from the source: a short training, and what its result answers."""
    whet = str(Path(python).parent / "whet")
    if "quickstart" not in _output([whet, "recipes"], work):
        raise WrongError("the installed package does not find its recipes")
    _run([whet, *TRAINING], work)
    _run([whet, "chat", "quickstart-001", "--prompt", "What is 37 + 45?"], work)
    _run([whet, "export", "quickstart-001", "--to", "model.gguf"], work)


def write_lists(wheel: Path, installed: list[tuple[str, str, str]]) -> None:
    """Writes the lists of what is installed with the wheel and shipped in it, as CycloneDX and as a table."""
    vendored = list(vendored_in(names(wheel)))
    stem = "-".join(wheel.name.split("-")[:2])
    (DIST / f"{stem}.cdx.json").write_text(
        json.dumps(cyclonedx(installed, vendored), indent=2) + "\n", encoding="utf-8"
    )
    (DIST / f"{stem}-licences.md").write_text("\n".join(licence_table(installed, vendored)) + "\n", encoding="utf-8")


def vendored_in(packed: Iterable[str]) -> Iterator[str]:
    """Yields the licence files of what others made and the wheel carries: they lie beside it."""
    for name in packed:
        if ".dist-info/" not in name and re.search(r"(^|/)(LICEN[CS]E|COPYING)[^/]*$", name, re.IGNORECASE):
            yield name


def cyclonedx(installed: Iterable[tuple[str, str, str]], vendored: Iterable[str]) -> dict[str, object]:
    """Returns a CycloneDX 1.6 document: a component per distribution, and one per vendored part."""
    libraries: list[dict[str, object]] = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}",
            "licenses": [{"license": {"name": licence or "not stated"}}],
        }
        for name, version, licence in installed
    ]
    parts: list[dict[str, object]] = [
        {"type": "file", "name": str(Path(name).parent), "licenses": [{"license": {"name": f"see {name}"}}]}
        for name in vendored
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [*libraries, *parts]}


def licence_table(installed: Iterable[tuple[str, str, str]], vendored: Iterable[str]) -> Iterator[str]:
    """Yields the lines of a Markdown table of names, versions and licences."""
    yield from ("| what | version | licence |", "|---|---|---|")
    for name, version, licence in installed:
        yield f"| {name} | {version} | {licence or 'not stated'} |"
    for name in vendored:
        yield f"| {Path(name).parent} (in the wheel) | | {name} |"


def _timed(what: str, work):  # type: ignore[no-untyped-def]
    began = time.monotonic()
    found = work()
    print(f"release-check: {what} ({time.monotonic() - began:.0f} s)", flush=True)
    return found


def _output(command: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise WrongError("\n  ".join([f"`{' '.join(command)}` ended with {done.returncode}:", *said]))
    return done.stdout


def _run(command: list[str], folder: Path | None = None) -> None:
    _output(command, folder)


if __name__ == "__main__":
    main()
