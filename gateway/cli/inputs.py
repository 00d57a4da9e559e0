"""What is to be said, from the command line, a file or stdin."""

import json
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import typer

MAX_BYTES: Final = 67_108_864  # Read into memory at most; a gateway takes less.
STDIN: Final = "-"


def content(
    texts: Sequence[str] | None, message: str | None, attach: Path | None
) -> dict[str, object]:
    """Return the members of a body that say what is said.

    Raises:
        typer.BadParameter: There is nothing to say, or two things, or no file of that
            name. The caller's fault.
    """
    if (texts and message is not None) or not (texts or message or attach):
        detail = "say a TEXT, or a --message in its place."
        raise typer.BadParameter(detail, param_hint="TEXT...")
    found: dict[str, object] = {}
    if texts:
        found["text"] = _text(texts)
    else:
        found["message"] = {} if message is None else _object(message)
    if attach is not None:
        attachment = _file(str(attach), "--attach")
        found["attachment"] = b64encode(attachment).decode("ascii")
    return found


def _text(texts: Sequence[str]) -> str:
    if list(texts) != [STDIN]:
        return " ".join(texts)
    return _stdin("TEXT...").removesuffix("\n")


def _object(given: str) -> dict[str, object]:
    option = "--message"
    text = given
    if given == f"@{STDIN}":
        text = _stdin(option)
    elif given.startswith("@"):
        text = _decoded(_file(given[1:], option), option)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        detail = 'give a JSON object, such as \'{"text":"hi"}\'.'
        raise typer.BadParameter(detail, param_hint=option)
    return value


def _stdin(option: str) -> str:
    return _decoded(_read(sys.stdin.buffer, "stdin", option), option)


def _file(name: str, option: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return _read(file, name, option)
    except (OSError, ValueError) as error:
        detail = f"{name} cannot be read."
        raise typer.BadParameter(detail, param_hint=option) from error


def _read(file: BinaryIO, name: str, option: str) -> bytes:
    found = file.read(MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        detail = f"{name} has more than {MAX_BYTES} bytes."
        raise typer.BadParameter(detail, param_hint=option)
    return found


def _decoded(content: bytes, option: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        detail = "this is no text in UTF-8."
        raise typer.BadParameter(detail, param_hint=option) from error
