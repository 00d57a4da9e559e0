"""A message is what its shares are, and each share has its own fate."""

from dataclasses import fields, replace

import pytest

from gateway.bridge.entry import Entry, text_bytes, unresolved
from gateway.bridge.ports import OutcomeUnknown, Refused
from gateway.domain.model import (
    Address,
    AddressKind,
    Attachment,
    Match,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
    WaitingFor,
)
from gateway.domain.recipients import Present
from tests.bridge.conftest import to
from tests.domain.nouns import OUTGOING
from tests.fakes.clock import NOON, FakeClock

ALICE = Present("p-1", "alice", "user", {}, NOON)
BOB = Present("p-2", "bob", "user", {}, NOON)
OTHER_BOB = Present("p-3", "bob", "agent", {}, NOON)
EVERYBODY = (ALICE, BOB, OTHER_BOB)
LOST = OutcomeUnknown("lost")


def an_entry(*addresses: Address, **changes: object) -> Entry:
    """Return the entry of a queued message to some addresses, else to alice."""
    meant = addresses or to("alice")
    message: OutgoingMessage = replace(
        OUTGOING,
        to=meant,
        recipients=unresolved(meant),
        **changes,  # type: ignore[arg-type]  # a builder
    )
    return Entry(message, None, 1, FakeClock().now)


def a_broadcast() -> Entry:
    """Return the entry of a queued broadcast."""
    return Entry(replace(OUTGOING, to=None), None, 1, FakeClock().now)


def statuses(entry: Entry) -> list[str]:
    """Return the status of each recipient, as it would be stored."""
    return [each.status.value for each in entry.snapshot().recipients]


async def test_a_snapshot_has_all_else_that_the_message_has() -> None:
    """What a sender gave is in every state of it."""
    given = {
        field.name: f"a {field.name}"
        for field in fields(OutgoingMessage)
        if field.name not in {"to", "recipients", "status", "body", "steps"}
    }
    entry = an_entry(**given | {"attachment": Attachment(1, "digest"), "resent": True})
    before = replace(entry.message, waiting_for=None, error=None)

    assert entry.snapshot() == before


async def test_a_broadcast_is_one_share_for_everybody() -> None:
    """It needs nobody, and names nobody."""
    entry = a_broadcast()

    (index,) = entry.resolve((), may_wait=False)
    entry.write(index)
    entry.acknowledge(index)

    message = entry.snapshot(event_id="evt_1")
    assert entry.shares[index].participant_id is None
    assert (message.status, message.recipients) == ("sent", ())
    assert message.event_id == "evt_1"


async def test_an_address_of_several_makes_several_shares() -> None:
    """In the order of the addresses, whatever is resolved first."""
    entry = an_entry(*to("bob", "alice"), match=Match.ALL)

    writable = entry.resolve(EVERYBODY, may_wait=False)

    ids = [each.participant_id for each in entry.snapshot().recipients]
    assert len(writable) == 3
    assert ids == ["p-2", "p-3", "p-1"]


async def test_an_ambiguous_address_fails_alone() -> None:
    """The others are written."""
    entry = an_entry(*to("bob", "alice"))

    writable = entry.resolve(EVERYBODY, may_wait=True)

    assert len(writable) == 1
    assert statuses(entry) == ["failed", "sending"]


@pytest.mark.parametrize(("may_wait", "status"), [(True, "queued"), (False, "failed")])
async def test_an_absent_recipient_waits_if_it_may(
    *, may_wait: bool, status: str
) -> None:
    """Else its share has failed."""
    entry = an_entry()

    entry.resolve((), may_wait=may_wait)

    assert statuses(entry) == [status]
    assert entry.is_unfinished is may_wait


async def test_whom_a_share_was_for_is_preferred_at_the_next_try() -> None:
    """Though another of that name has come meanwhile."""
    entry = an_entry(*to("bob"))
    (index,) = entry.resolve([BOB], may_wait=False)
    entry.write(index)
    entry.unwrite(index)

    entry.resolve(EVERYBODY, may_wait=False)

    assert entry.shares[index].participant_id == "p-2"
    assert entry.shares[index].attempts == 0


async def test_one_of_several_who_comes_back_is_found_by_name() -> None:
    """The address would find the others again."""
    role = Address(AddressKind.ROLE, "user")
    entry = an_entry(role, match=Match.ALL)
    entry.resolve([ALICE, BOB], may_wait=False)
    entry.requeue()

    entry.resolve([replace(ALICE, id="p-9"), BOB], may_wait=False)

    ids = {each.participant_id for each in entry.snapshot().recipients}
    assert ids == {"p-9", "p-2"}


@pytest.mark.parametrize(
    ("code", "error"),
    [(1001, "room_denied"), (1003, "recipient_not_found"), (None, "room_rejected")],
)
async def test_a_refusal_fails_its_share(code: int | None, error: str) -> None:
    """In the words of the room."""
    entry = an_entry()
    (index,) = entry.resolve([ALICE], may_wait=False)
    entry.write(index)

    entry.refuse(index, Refused(code, "no"), may_wait=False)

    told = entry.snapshot().error
    assert told is not None
    assert (told.code, told.text, told.upstream_code) == (error, "no", code)


@pytest.mark.parametrize(
    ("address", "waits"),
    [
        (Address(AddressKind.ANY, "alice"), True),
        (Address(AddressKind.NAME, "alice"), True),
        (Address(AddressKind.ID, "p-1"), False),
        (Address(AddressKind.ANY, "p-1"), False),
    ],
)
async def test_who_has_gone_may_come_back_by_name_only(
    address: Address, *, waits: bool
) -> None:
    """An id never comes back."""
    entry = an_entry(address)
    (index,) = entry.resolve([ALICE], may_wait=True)
    entry.write(index)

    entry.refuse(index, Refused(1003, "gone"), may_wait=True)

    assert entry.is_unfinished is waits
    assert (entry.waiting_for is WaitingFor.RECIPIENT) is waits


@pytest.mark.parametrize(
    ("on_unknown", "may_retry", "status"),
    [
        (OnUnknown.REPORT, True, "unknown"),
        (OnUnknown.RETRY, False, "unknown"),
        (OnUnknown.RETRY, True, "queued"),
    ],
)
async def test_what_was_lost_is_open_again_if_it_may(
    on_unknown: OnUnknown, status: str, *, may_retry: bool
) -> None:
    """Else nobody knows."""
    entry = an_entry(on_unknown=on_unknown)
    (index,) = entry.resolve([ALICE], may_wait=False)
    entry.write(index)

    entry.lose(index, LOST, may_retry=may_retry)

    message = entry.snapshot()
    assert (message.status.value, message.resent) == (status, status == "queued")


@pytest.mark.parametrize("end", ["expire", "absent", "refused"])
async def test_what_may_have_been_said_is_never_called_unsaid(end: str) -> None:
    """A second try that comes to nothing leaves the first unknown."""
    entry = an_entry(on_unknown=OnUnknown.RETRY)
    (index,) = entry.resolve([ALICE], may_wait=False)
    entry.write(index)
    entry.lose(index, LOST, may_retry=True)
    entry = Entry(entry.snapshot(), None, 1, FakeClock().now)  # over a restart, too

    match end:
        case "expire":
            entry.expire()
        case "absent":
            entry.resolve((), may_wait=False)
        case _:
            entry.write(0)
            entry.refuse(0, Refused(1001, "no"), may_wait=False)

    message = entry.snapshot()
    assert message.status == "unknown"
    assert message.error is not None
    assert message.error.code == "outcome_unknown"


async def test_only_what_is_not_on_its_way_expires() -> None:
    """The rest is still to be answered."""
    entry = an_entry(*to("alice", "carol"))
    (index,) = entry.resolve([ALICE], may_wait=True)
    entry.write(index)

    entry.expire()

    assert statuses(entry) == ["sending", "expired"]


async def test_a_message_as_it_is_stored_makes_the_same_entry() -> None:
    """Nothing that matters is kept in memory alone."""
    entry = an_entry(*to("alice", "bob"), match=Match.ALL)
    entry.resolve(EVERYBODY, may_wait=False)

    again = Entry(entry.snapshot(), None, 1, FakeClock().now)

    assert again.snapshot() == entry.snapshot()
    assert again.is_sending


async def test_only_open_addresses_hold_others_back() -> None:
    """As they were written."""
    entry = an_entry(*to("alice", "carol"))

    entry.resolve([ALICE], may_wait=True)
    entry.write(0)

    assert list(entry.addresses) == list(to("carol"))


@pytest.mark.parametrize(
    ("text", "size"), [("abc", 3), ("\u20ac", 3), ("\U0001f600", 4), ("\ud800", 3)]
)
async def test_a_text_is_measured_in_utf_8(text: str, size: int) -> None:
    """Half of a surrogate pair counts, too."""
    assert text_bytes(text) == size


async def test_an_attachment_counts_though_it_is_not_here() -> None:
    """After a restart its bytes are loaded only when they are written."""
    entry = an_entry(attachment=Attachment(1000, "digest"))

    assert entry.size == 1000 + len(OUTGOING.body)


async def test_a_message_counts_as_accepted_once_that_is_stored() -> None:
    """Not if it failed, and not before."""
    entry, failed = an_entry(), an_entry()
    before = entry.is_accepted

    entry.accepted.set_result(None)
    failed.accepted.set_exception(OSError())

    assert (before, entry.is_accepted, failed.is_accepted) == (False, True, False)
    assert entry.snapshot().status is MessageStatus.QUEUED
