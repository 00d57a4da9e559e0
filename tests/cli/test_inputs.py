"""What `gateway send` and `gateway broadcast` are given to say."""

from base64 import b64decode
from pathlib import Path

import pytest
import typer

from gateway.cli import inputs
from gateway.cli.inputs import content


def test_words_are_one_text() -> None:
    """As `echo` has it, so that no quotes are needed."""
    assert content(["hello", "to", "you"], None, None) == {"text": "hello to you"}


def test_a_message_may_be_any_object(tmp_path: Path) -> None:
    """On the command line or in a file."""
    file = tmp_path / "message.json"
    file.write_text('{"a": [1]}')

    assert content(None, '{"a": 1}', None) == {"message": {"a": 1}}
    assert content(None, f"@{file}", None) == {"message": {"a": [1]}}


def test_a_file_goes_along_as_it_is(tmp_path: Path) -> None:
    """With a text, or alone."""
    file = tmp_path / "-"
    file.write_bytes(b"\xff\x00")

    alone, along = content(None, None, file), content(["see"], None, file)

    assert b64decode(str(alone["attachment"])) == b"\xff\x00"
    assert alone["message"] == {}
    assert along == {"text": "see", "attachment": alone["attachment"]}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], None),
        (None, ""),
        (["a"], "{}"),
        (None, "[]"),
        (None, "text"),
        (None, "[" * 100_000),
        (None, "@/nowhere/at/all"),
        (None, "@\0"),
    ],
)
def test_what_cannot_be_said_is_refused(
    texts: list[str] | None, message: str | None
) -> None:
    """Nothing, two things at once, no object, no file."""
    with pytest.raises(typer.BadParameter):
        content(texts, message, None)


def test_a_file_that_is_no_text_is_no_message(tmp_path: Path) -> None:
    """It is told, and not guessed at."""
    file = tmp_path / "message.json"
    file.write_bytes(b'{"text": "\xff"}')

    with pytest.raises(typer.BadParameter, match="UTF-8"):
        content(None, f"@{file}", None)


def test_a_file_without_an_end_is_not_read_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Memory ends before it does."""
    monkeypatch.setattr(inputs, "MAX_BYTES", 4096)

    with pytest.raises(typer.BadParameter, match="more than 4096 bytes"):
        content(None, None, Path("/dev/zero"))
