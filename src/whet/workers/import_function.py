"""Imports users' reward functions, named as `package.module:function` or `file.py:function`."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from whet.errors import UserError, did_you_mean
from whet.text import one_line


def load_function(spec: str) -> Callable[..., Any]:
    """Imports and returns the function that `spec` names; of a class, an object that is called.

    During the import, `sys.path` begins with the file's folder or, for a module, with the working folder; afterwards it
    ends with that folder, for what the function imports when it is called. A file may import relatively: it is part of
    the package in whose folder it lies, or else of one made of its folder.

    Raises:
        UserError: no such file, module or function, or the import failed; one line with name and fix.
    """
    where, _, name = spec.rpartition(":")
    if not where or not name:
        raise UserError(f"rewards has {spec!r}: write `package.module:function` or `file.py:function`")
    module = _from_file(Path(where), spec) if where.endswith(".py") else _from_name(where, spec)
    function = _attribute(module, name)
    if not callable(function):
        raise UserError(f"rewards has {spec!r}: {where} has no function {name!r}{_instead(module, name)}")
    return _made(function, spec) if isinstance(function, type) else function  # type: ignore[no-any-return]


def _attribute(module: ModuleType, name: str) -> Any:
    """The value of a name, or of a dotted one, such as a method of an object; None where there is none."""
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _made(kind: type, spec: str) -> Any:
    """An object of a class, made without arguments, that is called as a function."""
    if not any("__call__" in vars(one) for one in kind.__mro__):
        raise UserError(f"rewards has {spec!r}: the class has no __call__; name a function")
    try:
        return kind()
    except Exception as error:
        reason = one_line(f"{type(error).__name__}: {error}", 300)
        raise UserError(f"rewards has {spec!r}: making the object failed with {reason}; name a function") from error


def _from_file(path: Path, spec: str) -> ModuleType:
    path = path.expanduser().resolve()
    if not path.is_file():
        raise UserError(f"rewards has {spec!r}: there is no file {path}")
    top = path.parent
    while (top / "__init__.py").is_file() and (top.parent / "__init__.py").is_file():
        top = top.parent
    root = f"whet_user_{hashlib.sha256(str(top).encode()).hexdigest()[:8]}"
    package = ".".join([root, *path.parent.relative_to(top).parts])
    name = f"{package}.{path.stem.replace('.', '_')}"
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None  # a name that ends in .py always has a loader
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    is_package = (top / "__init__.py").is_file()
    with _importing(spec, [path.parent, *([top.parent] if is_package else [])]):
        _make_root(root, top)
        importlib.import_module(package)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return module


def _make_root(name: str, folder: Path) -> None:
    """Makes a folder a package, so that its files can import relatively; its `__init__.py` runs, if there is one."""
    if name in sys.modules:
        return
    root = ModuleType(name)
    root.__path__ = [str(folder)]
    if (folder / "__init__.py").is_file():
        found = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert found is not None  # as above
        assert found.loader is not None
        root = importlib.util.module_from_spec(found)
        sys.modules[name] = root
        found.loader.exec_module(root)
    sys.modules[name] = root


def _from_name(name: str, spec: str) -> ModuleType:
    with _importing(spec, [Path.cwd()]):
        return importlib.import_module(name)


@contextmanager
def _importing(spec: str, folders: Sequence[Path]) -> Iterator[None]:
    """Puts `folders` first in `sys.path`, last afterwards; raises what the import raises as a one-line `UserError`."""
    own = [str(folder) for folder in folders]
    sys.path[:0] = own
    try:
        yield
    except (Exception, SystemExit) as error:
        reason = one_line(f"{type(error).__name__}: {error}", 300)
        raise UserError(f"rewards has {spec!r}: importing it failed with {reason}") from error
    finally:
        for folder in own:
            sys.path.remove(folder)
        sys.path.extend(folder for folder in own if folder not in sys.path)


def _instead(module: ModuleType, name: str) -> str:
    """The end of the message: the nearest name, or the functions that the module has."""
    functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    return did_you_mean(name, functions) or f"; it has {', '.join(sorted(functions)) or 'none'}"
