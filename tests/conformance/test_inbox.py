"""What every store promises about what third parties sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.model import Inbound, InboundState, MessageStatus
from gateway.inbound.ports import InboundFilter, InOutbox, Taken
from tests.conformance.ports import Ports, inbound, outgoing, source
from tests.fakes.clock import NOON

HOUR = timedelta(hours=1)
LARGE = bytes(range(256)) * 2600
FULL = inbound(
    "full",
    received_at=NOON,
    method="GET",
    query="a=1&b=é%00",
    headers={"content-type": "text/plain", "x-odd": 'é"\xff'},
    body=bytes(range(256)),
    identity="d-1 é",
    replay_of="inb_0",
    key_id="key_1",
    traceparent="00-a-b-01",
)


def names(found: Sequence[Inbound]) -> list[str]:
    """Return the names of requests."""
    return [one.id.removeprefix("inb_") for one in found]


async def waiting(store: Ports, limit: int = 100) -> list[str]:
    """Return the names of what waits to be said."""
    return names(await store.inbox.waiting("src_1", limit))


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 300_000, 1_048_576])
async def test_a_request_is_kept_as_it_came(store: Ports, size: int) -> None:
    """Every field survives, with bodies of every size."""
    came = replace(FULL, body=bytes(n % 251 for n in range(size)))

    await store.inbox.add(came)

    found = await store.inbox.get("inb_full")
    assert found is not None
    assert found.position > 0
    assert found == replace(came, position=found.position, size=size)


async def test_what_is_unknown_is_not_found(store: Ports) -> None:
    """An id of no request finds none."""
    await store.inbox.add(inbound("1"))

    assert await store.inbox.get("inb_2") is None


async def test_what_waits_keeps_its_order(store: Ports) -> None:
    """Requests of a source come in the order in which they were taken in."""
    bodies = {"2": LARGE, "4": LARGE}
    names_given = ["5", "2", "1", "4", "3"]
    await asyncio.gather(
        *(
            store.inbox.add(inbound(name, body=bodies.get(name, b"{}")))
            for name in names_given
        )
    )

    found = await store.inbox.waiting("src_1", 100)

    assert names(found) == names_given
    assert [one.body for one in found] == [bodies.get(n, b"{}") for n in names_given]
    assert await waiting(store, limit=2) == ["5", "2"]


async def test_a_source_has_its_own_requests(store: Ports) -> None:
    """Nothing of another source waits, is listed or counted with it."""
    await store.inbox.add(inbound("1", source_id="src_2"))

    assert await waiting(store) == []
    assert (await store.inbox.list("src_1", InboundFilter())).requests == []
    assert (await store.inbox.counts("src_1"))[InboundState.ACCEPTED] == 0


async def test_a_large_wait_comes_in_pieces(store: Ports) -> None:
    """However large they are, the next come once those before are settled."""
    body = bytes(1_048_576)
    for n in range(6):
        await store.inbox.add(inbound(f"{n}", body=body))
    found: list[Inbound] = []
    while more := await store.inbox.waiting("src_1", 100):
        found += more
        for one in more:
            await store.inbox.settle(replace(one, state=InboundState.SAID))

    assert names(found) == [f"{n}" for n in range(6)]
    assert all(one.body == body for one in found)


async def test_what_is_settled_waits_no_more(store: Ports) -> None:
    """What has become of a request is kept with it, and nothing else changes."""
    await asyncio.gather(*(store.inbox.add(inbound(f"{n}")) for n in range(3)))
    (_, second, _) = await store.inbox.waiting("src_1", 9)
    said = replace(second, state=InboundState.SAID, message_id="msg_1", reason="é")

    await store.inbox.settle(replace(said, body=b"", headers={}))

    assert await store.inbox.get("inb_1") == said
    assert await waiting(store) == ["0", "2"]


async def test_settling_what_is_gone_changes_nothing(store: Ports) -> None:
    """It is no error: it may have been trimmed meanwhile."""
    await store.inbox.settle(inbound("1", state=InboundState.SAID))

    assert await store.inbox.get("inb_1") is None


async def test_of_repeats_that_race_one_is_stored(store: Ports) -> None:
    """The others learn which, and what came between is stored, too."""
    outcomes = await asyncio.gather(
        store.inbox.add(inbound("1", identity="d"), unique_since=NOON - HOUR),
        store.inbox.add(inbound("2")),
        store.inbox.add(inbound("3", identity="d"), unique_since=NOON - HOUR),
        store.inbox.add(inbound("4", identity="e"), unique_since=NOON - HOUR),
        store.inbox.add(
            inbound("5", identity="d", body=LARGE), unique_since=NOON - HOUR
        ),
        return_exceptions=True,
    )

    taken = [one.inbound_id for one in outcomes if isinstance(one, Taken)]
    assert taken == ["inb_1", "inb_1"]
    assert await waiting(store) == ["1", "2", "4"]


async def test_a_repeat_is_known_whatever_became_of_the_first(store: Ports) -> None:
    """Whether it was said or not, nothing comes in twice."""
    first = inbound("1", identity="d")
    await store.inbox.add(first, unique_since=NOON - HOUR)
    await store.inbox.settle(replace(first, state=InboundState.FILTERED))

    with pytest.raises(Taken) as refusal:
        await store.inbox.add(inbound("2", identity="d"), unique_since=NOON)

    assert refusal.value.inbound_id == "inb_1"


async def test_what_came_long_ago_is_no_repeat(store: Ports) -> None:
    """Behind the window the same identity is another request."""
    late = NOON + HOUR
    await store.inbox.add(inbound("1", identity="d"), unique_since=NOON - HOUR)
    await store.inbox.add(
        inbound("2", identity="d", received_at=late),
        unique_since=NOON + timedelta(microseconds=1),
    )

    with pytest.raises(Taken) as refusal:
        await store.inbox.add(
            inbound("3", identity="d", received_at=late), unique_since=NOON
        )

    assert refusal.value.inbound_id == "inb_2"


async def test_sources_do_not_share_identities(store: Ports) -> None:
    """Two senders may number their requests alike."""
    await store.inbox.add(inbound("1", identity="d"), unique_since=NOON)

    await store.inbox.add(
        inbound("2", identity="d", source_id="src_2"), unique_since=NOON
    )

    assert await store.inbox.get("inb_2") is not None


async def test_without_a_window_there_are_no_repeats(store: Ports) -> None:
    """One that is taken in again on purpose is stored beside the first."""
    await store.inbox.add(inbound("1", identity="d"), unique_since=NOON)

    await store.inbox.add(inbound("2", identity="d"))

    assert await waiting(store) == ["1", "2"]


@pytest.mark.parametrize("identity", ["x" * 100_000, "a\0b", "\ud800", "é" * 300])
async def test_any_text_can_be_an_identity(store: Ports, identity: str) -> None:
    """However long or odd, it is told from others and known again."""
    await store.inbox.add(inbound("1", identity=identity), unique_since=NOON)
    await store.inbox.add(inbound("2", identity=identity + "x"), unique_since=NOON)

    with pytest.raises(Taken) as refusal:
        await store.inbox.add(inbound("3", identity=identity), unique_since=NOON)

    assert refusal.value.inbound_id == "inb_1"


async def test_pages_lead_from_the_newest_to_the_oldest(store: Ports) -> None:
    """Each request is on one page, without its body."""
    for n in range(5):
        await store.inbox.add(inbound(f"{n}", body=b"123"))
    seen: list[Inbound] = []
    cursor: str | None = None
    for _ in range(3):
        query = InboundFilter(cursor=cursor, limit=2)
        page = await store.inbox.list("src_1", query)
        seen += page.requests
        cursor = page.next_cursor

    assert cursor is None
    assert names(seen) == ["4", "3", "2", "1", "0"]
    assert {(one.body, one.size) for one in seen} == {(b"", 3)}
    assert seen[0].headers == inbound("4").headers


async def test_requests_are_listed_by_state_and_time(store: Ports) -> None:
    """From `since` on and before `until`, in one of the states asked for."""
    moments = [NOON + timedelta(minutes=n) for n in range(4)]
    for n, at in enumerate(moments):
        await store.inbox.add(inbound(f"{n}", received_at=at))
    await store.inbox.settle(inbound("2", state=InboundState.REFUSED))
    queries = [
        InboundFilter(since=moments[1], until=moments[3]),
        InboundFilter(states=[InboundState.REFUSED, InboundState.SAID]),
        InboundFilter(states=[InboundState.ACCEPTED], since=moments[1]),
    ]

    pages = [await store.inbox.list("src_1", query) for query in queries]

    assert [names(page.requests) for page in pages] == [["2", "1"], ["2"], ["3", "1"]]


@pytest.mark.parametrize("cursor", ["", "i", "m1", "ix", "i-1", "i" + "9" * 40])
async def test_a_foreign_cursor_is_refused(store: Ports, cursor: str) -> None:
    """What this list did not give is an error of the caller."""
    with pytest.raises(Invalid, match="next_cursor"):
        await store.inbox.list("src_1", InboundFilter(cursor=cursor))


async def test_it_is_told_since_when_requests_wait(store: Ports) -> None:
    """Of those that do, the first in their order."""
    await store.sources.put(source())
    before = await store.inbox.waiting_since("src_1")
    for n in range(3):
        moment = NOON + timedelta(minutes=n)
        await store.inbox.add(inbound(f"{n}", received_at=moment))
    await store.inbox.settle(inbound("0", state=InboundState.SAID))

    since = await store.inbox.waiting_since("src_1")

    assert before is None
    assert since == NOON + timedelta(minutes=1)


async def test_requests_are_counted_by_state(store: Ports) -> None:
    """Every state has a number, though it be zero."""
    await store.sources.put(source())
    for n in range(3):
        await store.inbox.add(inbound(f"{n}"))
    await store.inbox.settle(inbound("1", state=InboundState.SAID))

    counts = await store.inbox.counts("src_1")

    assert counts == {
        **dict.fromkeys(InboundState, 0),
        InboundState.ACCEPTED: 2,
        InboundState.SAID: 1,
    }


async def test_what_says_requests_in_the_outbox_is_found(store: Ports) -> None:
    """Whether or not the request knows of it already; not what is over."""
    for name in ("1", "2", "3"):
        await store.inbox.add(inbound(name, source_id=f"src_{name}"))
        message = outgoing(name, ref=f"inb_{name}")
        await store.outbox.add(message)
    await store.outbox.add(outgoing("4", ref="of-somebody-else"))
    await store.outbox.add(outgoing("5", ref=None))
    sent = outgoing("2", ref="inb_2", status=MessageStatus.SENT)
    await store.outbox.change(sent)

    found = await store.inbox.in_outbox()

    assert sorted(found, key=lambda one: one.inbound_id) == [
        InOutbox(f"src_{n}", f"inb_{n}", "lobby", f"msg_{n}") for n in ("1", "3")
    ]
