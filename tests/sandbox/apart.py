"""Doing what cannot be undone: in a process of its own."""

import os
from collections.abc import Callable
from typing import Any


def apart(function: Callable[[], Any]) -> str:
    """What the function returns, as text, or the error that it raises, in a child that ends with it."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writes, _said(function).encode())
        finally:
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as file:
        said = file.read().decode()
    os.waitpid(child, 0)
    return said


def _said(function: Callable[[], Any]) -> str:
    try:
        return str(function())
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
