"""The page's ES modules as one script, for a report that fetches nothing."""

import re
from collections.abc import Iterator
from importlib.resources import files
from posixpath import dirname, join, normpath

IMPORT = re.compile(r'^import\s*(?:(\{[^}]*\}|\*\s*as\s+\w+)\s*from\s*)?"(\.[^"]+)";[^\S\n]*\n?', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?function|const|class) (\w+)", re.MULTILINE)
RENAMED = re.compile(r"export\{([^}]*)\};?")
SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def static(name: str) -> str:
    """The text of a file of `static/`."""
    return files("whet.dashboard").joinpath("static", *name.split("/")).read_text(encoding="utf-8")


def bundle(entry: str) -> str:
    """Joins the module `entry` of `static/` and all that it imports into one classic script.

    Every module becomes a function that returns what it exports; one that others import comes before them. The modules
    are written for this: each import stands on lines of its own and names relative files, each export is a declaration.
    """
    order: list[str] = []
    _visit(entry, order)
    return "".join(_wrapped(name) for name in order)


def _visit(name: str, order: list[str]) -> None:
    if name in order:
        return
    for _, target in IMPORT.findall(static(name)):
        _visit(_resolved(name, target), order)
    order.append(name)


def _resolved(importer: str, target: str) -> str:
    """`./x.js` as seen from a module → its name in `static/`."""
    return normpath(join(dirname(importer), target))


def _variable(name: str) -> str:
    return "m_" + re.sub(r"\W", "_", name.removesuffix(".js"))


def _wrapped(name: str) -> str:
    text = SOURCE_MAP.sub("", static(name))
    exported = dict(_exports(text))
    body = EXPORT.sub(r"\1 \2", RENAMED.sub("", IMPORT.sub(lambda found: _required(name, *found.groups()), text)))
    returned = ", ".join(f"{public}: {own}" for public, own in exported.items())
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {returned} }};\n}})();\n"


def _required(importer: str, names: str | None, target: str) -> str:
    """The lines that take the place of an import; none for one that is imported for its effect."""
    module = _variable(_resolved(importer, target))
    if names is None:
        return ""
    if names.startswith("*"):
        return f"const {names.rpartition(' ')[2]} = {module};\n"
    return f"const {names.replace(' as ', ': ')} = {module};\n"


def _exports(text: str) -> Iterator[tuple[str, str]]:
    """What a module exports: public name, own name."""
    yield from ((name, name) for _, name in EXPORT.findall(text))
    for names in RENAMED.findall(text):
        for one in names.split(","):
            own, _, public = one.strip().partition(" as ")
            yield public or own, own
