"""The files that Python needs on this machine to run a program with its standard library, and no others."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

INSTALLED = ("site-packages", "dist-packages")
"""Subfolders of the standard library that hold installed packages."""

_SYSTEM = ("/lib/{multiarch}", "/usr/lib/{multiarch}", "/lib64", "/usr/lib64")
"""Folders of the shared libraries that modules of the standard library load."""

_FILES = ("/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom")

_STARTS_WITHOUT_WHET = """
import sys, types
package = types.ModuleType("whet")
package.__path__ = [sys.argv[1]]
sys.modules["whet"] = package
from whet.sandbox.harness import main
main(*map(int, sys.argv[2:]))
"""
"""Imports the harness without running `whet/__init__.py`, which reads metadata that the sandbox does not have."""


@dataclass(frozen=True)
class Interpreter:
    """The paths of a Python interpreter's parts."""

    executable: str
    library: tuple[str, ...]
    """The folders of the standard library."""
    installed: tuple[str, ...]
    """Folders in them that programs must not see: installed packages, such as Whet and its data."""
    shared: tuple[str, ...]
    """Further folders and files that modules need."""
    loader: tuple[str, ...]
    """Shared libraries that it needs to start: libpython and the dynamic loader."""

    @cached_property
    def readable(self) -> list[str]:
        """Every file and folder that a program may read."""
        inside = [entry for folder in self.library for entry in sorted(Path(folder).iterdir())]
        return [*(str(entry) for entry in inside if entry.name not in INSTALLED), *self.shared]

    def command(self, *descriptors: int) -> list[str]:
        """Returns the command that starts the harness with these descriptors, without site or current folder."""
        words = [str(descriptor) for descriptor in descriptors]
        return [self.executable, "-sSP", "-X", "utf8", "-c", _STARTS_WITHOUT_WHET, str(PACKAGE), *words]


PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package."""

ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""A program's whole environment. The hash seed makes the order of sets of strings reproducible."""


@cache
def interpreter() -> Interpreter:
    """Returns the base interpreter of this process, without its virtual environment."""
    places = {Path(os.__file__).resolve().parent, Path(sysconfig.get_config_var("DESTSHARED") or os.devnull).resolve()}
    library = [place for place in sorted(places) if place.is_dir()]
    library = [place for place in library if not set(place.parents) & set(library)]
    multiarch = sysconfig.get_config_var("MULTIARCH") or "none"
    system = [Path(place.format(multiarch=multiarch)).resolve() for place in _SYSTEM]
    shared = [place for place in system if place.is_dir() and not any(place in own.parents for own in library)]
    own = Path(sysconfig.get_config_var("LIBDIR") or "/") / (sysconfig.get_config_var("INSTSONAME") or "none")
    return Interpreter(
        executable=str(Path(sys.executable).resolve()),
        library=tuple(map(str, library)),
        installed=tuple(str(place / name) for place in library for name in INSTALLED if (place / name).is_dir()),
        shared=(*dict.fromkeys(map(str, shared)), *(name for name in _FILES if Path(name).exists())),
        loader=tuple(str(file) for file in (own, *Path("/lib").resolve().glob("ld-*.so*")) if file.is_file()),
    )
