"""Every setting stands in `.env.example` and in the guide, with its default."""

import re
from datetime import timedelta

from gateway import settings
from tests.house import tree

ASSIGNMENT = re.compile(r"^([A-Z_]+)=(.*)$", re.MULTILINE)


def test_the_example_names_exactly_the_settings() -> None:
    """Whoever copies the file sees everything there is, and nothing that is not."""
    written = [name for name, _ in ASSIGNMENT.findall(tree.text(".env.example"))]

    assert sorted(written) == sorted(settings.names())


def test_the_example_changes_nothing() -> None:
    """Copied as it is, it gives the same settings as an empty environment."""
    assert settings.load({}, env_file=tree.ROOT / ".env.example") == settings.load(
        {}, env_file=None
    )


def test_the_example_writes_every_default_out() -> None:
    """An empty value is a setting that has no default."""
    written = dict(ASSIGNMENT.findall(tree.text(".env.example")))
    given = settings.load({}, env_file=None)

    for name, value in written.items():
        default = getattr(given, name.lower())
        assert (value == "") == (default in (None, ())), name


def test_the_guide_names_every_setting() -> None:
    """The table of docs/configuration.md is complete, files of secrets included."""
    guide = tree.text("docs/configuration.md")

    missing = [name for name in settings.names() if f"`{name}`" not in guide]

    assert missing == []


def test_the_guide_names_no_setting_that_is_not_there() -> None:
    """A setting that went leaves the guide as well."""
    known = set(settings.names()) | set(settings.secret_files())

    written = set(re.findall(r"`((?:GATEWAY|MESHAGENT)_[A-Z_]+)`", guide_rows()))

    assert written - known == set()


def test_the_guide_gives_every_default() -> None:
    """The second column is what holds when nothing is set."""
    rows = dict(
        re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", guide_rows(), re.MULTILINE)
    )
    given = settings.load({}, env_file=None)

    wrong = {
        name: cell
        for name, cell in rows.items()
        if cell.strip() != shown(getattr(given, name.lower()))
    }

    assert wrong == {}


def guide_rows() -> str:
    """Return the rows of the guide's tables."""
    return "\n".join(
        line
        for line in tree.text("docs/configuration.md").splitlines()
        if line.startswith("| `")
    )


def shown(value: object) -> str:
    """Return a default as the guide writes it."""
    match value:
        case None | ():
            return "unset"
        case bool():
            return f"`{str(value).lower()}`"
        case timedelta():
            return f"`{in_largest_unit(value)}`"
        case _:
            return f"`{value}`"


def in_largest_unit(value: timedelta) -> str:
    """Return a duration as a person writes it: `7d`, `300s`."""
    seconds = int(value.total_seconds())
    return f"{seconds // 86_400}d" if seconds % 86_400 == 0 else f"{seconds}s"
