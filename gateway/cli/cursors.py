"""A file that holds how far a log was read, for one reader at a time."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

CURSOR: Final = re.compile(r"[!-~]{1,200}")
_MAX_BYTES: Final = 4096


class BadCursorFile(Exception):
    """The file cannot be used; the message is for a person, and says which."""


class CursorFile:
    """How far a log was read, kept over a crash of the process and of the machine.

    Args:
        path: Where it is; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    @contextmanager
    def held(cls, path: Path) -> Iterator["CursorFile"]:
        """Yield the file, which nobody else can hold meanwhile.

        A file beside it, with `.lock` at its name's end, says who holds it: the file
        itself is replaced each time it is written. It stays there afterwards.

        Raises:
            BadCursorFile: Somebody else holds it, or it cannot be.
        """
        lock = path.with_name(f"{path.name}.lock")
        try:
            number = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OSError, ValueError) as error:
            message = f"{lock} cannot be written: {_why(error)}"
            raise BadCursorFile(message) from error
        try:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                message = (
                    f"{path} is in use by another gateway tail: give each a file of"
                    " its own with --cursor"
                )
                raise BadCursorFile(message) from error
            yield cls(path)
        finally:
            os.close(number)

    def read(self) -> str | None:
        """Return the cursor; `None` if there is no file.

        Raises:
            BadCursorFile: What is in it is no cursor, or it cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                text = file.read(_MAX_BYTES).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            message = f"{self._path} cannot be read: {_why(error)}"
            raise BadCursorFile(message) from error
        if CURSOR.fullmatch(text) is None:
            message = f"{self._path} has no cursor in it: remove it to begin anew"
            raise BadCursorFile(message)
        return text

    def move(self, cursor: str) -> None:
        """Write a cursor. It is on the disk when this returns; before, the old one is.

        Raises:
            BadCursorFile: It cannot be written.
        """
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            with new.open("wb") as file:
                file.write(f"{cursor}\n".encode())
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            _sync(self._path.parent)
        except OSError as error:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            message = f"{self._path} cannot be written: {_why(error)}"
            raise BadCursorFile(message) from error


def _sync(folder: Path) -> None:
    """Have what a folder lists on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
