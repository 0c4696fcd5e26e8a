"""What Python needs of this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

from whet.sandbox.interpreter import ENVIRONMENT, INSTALLED, PACKAGE, interpreter


def test_the_interpreter_is_a_real_file_outside_any_virtual_environment() -> None:
    executable = Path(interpreter().executable)
    assert executable.is_file()
    assert not executable.is_symlink()
    assert executable.samefile(sys.executable)


def test_the_library_can_be_read_and_what_is_installed_in_it_cannot() -> None:
    python = interpreter()
    readable = set(python.readable)
    assert str(Path(json.__file__).resolve().parent) in readable
    assert str(Path(os.__file__).resolve()) in readable
    assert not any(Path(path).name in INSTALLED for path in readable)
    assert not readable & set(python.library)
    assert all(Path(path).is_dir() and Path(path).name in INSTALLED for path in python.installed)


def test_nobodys_files_are_among_it() -> None:
    private = [Path.home().resolve(), Path("/etc"), Path("/proc"), PACKAGE, Path("/tmp"), Path("/")]
    everything = [Path(path).resolve() for path in interpreter().readable]
    assert not [path for path in everything for place in private if path == place]
    assert [path for path in everything if path.is_relative_to("/etc")] in ([], [Path("/etc/ld.so.cache")])


def test_it_starts_with_nothing_of_ours() -> None:
    """Neither the packages that are installed here, nor the current folder, nor an environment."""
    flags = interpreter().command()[1:4]
    script = "import sys, os, json; print(json.dumps([sys.path, sorted(os.environ), sorted(sys.modules)]))"
    run = [interpreter().executable, *flags, "-c", script]
    done = subprocess.run(run, env=dict(ENVIRONMENT), capture_output=True, text=True, check=True)
    path, environment, loaded = json.loads(done.stdout)
    assert not [entry for entry in path if Path(entry).name in INSTALLED or entry in ("", str(Path.cwd()))]
    assert set(environment) - {"LC_CTYPE"} == {"PYTHONHASHSEED"}
    assert "site" not in loaded


def test_the_harness_is_started_without_the_rest_of_the_package() -> None:
    script = interpreter().command()[-2].replace("main(*map(int, sys.argv[2:]))", "print(sorted(sys.modules))")
    assert "harness" in script
    run = [interpreter().executable, "-sSP", "-c", script, str(PACKAGE)]
    done = subprocess.run(run, env=dict(ENVIRONMENT), capture_output=True, text=True, check=True)
    assert "whet.sandbox.harness" in done.stdout
    assert "pydantic" not in done.stdout
    assert "whet.errors" not in done.stdout
