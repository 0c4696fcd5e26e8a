"""Finds out whether a reward function reads completions as texts or as messages, from its code.

TRL gives texts where a data set's prompts are texts, and lists of messages where they are messages; functions are
written for the one or the other. One for messages looks a message's content up, so its code, or that of a function
which it calls, has the constant `content` or `role`. One for texts takes `len(completion)` or searches it, which with a
message list neither fails nor means anything.
"""

import functools
import inspect
import sys
from collections.abc import Iterator
from operator import itemgetter
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

MOST = 200
"""Functions that are looked through, at most."""

_KEYS = frozenset({"content", "role"})


def reads_text(function: Any) -> bool:
    """Whether a function takes completions, and its code shows that it does not read messages.

    A function in another process says so itself, by its attribute `reads_text`. False where no code is found.
    """
    known = getattr(function, "reads_text", None)
    if isinstance(known, bool):
        return known
    found = list(_functions(function))
    takes = any("completions" in {*one.__code__.co_varnames, *_texts(one)} for one in found)
    return takes and not any(_KEYS & _texts(one) for one in found)


def _functions(first: Any) -> Iterator[FunctionType]:
    """The function and all of the user's functions that its code names, however far; `MOST` at most."""
    waiting, seen = list(_opened(first, {"__call__", *_attributes(first)})), set[int]()
    while waiting and len(seen) < MOST:
        one = waiting.pop()
        one = inspect.unwrap(getattr(one, "__func__", one))  # a method's function
        if isinstance(one, FunctionType) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += _named(one)


def _attributes(value: Any) -> set[str]:
    """The names of the methods of an object's class; none of a function."""
    kind = type(value)
    return {name for one in kind.__mro__[:-1] for name in vars(one)} if kind.__module__ != "builtins" else set()


def _named(function: FunctionType) -> Iterator[Any]:
    """The values that a function's code can reach by name: globals, what they hold, and its closure."""
    names = _names(function.__code__)
    for cell in function.__closure__ or ():
        yield from _opened(_contents(cell), names)
    for name in names:
        yield from _opened(function.__globals__.get(name), names)


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _opened(value: Any, names: set[str]) -> Iterator[Any]:
    """A function itself; of a class, a module of the user's or an object, the functions that are named."""
    if isinstance(value, functools.partial):
        yield from _opened(value.func, names)
    elif isinstance(value, MethodType):
        yield value.__func__
        yield from _opened(value.__self__, _attributes(value.__self__))
    elif isinstance(value, FunctionType):
        yield value
    elif isinstance(value, ModuleType):
        if value.__name__.partition(".")[0] not in sys.stdlib_module_names:
            yield from (vars(value).get(name) for name in names)
    elif isinstance(value, type):
        yield from vars(value).values()
    elif value is not None:
        yield from (getattr(type(value), name, None) for name in (*names, "__call__"))


def _names(code: CodeType) -> set[str]:
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return {*code.co_names, *code.co_freevars}.union(*inner)


def _texts(function: FunctionType) -> set[str]:
    """The texts among a function's constants, and those that it names."""
    named = (function.__globals__.get(name) for name in _names(function.__code__))
    return _constants(function.__code__) | {text for value in named for text in _text_of(value)}


def _text_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, itemgetter):
        yield from (key for key in value.__reduce__()[1] if isinstance(key, str))


def _constants(code: CodeType) -> set[str]:
    """All texts among a code's constants, those in tuples and inner functions too."""
    found: set[str] = set()
    for one in code.co_consts:
        if isinstance(one, str):
            found.add(one)
        elif isinstance(one, CodeType):
            found |= _constants(one)
        elif isinstance(one, tuple | frozenset):
            found |= {inner for inner in one if isinstance(inner, str)}
    return found
