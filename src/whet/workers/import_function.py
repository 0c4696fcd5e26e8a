"""Imports users' reward functions, named as `package.module:function` or `file.py:function`."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from whet.errors import UserError, did_you_mean
from whet.text import one_line


def load_function(spec: str) -> Callable[..., Any]:
    """Imports and returns the function that `spec` names.

    During the import, `sys.path` begins with the file's folder or, for a module, with the working folder.

    Raises:
        UserError: no such file, module or function, or the import failed; one line with name and fix.
    """
    where, _, name = spec.rpartition(":")
    if not where or not name:
        raise UserError(f"rewards has {spec!r}: write `package.module:function` or `file.py:function`")
    module = _from_file(Path(where), spec) if where.endswith(".py") else _from_name(where, spec)
    function = getattr(module, name, None)
    if not callable(function):
        raise UserError(f"rewards has {spec!r}: {where} has no function {name!r}{_instead(module, name)}")
    return function  # type: ignore[no-any-return]


def _from_file(path: Path, spec: str) -> ModuleType:
    path = path.expanduser().resolve()
    if not path.is_file():
        raise UserError(f"rewards has {spec!r}: there is no file {path}")
    name = f"whet_user_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None  # a name that ends in .py always has a loader
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    with _importing(spec, path.parent):
        sys.modules[name] = module
        found.loader.exec_module(module)
    return module


def _from_name(name: str, spec: str) -> ModuleType:
    with _importing(spec, Path.cwd()):
        return importlib.import_module(name)


@contextmanager
def _importing(spec: str, folder: Path) -> Iterator[None]:
    """Puts `folder` first in `sys.path`, and raises whatever the import raises as a `UserError` of one line."""
    sys.path.insert(0, str(folder))
    try:
        yield
    except (Exception, SystemExit) as error:
        reason = one_line(f"{type(error).__name__}: {error}", 300)
        raise UserError(f"rewards has {spec!r}: importing it failed with {reason}") from error
    finally:
        sys.path.remove(str(folder))


def _instead(module: ModuleType, name: str) -> str:
    """The end of the message: the nearest name, or the functions that the module has."""
    functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    return did_you_mean(name, functions) or f"; it has {', '.join(sorted(functions)) or 'none'}"
