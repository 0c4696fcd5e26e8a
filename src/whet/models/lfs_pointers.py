"""Files of a model folder that are pointers of Git LFS: a clone without the files themselves."""

from pathlib import Path

_START = b"version https://git-lfs"


def lfs_pointer(folder: Path) -> str:
    """Returns why a folder with a pointer in place of a file is refused, with the fix; empty for any other folder."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.stat().st_size < 1024 and path.read_bytes().startswith(_START):
            return f"{path.name} is a pointer of Git LFS, without the file itself; fetch the files with `git lfs pull`"
    return ""
