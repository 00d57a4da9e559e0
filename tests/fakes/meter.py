"""A meter that keeps the lines it is told."""


class MemoryMeter:
    """Keeps every line as its level, its event and its facts.

    Attributes:
        lines: What was told, in order.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def info(self, event: str, **facts: object) -> None:
        """Keep a thing that happened."""
        self.lines.append(("info", event, facts))

    def warning(self, event: str, **facts: object) -> None:
        """Keep a thing that a person may want to look at."""
        self.lines.append(("warning", event, facts))

    def error(self, event: str, **facts: object) -> None:
        """Keep a thing that a person must look at."""
        self.lines.append(("error", event, facts))

    def facts(self, event: str) -> list[dict[str, object]]:
        """Return the facts of every line of that event."""
        return [facts for _, name, facts in self.lines if name == event]
