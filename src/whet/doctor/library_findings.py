"""The libraries that Whet needs, and the extras, with their versions."""

import importlib.metadata
import platform
import re
from collections.abc import Callable, Iterator, Sequence

from whet.doctor.finding import Finding

TOPIC = "libraries"

OWN = ("torch", "transformers", "tokenizers", "datasets", "peft")
"""Libraries whose versions explain most differences between machines; the others are counted."""

DEVELOPMENT = frozenset({"dev", "bench"})
"""Extras for work on Whet itself."""

Version = Callable[[str], str | None]


def installed_version(name: str) -> str | None:
    """Returns the version of an installed distribution; None where it is absent. Nothing is imported."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def library_findings(
    requirements: Sequence[str] | None = None, version: Version = installed_version
) -> Iterator[Finding]:
    """Yields findings on Python, the libraries and the extras of an installation.

    `requirements` are those of the distribution `whet`, as its metadata lists them.
    """
    lines = importlib.metadata.requires("whet") or [] if requirements is None else requirements
    plain, extras = _sorted(lines)
    yield Finding(TOPIC, "python", platform.python_version(), figures={"version": platform.python_version()})
    versions = {name: version(name) for name in plain}
    yield from _libraries(versions)
    for extra, names in sorted(extras.items()):
        if extra not in DEVELOPMENT:
            yield _extra(extra, {name: version(name) for name in names})


def _sorted(lines: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The distributions that are always needed, and those of each extra."""
    plain: list[str] = []
    extras: dict[str, list[str]] = {}
    for line in lines:
        name = re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        (extras.setdefault(extra[1], []) if extra else plain).append(name)
    return plain, extras


def _libraries(versions: dict[str, str | None]) -> Iterator[Finding]:
    missing = [name for name, found in versions.items() if found is None]
    shown = ", ".join(f"{name} {versions[name]}" for name in OWN if versions.get(name))
    others = len(versions) - sum(bool(versions.get(name)) for name in OWN) - len(missing)
    value = f"{shown} and {others} others" if shown else f"{others} libraries"
    if not missing:
        yield Finding(TOPIC, "needed", value, figures={"versions": versions})
        return
    fix = f"pip install {' '.join(missing)}"
    yield Finding(TOPIC, "needed", f"{value}; missing: {', '.join(missing)}", "fault", fix, {"versions": versions})


def _extra(extra: str, versions: dict[str, str | None]) -> Finding:
    missing = [name for name, found in versions.items() if found is None]
    here = ", ".join(f"{name} {found}" for name, found in versions.items() if found)
    figures = {"versions": versions}
    if not missing:
        return Finding(TOPIC, f"extra {extra}", here, figures=figures)
    absent = f"not installed: {', '.join(missing)}"
    value = f"{here}; {absent}" if here else absent
    return Finding(TOPIC, f"extra {extra}", value, "note", f"pip install 'whet[{extra}]', if wanted", figures)
