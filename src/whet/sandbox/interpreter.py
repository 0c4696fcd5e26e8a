"""What Python needs of this machine to run a program with its standard library, and nothing besides."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

INSTALLED = ("site-packages", "dist-packages")
"""Folders of the standard library's own that hold what somebody installed."""

_SYSTEM = ("/lib/{multiarch}", "/usr/lib/{multiarch}", "/lib64", "/usr/lib64")
"""Where shared libraries lie that modules of the standard library load."""

_FILES = ("/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom")

_STARTS_WITHOUT_WHET = """
import sys, types
package = types.ModuleType("whet")
package.__path__ = [sys.argv[1]]
sys.modules["whet"] = package
from whet.sandbox.harness import main
main(*map(int, sys.argv[2:]))
"""
"""Imports the harness, and of the package nothing else: its own first lines ask for what is not there."""


@dataclass(frozen=True)
class Interpreter:
    """Where its parts lie."""

    executable: str
    library: tuple[str, ...]
    """The folders of the standard library."""
    installed: tuple[str, ...]
    """Folders in them that programs must not see: whoever installed Whet there put its data there too."""
    shared: tuple[str, ...]
    """Folders and files that modules need beyond these."""
    loader: tuple[str, ...]
    """Shared libraries that it needs to start at all: its own, and the one that loads others."""

    @cached_property
    def readable(self) -> list[str]:
        """Every file and folder that a program may read."""
        inside = [entry for folder in self.library for entry in sorted(Path(folder).iterdir())]
        return [*(str(entry) for entry in inside if entry.name not in INSTALLED), *self.shared]

    def command(self, *descriptors: int) -> list[str]:
        """Starts the harness with these descriptors: nothing of the environment, no site, no current folder."""
        words = [str(descriptor) for descriptor in descriptors]
        return [self.executable, "-sSP", "-X", "utf8", "-c", _STARTS_WITHOUT_WHET, str(PACKAGE), *words]


PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package."""

ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""All that a program finds in its environment. The seed makes sets of texts come in the same order every time."""


@cache
def interpreter() -> Interpreter:
    """The one that runs this, its virtual environment aside."""
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
