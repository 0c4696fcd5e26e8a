"""Files of a model folder that are pointers of Git LFS: a clone without the files themselves."""

from pathlib import Path

from whet.models.folder_files import files_read

_START = b"version https://git-lfs"


def lfs_pointer(folder: Path) -> str:
    """Returns why a folder with a pointer in place of a file that is read is refused, with the fix; else nothing."""
    for path in files_read(folder):
        if path.stat().st_size < 1024 and path.read_bytes().startswith(_START):
            return f"{path.name} is a pointer of Git LFS, without the file itself; fetch the files with `git lfs pull`"
    return ""
