"""Whoever looks for a thing opens the folder of that name: few files at the root, no name twice, no circle."""

from collections import Counter
from collections.abc import Iterable, Mapping

from house.floors import NEIGHBOURS
from house.source import PACKAGE, Source, modules
from house.test_floors import imports

MOST_AT_THE_ROOT = 10


def twice(sources: Iterable[Source]) -> list[str]:
    """Names that more than one module has."""
    names = Counter(source.name.rpartition(".")[2] for source in sources if not source.is_package)
    return sorted(name for name, count in names.items() if count > 1)


def arrows(sources: Iterable[Source]) -> dict[str, set[str]]:
    """What each folder or file right under `whet` imports of the others, type checkers' imports included."""
    found: dict[str, set[str]] = {}
    for source in sources:
        targets = {(*target.split("."), "")[1] for _, target in imports(source) if target.startswith("whet.")}
        found.setdefault(source.unit, set()).update(targets - {source.unit, "__version__"})
    found.pop("", None)  # the front door names everything, and nothing imports it
    return found


def on_a_circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The nodes from which a path leads back to themselves."""
    return sorted(node for node in graph if node in _reached(node, graph))


def _reached(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph.get(waiting.pop(), set()) - reached:
            reached.add(target)
            waiting.append(target)
    return reached


def module_imports(sources: Iterable[Source]) -> dict[str, set[str]]:
    """What each module imports of the others, module by module."""
    sources = list(sources)
    names = {source.name for source in sources}
    graph = {}
    for source in sources:
        targets = [target for _, target in imports(source)]
        graph[source.name] = {n for t in targets for n in (t, t.rpartition(".")[0]) if n in names} - {source.name}
    return graph


def test_the_root_is_no_store_room() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_AT_THE_ROOT


def test_no_module_name_stands_twice() -> None:
    assert twice(modules()) == []


def test_every_import_that_is_allowed_between_neighbours_is_made() -> None:
    graph = arrows(modules())
    assert [pair for pair in sorted(NEIGHBOURS) if pair[1] not in graph[pair[0]]] == []


def test_no_folders_lie_on_a_circle() -> None:
    assert on_a_circle(arrows(modules())) == []


def test_no_modules_lie_on_a_circle() -> None:
    packages = {source.name for source in modules() if source.is_package}
    graph = {name: targets - packages for name, targets in module_imports(modules()).items() if name not in packages}
    assert on_a_circle(graph) == []


def test_a_name_that_stands_twice_is_found() -> None:
    sources = [Source("whet.a.table", ""), Source("whet.b.table", ""), Source("whet.b", "", is_package=True)]
    assert twice(sources) == ["table"]


def test_a_circle_is_found() -> None:
    assert on_a_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]
    sources = [Source("whet.a.x", "from whet.b import y"), Source("whet.b.y", "if TYPE_CHECKING:\n    import whet.a.x")]
    assert on_a_circle(arrows(sources)) == ["a", "b"]
    assert on_a_circle(module_imports(sources)) == ["whet.a.x", "whet.b.y"]
