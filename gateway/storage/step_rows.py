"""The steps of a message as text and back."""

import json
from collections.abc import Sequence
from typing import Final

from gateway.domain.model import Recipient, Step, StepKind
from gateway.storage.rows import dumps, micros, moment_of

_ORDINARY: Final = (StepKind.WRITTEN, StepKind.ACKNOWLEDGED)
_NOBODY: Final = (None, None)  # Name and id where a step is about everybody.


def steps_text(steps: Sequence[Step], recipients: Sequence[Recipient]) -> str | None:
    """Return steps as JSON; `None` for none, as in rows from before there were any.

    Nearly every message is written once, for its only recipient, and acknowledged. Of
    that the two moments are kept: it is done for every message, and names and ids would
    make a row a fifth longer that is there already.
    """
    if not steps:
        return None
    if _are_ordinary(steps, recipients):
        return f"[{micros(steps[0].at)},{micros(steps[1].at)}]"
    return dumps(
        [
            (micros(at), kind, reason, name, participant_id)
            for at, kind, reason, name, participant_id in steps
        ]
    )


def steps_of(text: str | None, recipients: Sequence[Recipient]) -> tuple[Step, ...]:
    """Return the steps that a text tells of."""
    if text is None:
        return ()
    parts = json.loads(text)
    if isinstance(parts[0], int):
        about = _only(recipients)
        return tuple(
            Step(moment_of(at), kind, None, *about)
            for at, kind in zip(parts, _ORDINARY, strict=True)
        )
    return tuple(
        Step(moment_of(at), StepKind(kind), *rest) for at, kind, *rest in parts
    )


def _are_ordinary(steps: Sequence[Step], recipients: Sequence[Recipient]) -> bool:
    if len(steps) != len(_ORDINARY) or len(recipients) > 1:
        return False
    about = (None, *_only(recipients))
    written, acknowledged = steps
    return (
        written[1:] == (StepKind.WRITTEN, *about)
        and acknowledged[1:] == (StepKind.ACKNOWLEDGED, *about)
    )  # fmt: skip


def _only(recipients: Sequence[Recipient]) -> tuple[str | None, str | None]:
    """Return whom an ordinary step is about: the one recipient, or everybody."""
    if not recipients:
        return _NOBODY
    return recipients[0].name, recipients[0].participant_id
