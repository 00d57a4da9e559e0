"""Saying something through a running gateway once, however often it must be asked."""

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Annotated, Final

import typer

from gateway.cli.calling import (
    FAILED,
    Answer,
    Gateway,
    Refused,
    Unanswered,
    Unreached,
    complain,
    printable,
)
from gateway.system import SystemClock, system_random

PATIENCE_S: Final = 30.0
# A gateway starts anew in less. Whoever has none should not wait longer.
UNREACHED_S: Final = 10.0
FIRST_S: Final = 0.5  # The longest wait before the second attempt; it doubles.
CAP_S: Final = 8.0
SERVER_ERROR: Final = 500  # RFC 9110 §15.6: this and above say nothing of the request.
# With a `ttl` of 0 it is the answer that was asked for, and else it is not given.
FINAL_CODES: Final = frozenset({"room_unavailable"})
_UNDER_WAY: Final = frozenset({"sending", "queued"})
GOOD: Final = _UNDER_WAY | {"sent"}
_WAITS: Final[Mapping[object, str]] = {
    "room": "queued for {who}: the room is away",
    "recipient": "queued for {who}, who is not there",
    "order": "queued for {who}, behind what was said before",
}
_ENDS: Final = {
    "sent": "sent to {who}",
    "partial": "not sent to all: {shares}",
    "unknown": "written, and not acknowledged: {who} may have it or not",
}
_KEY_MAX: Final = 255

Texts = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT...", help="What to say; - reads it from stdin."),
]
Message = Annotated[
    str | None,
    typer.Option(
        metavar="JSON",
        help="A JSON object in place of text; @FILE or @- reads it.",
    ),
]
Attach = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A file that goes along.")
]
Type = Annotated[str | None, typer.Option("--type", help="Message type; else chat.")]
Room = Annotated[
    str | None, typer.Option(help="The room; needed if there are several.")
]
Ttl = Annotated[
    int | None,
    typer.Option(
        min=0, help="Seconds to hold it while the room is away; 0 fails at once."
    ),
]
Wait = Annotated[
    int | None,
    typer.Option(
        min=0, max=30, help="Seconds to wait for the room to acknowledge it; else 5."
    ),
]
OnceKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="IDEMPOTENCY_KEY",
        help="Under one key a message is said once, also by another call within a day.",
    ),
]
Ref = Annotated[
    str | None, typer.Option(help="A word of yours, kept with it and given back.")
]


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is repeated that may pass another time.

    Attributes:
        total_s: Seconds after which no further attempt begins.
        unreached_s: The same while there was not one connection.
        pause: Waits so many seconds.
        monotonic: Seconds that only ever grow.
        rng: Source of the jitter.
    """

    total_s: float = PATIENCE_S
    pause: Callable[[float], None] = _pause
    monotonic: Callable[[], float] = field(default=SystemClock().monotonic)
    rng: Random = field(default_factory=system_random)
    unreached_s: float = UNREACHED_S


@dataclass(frozen=True, slots=True)
class Saying:
    """How something is said.

    Attributes:
        command: The command's name, to begin sentences with.
        key: The Idempotency-Key; `None` makes one up.
        wait_s: Seconds that the gateway waits for the room; `None` as it likes.
    """

    command: str
    key: str | None = None
    wait_s: int | None = None
    patience: Patience = field(default_factory=Patience)

    def say(self, gateway: Gateway, path: str, body: Mapping[str, object]) -> Answer:
        """POST a message until there is an answer; return the receipt.

        All attempts have one Idempotency-Key, so that it is said once. Whoever ends it
        by Ctrl-C is told the key.

        Raises:
            Unreached: There is no gateway; nothing was said.
            Unanswered: It is not known whether it was said; the key is told.
            Refused: It was not said.
        """
        key = self.key or secrets.token_hex(16)
        try:
            return self._say(gateway, path, body, key)
        except KeyboardInterrupt:
            complain(self.command, f"It may have been said.\n  {_again(key)}")
            raise

    def _say(
        self, gateway: Gateway, path: str, body: Mapping[str, object], key: str
    ) -> Answer:
        headers = {"Idempotency-Key": key}
        if self.wait_s is not None:
            headers["Prefer"] = f"wait={self.wait_s}"
        patience = self.patience
        began = patience.monotonic()
        ceiling_s, was_reached = FIRST_S, False
        while True:
            try:
                return gateway.post(path, body=body, headers=headers)
            except (Refused, Unanswered) as error:
                if not _may_pass(error):
                    raise
                was_reached = was_reached or not isinstance(error, Unreached)
                total_s = patience.total_s if was_reached else patience.unreached_s
                wait_s = max(
                    patience.rng.uniform(0.0, ceiling_s), _least_pause_s(error)
                )
                if patience.monotonic() + wait_s > began + total_s:
                    raise (_unclear(error, key) if was_reached else error) from error
                if ceiling_s == FIRST_S:
                    complain(self.command, f"{error}\n  It is tried again.")
            patience.pause(wait_s)
            ceiling_s = min(CAP_S, ceiling_s * 2)


def idempotency_key(given: str | None) -> str | None:
    """Return a key that can be one.

    Raises:
        typer.BadParameter: It cannot. The caller's fault.
    """
    if given is None or (
        0 < len(given) <= _KEY_MAX and all("!" <= each <= "~" for each in given)
    ):
        return given
    detail = "a key is 1 to 255 visible ASCII characters."
    raise typer.BadParameter(detail, param_hint="--key")


def finish(command: str, answer: Answer, *, as_json: bool) -> None:
    """Say what became of a message.

    Raises:
        typer.Exit: It was not sent, and does not wait to be.
    """
    sentence = outcome(answer.value)
    is_good = answer.value.get("status") in GOOD
    if as_json:
        typer.echo(answer.raw)
    elif is_good:
        typer.echo(sentence)
    if not is_good:
        complain(command, sentence)
        raise typer.Exit(FAILED)


def outcome(receipt: Mapping[str, object]) -> str:
    """Say in a sentence how far a message has come."""
    who, status = _whom(receipt), str(receipt.get("status"))
    if status in _UNDER_WAY:
        waiting_for = receipt.get("waiting_for")
        said = _WAITS.get(waiting_for, "on its way to {who}")
    else:
        said = _ENDS.get(status, "{status}, not sent to {who}")
    said = said.format(who=who, status=status, shares=_shares(receipt))
    error = receipt.get("error")
    if isinstance(error, Mapping) and error.get("text"):
        said += f": {error['text']}"
    return printable(f"{said} ({receipt.get('id')})")


def _may_pass(error: Refused | Unanswered) -> bool:
    """Whether the same request may fare better in a while."""
    if isinstance(error, Refused):
        final = error.problem.get("code") in FINAL_CODES
        return error.problem.get("retryable") is True and not final
    return error.status is None or error.status >= SERVER_ERROR


def _least_pause_s(error: Refused | Unanswered) -> float:
    return (error.retry_after_s or 0.0) if isinstance(error, Refused) else 0.0


def _unclear(error: Refused | Unanswered, key: str) -> Refused | Unanswered:
    if isinstance(error, Refused):
        return error
    return Unanswered(f"{error}\n  {_again(key)}", error.status)


def _again(key: str) -> str:
    return f"To say it again, and still once, add --key {key}"


def _whom(receipt: Mapping[str, object]) -> str:
    recipients = receipt.get("recipients")
    if not isinstance(recipients, list):
        present = receipt.get("present")
        count = f", {present} present" if isinstance(present, int) else ""
        return f"everybody in {receipt.get('room')}{count}"
    return ", ".join(map(_name, recipients)) or "nobody"


def _shares(receipt: Mapping[str, object]) -> str:
    recipients = receipt.get("recipients")
    return ", ".join(
        f"{_name(each)} {each.get('status')}"
        for each in (recipients if isinstance(recipients, list) else ())
        if isinstance(each, dict)
    )


def _name(recipient: object) -> str:
    if not isinstance(recipient, dict):
        return "?"
    return str(recipient.get("name") or recipient.get("participant_id") or "?")
