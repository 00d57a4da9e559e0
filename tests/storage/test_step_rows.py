"""The steps of a message as text and back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.domain.model import MessageStatus, Recipient, Step, StepKind
from gateway.storage.step_rows import steps_of, steps_text

NOON = datetime(2026, 7, 25, 12, tzinfo=UTC)
ALICE = Recipient(0, "alice", "p-1", MessageStatus.SENT, attempts=1)
BOB = Recipient(1, "bob", "p-2", MessageStatus.SENT, attempts=1)
WRITTEN = Step(NOON, StepKind.WRITTEN, None, "alice", "p-1")
ACKNOWLEDGED = WRITTEN._replace(kind=StepKind.ACKNOWLEDGED)


@pytest.mark.parametrize(
    ("recipients", "name", "participant_id"),
    [((ALICE,), "alice", "p-1"), ((), None, None)],
)
def test_a_message_that_goes_the_ordinary_way_keeps_two_moments(
    recipients: tuple[Recipient, ...], name: str | None, participant_id: str | None
) -> None:
    """Whom its steps are about, one recipient or everybody, is known without them."""
    steps = tuple(
        step._replace(name=name, participant_id=participant_id)
        for step in (WRITTEN, ACKNOWLEDGED)
    )

    text = steps_text(steps, recipients)

    assert text is not None
    assert text.count(",") == 1
    assert steps_of(text, recipients) == steps


@pytest.mark.parametrize(
    ("steps", "recipients"),
    [
        ((WRITTEN,), (ALICE,)),
        ((WRITTEN, ACKNOWLEDGED), (ALICE, BOB)),
        ((WRITTEN, ACKNOWLEDGED), (replace(ALICE, participant_id="p-3"),)),
        ((WRITTEN, ACKNOWLEDGED), ()),
        ((WRITTEN, WRITTEN), (ALICE,)),
        ((WRITTEN, ACKNOWLEDGED._replace(reason="late")), (ALICE,)),
        ((WRITTEN, ACKNOWLEDGED, WRITTEN), (ALICE,)),
    ],
)
def test_any_other_way_is_kept_in_full(
    steps: tuple[Step, ...], recipients: tuple[Recipient, ...]
) -> None:
    """What differs from the ordinary way in anything is read as it was written."""
    text = steps_text(steps, recipients)

    assert "written" in str(text)
    assert steps_of(text, recipients) == steps


def test_no_steps_are_no_text() -> None:
    """A row from before there were any is read as one of a message without."""
    assert steps_text((), (ALICE,)) is None
    assert steps_of(None, (ALICE,)) == ()
