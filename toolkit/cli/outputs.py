"""The output folder: tried before anything is computed, and never holding half a result."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from modelcollapse.cli.errors import BadInputError

_PREFIX = ".unfinished-"


def folder(text: str | Path) -> Path:
    """A parser of folder names; the empty one is no folder."""
    if not str(text).strip():
        raise BadInputError("--out must name a folder; got ''.")
    return Path(text)


class Outputs:
    """A folder into which finished sets of files are moved.

    Making it raises `BadInputError` if the folder cannot be made or written to; a folder that it made
    is removed again by `close` if nothing was put into it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.made: list[Path] = []
        try:
            self.made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=_PREFIX):
                pass
        except OSError as error:
            self.close()
            reason = (error.strerror or "cannot be written to").lower()
            raise BadInputError(
                f"--out must be a folder that can be written to; got '{folder}' ({reason})."
            ) from error

    @contextlib.contextmanager
    def staged(self) -> Iterator[Path]:
        """A temporary folder whose files are moved into place if the block ends well, else dropped.

        Raises `BadInputError` if the folder can no longer be written to, as when the disk is full.
        """
        draft = Path(tempfile.mkdtemp(dir=self.folder, prefix=_PREFIX))
        try:
            yield draft
            for path in sorted(p for p in draft.rglob("*") if p.is_file()):
                target = self.folder / path.relative_to(draft)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
        except OSError as error:
            reason = (error.strerror or "cannot be written to").lower()
            raise BadInputError(
                f"--out must be a folder that can be written to; '{self.folder}' failed ({reason})."
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def close(self) -> None:
        """Remove the folders that were made and are still empty."""
        for path in self.made:
            with contextlib.suppress(OSError):
                path.rmdir()
