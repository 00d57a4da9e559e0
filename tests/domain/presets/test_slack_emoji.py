"""Names of pictures become pictures, where they are names."""

import pytest

from gateway.domain.presets.slack_emoji import EMOJI, with_emoji


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":white_check_mark: done", "✅ done"),
        ("(:x:)", "(❌)"),
        (":tada::tada:", "🎉🎉"),
        (":wave::skin-tone-3:", "👋🏼"),
        ("完成:tada:", "完成🎉"),
        (":+1: :-1:", "👍 👎"),
        (":parrot:", ":parrot:"),
        ("10:30:45 a:x:b", "10:30:45 a:x:b"),
        ("http://h/:x:/?a=:x:", "http://h/:x:/?a=:x:"),
        (": x :", ": x :"),
        (":X:", ":X:"),
        ("", ""),
    ],
)
def test_a_known_name_is_a_picture(text: str, expected: str) -> None:
    """Within words, addresses and times of day there are no names."""
    assert with_emoji(text) == expected


@pytest.mark.parametrize("name", EMOJI)
def test_every_name_is_found(name: str) -> None:
    """Each is written as Slack writes it, and its picture can be said."""
    assert with_emoji(f":{name}:") == EMOJI[name]
    assert EMOJI[name].encode()


def test_many_colons_are_read_in_one_go() -> None:
    """Nothing is looked at again and again."""
    assert with_emoji(":" * 100_000) == ":" * 100_000
