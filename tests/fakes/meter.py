"""A log that a test can read."""


class FakeMeter:
    """Satisfies the `Meter` port; `lines` are (level, event, facts)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def info(self, event: str, **facts: object) -> None:
        """Keep a line."""
        self.lines.append(("info", event, facts))

    def warning(self, event: str, **facts: object) -> None:
        """Keep a line."""
        self.lines.append(("warning", event, facts))

    def error(self, event: str, **facts: object) -> None:
        """Keep a line."""
        self.lines.append(("error", event, facts))

    def named(self, event: str) -> list[dict[str, object]]:
        """Return the facts of the lines of that name."""
        return [facts for _, name, facts in self.lines if name == event]
