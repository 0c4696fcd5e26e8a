"""Builds the documents as a site: `make docs`, or `python docs/build_site.py [FOLDER]`; it fails on any warning.

The pages are docs/ and the documents beside it. A link to another page leads there; a link to any other file of the
repository becomes plain words.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

BESIDE = {
    "LOG.md": "log.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/results/README.md": "results/index.md",
}
"""Documents outside of docs/, and where they are on the site."""

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")

KEYS = """# Every key of a recipe

As `whet keys` lists them. Any of them can be set on the command line: `--grpo.steps 40`.

| key | what it does |
|---|---|
"""


def pages() -> dict[Path, str]:
    """Returns every file that the site has, and where it has it."""
    found = [path for path in DOCS.rglob("*") if path.suffix in (".md", ".svg", ".png", ".css")]
    inside = {path: path.relative_to(DOCS).as_posix() for path in found}
    beside = {ROOT / name: place for name, place in BESIDE.items()}
    drawn = {path: f"results/{path.name}" for path in (ROOT / "benchmarks" / "results").glob("*.svg")}
    return {**inside, **beside, **drawn}


def linked(text: str, source: Path, places: dict[Path, str]) -> str:
    """Returns a document with its links as the site has them."""

    def there(link: re.Match[str]) -> str:
        mark, words, target = link.groups()
        name, hash, anchor = target.partition("#")
        if not name or ":" in name:
            return link[0]
        path = (source.parent / name).resolve()
        path = path / "README.md" if path.is_dir() else path
        if path not in places:
            return words
        return f"{mark}[{words}]({relpath(places[path], Path(places[source]).parent)}{hash}{anchor})"

    return LINK.sub(there, text)


def keys_page() -> str:
    """Returns the table of all keys."""
    from whet.recipe.keys import describe_keys

    def cell(value: object) -> str:
        return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")

    rows = (
        f"| `{one.key}` | {cell(one.sentence)}<br>*{cell(one.kind)}*" + f"; default {cell(one.default)} |"
        for one in describe_keys()
    )
    return KEYS + "\n".join(rows) + "\n"


def stage(folder: Path) -> None:
    """Writes the pages, and the configuration beside them, into a folder."""
    places = pages()
    for source, place in places.items():
        target = folder / "pages" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(linked(source.read_text("utf-8"), source, places), "utf-8")
        else:
            shutil.copyfile(source, target)
    (folder / "pages" / "keys.md").write_text(keys_page(), "utf-8")
    shutil.copyfile(ROOT / "mkdocs.yml", folder / "mkdocs.yml")


def complaints(said: str) -> Iterator[str]:
    """Yields the lines in which the builder warns."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    yield from (line for line in plain.splitlines() if re.search(r"warning|error", line, re.IGNORECASE))


def build(to: Path) -> None:
    """Builds the site into a folder. Exits with what the builder said where it warns or fails."""
    with TemporaryDirectory(prefix="whet-site-") as work:
        stage(Path(work))
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        if done.returncode or any(complaints(said)):
            sys.exit(said)
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(Path(work) / "site", to)


if __name__ == "__main__":
    place = Path(sys.argv[1] if sys.argv[1:] else ROOT / "site").resolve()
    build(place)
    print(f"open {place}/index.html")
