"""A client in a room on a real socket, through every way of losing it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import TypeVar

import jwt
import pytest

from gateway.room import (
    ApiKey,
    Clock,
    Credentials,
    FixedToken,
    Joined,
    KeyCredentials,
    Lost,
    MessageDropped,
    MessageReceived,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    RoomClient,
    RoomEvent,
    RoomOptions,
    RoomState,
    StateChanged,
    TokenFile,
)
from gateway.room.errors import (
    NotReady,
    NotWritten,
    OutcomeUnknown,
    Refused,
    ReservedType,
)
from gateway.room.protocol.envelope import pack
from gateway.room.protocol.frames import encode
from gateway.room.protocol.messages import RESERVED_TYPES
from tests.fakes.room_server import RoomServer, Script, Visit, answering, peer, polite
from tests.room.clock import HandClock

Event = TypeVar("Event", bound=RoomEvent)

KEY = ApiKey.parse("ma-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-secret")
TOKEN = jwt.encode({"name": "gateway", "grants": []}, "x" * 32, algorithm="HS256")
QUICK = RoomOptions(close_timeout_s=0.2)


class Hasty(Random):
    """Chance that makes every wait as short as can be."""

    def uniform(self, a: float, b: float) -> float:  # type: ignore[explicit-override] # typing.override needs 3.12
        """Give the lower end."""
        return min(a, b)


@contextlib.asynccontextmanager
async def in_room(
    server: RoomServer,
    *,
    options: RoomOptions = QUICK,
    clock: Clock | None = None,
    credentials: Credentials | None = None,
    attributes: dict[str, object] | None = None,
    messaging: bool = True,
) -> AsyncIterator[RoomClient]:
    """Run a server and a client until the test is done with them."""
    async with asyncio.timeout(8), server.running(), asyncio.TaskGroup() as tasks:
        client = RoomClient(
            "lobby",
            url=server.url,
            credentials=credentials or FixedToken(TOKEN),
            rng=Hasty(),
            attributes=attributes,
            messaging=messaging,
            options=options,
            clock=clock,
        )
        tasks.create_task(client.run())
        try:
            yield client
        finally:
            await client.close()


async def the_next(client: RoomClient, kind: type[Event]) -> Event:
    """Read events up to the next of a kind."""
    async for event in client:
        if isinstance(event, kind):
            return event
    pytest.fail(f"no {kind.__name__} came")


async def the_state(client: RoomClient, state: RoomState) -> StateChanged:
    """Read events up to a change to a state."""
    while True:
        changed = await the_next(client, StateChanged)
        if changed.status.state is state:
            return changed


def then(*steps: Callable[[Visit], Awaitable[None]]) -> Script:
    """Let the client in, then do something with it."""

    async def script(visit: Visit) -> None:
        await visit.enter()
        for step in steps:
            await step(visit)

    return script


async def hold(visit: Visit) -> None:
    """Stay until the client is away."""
    await visit.gone()


async def read_only(visit: Visit) -> None:
    """Answer nothing."""
    while True:
        await visit.request()


def closing(code: int) -> Callable[[Visit], Awaitable[None]]:
    """Close with a code."""

    async def step(visit: Visit) -> None:
        await visit.connection.close(code)

    return step


async def fin(visit: Visit) -> None:
    """End the connection without a close frame."""
    visit.fin()


async def rst(visit: Visit) -> None:
    """Reset the connection."""
    visit.rst()


async def text(visit: Visit) -> None:
    """Send TEXT."""
    await visit.text("hello")
    await visit.gone()


def sending(*packets: bytes) -> Callable[[Visit], Awaitable[None]]:
    """Send packets as they are."""

    async def step(visit: Visit) -> None:
        await visit.send(list(packets))
        await visit.gone()

    return step


def saying(
    from_id: str, type_: str, message: object, attachment: bytes = b""
) -> Callable[[Visit], Awaitable[None]]:
    """Deliver a message."""

    async def step(visit: Visit) -> None:
        await visit.event(from_id, type_, message, attachment)

    return step


LONG = encode(9, "t", b"xyz", packet_bytes=1)

LOSSES: dict[str, tuple[Callable[[Visit], Awaitable[None]], int, str]] = {
    **{
        f"close {code}": (closing(code), code, f"closed by the room with code {code}")
        for code in (1000, 1001, 1008, 1011, 1012, 1013, 4000)
    },
    "FIN": (fin, 1006, "the connection was lost"),
    "RST": (rst, 1006, "the connection was lost"),
    "TEXT": (text, 1002, "the room sent a TEXT frame"),
    "short packet": (sending(b"x" * 11), 1002, "malformed packet"),
    "out of order": (sending(LONG[0], LONG[2]), 1002, "broken packet sequence"),
    "interleaved": (sending(*LONG[:2], LONG[0]), 1002, "broken packet sequence"),
    "no header": (sending(LONG[1]), 1002, "broken packet sequence"),
}


async def test_a_client_joins_and_knows_who_is_there() -> None:
    """It comes with its token, takes part, and is ready with the list."""
    server = RoomServer(participants=[peer("a", "Ann", "agent"), peer("b", "Ben")])

    async with in_room(server) as client:
        ready = await the_state(client, RoomState.READY)
        joined = await the_next(client, Joined)

        assert ready.status.participant_id == joined.participant_id == "me-1"
        assert ready.status.attempt == 0
        assert client.status.messaging_enabled
        assert client.status.last_received_at is not None
        assert [each.name for each in joined.participants] == ["Ann", "Ben"]
        assert client.named("Ann")[0] is client.participants["a"]
        assert client.self_participant is not None
        assert client.self_participant.name == "gateway"
        visit = await server.visit()
        assert visit.authorization == f"Bearer {TOKEN}"
        assert visit.path == "/rooms/lobby"


@pytest.mark.parametrize(("step", "code", "reason"), LOSSES.values(), ids=LOSSES)
async def test_every_loss_is_told_and_made_good(
    step: Callable[[Visit], Awaitable[None]], code: int, reason: str
) -> None:
    """Whatever ends the link, the client is back by itself under a new id."""
    server = RoomServer(then(step), polite)

    async with in_room(server) as client:
        await the_next(client, Joined)
        lost = await the_next(client, Lost)
        changed = await the_next(client, StateChanged)
        back = await the_next(client, Joined)

        assert lost.code == code
        assert reason in lost.reason
        assert lost.last_alive_at <= lost.at
        assert changed.status.state is RoomState.RECONNECTING
        assert back.after_gap
        assert back.participant_id == "me-2"
        assert client.status.last_error is None


async def test_a_frame_over_the_limit_is_a_loss_with_its_reason() -> None:
    """The operator can see why."""
    options = RoomOptions(max_message_bytes=4096, close_timeout_s=0.2)
    server = RoomServer(then(sending(bytes(4097))), polite)

    async with in_room(server, options=options) as client:
        lost = await the_next(client, Lost)
        await the_next(client, Joined)

        assert "exceeds limit of 4096 bytes" in lost.reason


async def test_fifty_losses_in_a_row_are_fifty_joins() -> None:
    """Nothing wears out."""
    server = RoomServer(*[then(rst)] * 50, polite)

    async with in_room(server) as client:
        joins = [await the_next(client, Joined) for _ in range(51)]

        assert [join.participant_id for join in joins[:2]] == ["me-1", "me-2"]
        assert joins[-1].participant_id == "me-51"


async def test_silence_is_a_loss() -> None:
    """A room that answers no ping is as good as gone."""
    options = RoomOptions(ping_interval_s=0.01, ping_timeout_s=0.05)

    async def freeze(visit: Visit) -> None:
        visit.freeze()
        await visit.gone()

    server = RoomServer(then(freeze), polite)
    async with in_room(server, options=options) as client:
        lost = await the_next(client, Lost)
        back = await the_next(client, Joined)

        assert (lost.reason, lost.code) == ("no answer to a ping", 1006)
        assert back.after_gap


async def test_pongs_are_proofs_of_life() -> None:
    """They give the round trip, and the time up to which nothing was missed."""
    clock = HandClock()

    async with in_room(RoomServer(), clock=clock) as client:
        await the_next(client, Joined)
        await clock.sleeper(20.0)
        clock.advance(20.0)
        await clock.sleeper(40.0)

        assert client.status.last_received_at == clock.now()
        assert client.status.rtt_ms is not None


async def test_no_welcome_within_ten_seconds_is_stalled_and_tried_again() -> None:
    """The link is there, but the room does not speak."""
    clock = HandClock()
    server = RoomServer(hold, polite)

    async with in_room(server, clock=clock) as client:
        await clock.sleeper(10.0)
        clock.advance(10.0)
        stalled = await the_state(client, RoomState.STALLED)
        await clock.sleeper(10.0)
        clock.advance(0.0)
        await the_next(client, Joined)

        assert stalled.status.last_error is not None
        assert "no welcome" in stalled.status.last_error


async def test_a_refused_enable_is_stalled_and_tried_again() -> None:
    """Without messaging there is nothing to stay for."""

    async def refuse(visit: Visit) -> None:
        await visit.welcome()
        await visit.answer(await visit.request(), {"text": "no", "code": 1001})
        await visit.gone()

    async with in_room(RoomServer(refuse, polite)) as client:
        stalled = await the_state(client, RoomState.STALLED)
        await the_next(client, Joined)

        assert stalled.status.last_error is not None
        assert "no (code 1001)" in stalled.status.last_error


@pytest.mark.parametrize("status", [401, 403, 404, 423])
async def test_a_room_that_does_not_want_us_is_asked_every_minute(status: int) -> None:
    """The state says so; the next attempt is known."""
    clock = HandClock()
    server = RoomServer()
    server.refuse(status)

    async with in_room(server, clock=clock) as client:
        denied = await the_state(client, RoomState.DENIED)
        await clock.sleeper(60.0)
        clock.advance(60.0)
        await the_next(client, Joined)

        assert denied.status.next_retry_at is not None
        assert (denied.status.next_retry_at - denied.status.since).seconds == 60
        assert str(status) in (denied.status.last_error or "")
        assert client.status.next_retry_at is None


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_is_asked_again_soon(status: int) -> None:
    """Its own wish for more time is granted."""
    clock = HandClock()
    server = RoomServer()
    server.refuse(status, Retry_After="7")

    async with in_room(server, clock=clock) as client:
        await the_state(client, RoomState.RECONNECTING)
        await clock.sleeper(7.0)
        clock.advance(7.0)
        await the_next(client, Joined)

        assert server.attempts == 2


async def test_a_refused_token_is_minted_anew_with_a_key() -> None:
    """One refusal is forgiven, a second in a row is a denial."""
    server = RoomServer()
    server.refuse(401, times=2)

    async with in_room(server, credentials=KeyCredentials(KEY, "gateway")) as client:
        await the_state(client, RoomState.DENIED)
        expiry = client.status.token_expires_at
        client.reconnect()
        await the_next(client, Joined)

        assert server.attempts == 3
        assert expiry is not None


async def test_a_missing_token_file_is_a_denial(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It is read again at each attempt."""
    path = tmp_path_factory.mktemp("secrets") / "token"

    async with in_room(RoomServer(), credentials=TokenFile(path)) as client:
        denied = await the_state(client, RoomState.DENIED)
        path.write_text(TOKEN)
        client.reconnect()
        await the_next(client, Joined)

        assert "cannot be read" in (denied.status.last_error or "")


async def test_nobody_listening_is_tried_again() -> None:
    """The server may come up later."""
    async with asyncio.timeout(5), RoomServer().running() as server:
        url = server.url
    client = RoomClient(
        "lobby", url=url, credentials=FixedToken(TOKEN), rng=Hasty(), clock=HandClock()
    )
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        changed = await the_state(client, RoomState.RECONNECTING)
        await client.close()

        assert "cannot be reached" in (changed.status.last_error or "")
        assert changed.status.attempt == 1


async def test_dismissed_only_a_request_brings_us_back() -> None:
    """The room sent us away, so we do not knock."""
    server = RoomServer(then(saying("room", "dismiss", {}), hold), polite)

    async with in_room(server) as client:
        dismissed = await the_state(client, RoomState.DISMISSED)
        client.reconnect()
        await the_next(client, Joined)

        assert dismissed.status.next_retry_at is None
        assert server.attempts == 2


async def test_a_reconnect_drops_a_working_link() -> None:
    """It is how one gets out of trouble that the client does not see."""
    async with in_room(RoomServer()) as client:
        await the_next(client, Joined)
        client.reconnect()
        lost = await the_next(client, Lost)
        back = await the_next(client, Joined)

        assert lost.reason == "reconnecting on request"
        assert back.participant_id == "me-2"


async def test_stepping_out_lasts_until_a_reconnect() -> None:
    """What was heard before is still there for the consumer."""
    server = RoomServer(then(saying("a", "chat", {"n": 1}), hold), polite)

    async with in_room(server) as client:
        await the_next(client, Joined)
        visit = await server.visit()
        client.step_out("the disk is full")
        await visit.gone()
        lost = await the_next(client, Lost)
        state = await the_next(client, StateChanged)
        client.reconnect()
        await the_next(client, Joined)

        assert lost.reason == "the disk is full"
        assert state.status.state is RoomState.RECONNECTING
        assert state.status.last_error == "the disk is full"
        assert state.status.next_retry_at is None
        assert visit.connection.close_code == 1000


async def test_stepping_out_while_waiting_is_no_attempt() -> None:
    """Out of a wait, too, only a request leads back."""
    server = RoomServer()
    server.refuse(503)
    clock = HandClock()

    async with in_room(server, clock=clock) as client:
        await the_state(client, RoomState.RECONNECTING)
        client.step_out("the disk is full")
        while client.status.next_retry_at is not None:
            await settle()
        await settle()
        waiting = (client.status.last_error, server.attempts)
        client.reconnect()
        await the_next(client, Joined)

        assert waiting == ("the disk is full", 1)


async def test_a_reconnect_does_not_disturb_an_attempt_under_way() -> None:
    """Nothing could be sooner; stepping out ends it, and coming back is possible."""
    loop = asyncio.get_running_loop()
    async with (
        asyncio.timeout(5),
        await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as silent,
        asyncio.TaskGroup() as tasks,
    ):
        port = silent.sockets[0].getsockname()[1]
        client = RoomClient(
            "lobby",
            url=f"ws://127.0.0.1:{port}",
            credentials=FixedToken(TOKEN),
            rng=Hasty(),
        )
        tasks.create_task(client.run())
        while client.status.attempt == 0:
            await settle()
        client.reconnect()
        same = client.status.attempt
        client.step_out("not now")
        client.reconnect()
        while client.status.attempt == 1:
            await settle()
        await client.close()

    assert same == 1


async def test_closing_leaves_with_1000_and_ends_the_events() -> None:
    """The state is stopped, and nothing can be said any more."""
    server = RoomServer()

    async with in_room(server) as client:
        await the_next(client, Joined)
        await client.close()
        rest = [event async for event in client]

        assert [type(event) for event in rest] == [Lost, StateChanged]
        assert client.status.state is RoomState.STOPPED
        assert (await server.visit()).connection.close_code == 1000
        with pytest.raises(NotReady):
            await client.post(None, "chat", "{}")


async def test_cancelling_leaves_the_room() -> None:
    """No future is left pending."""
    async with asyncio.timeout(5), RoomServer(then(read_only)).running() as server:
        client = RoomClient(
            "lobby", url=server.url, credentials=FixedToken(TOKEN), rng=Hasty()
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(client.run())
            await the_next(client, Joined)
            said = client.post("p", "chat", "{}")
            running.cancel()

        with pytest.raises((OutcomeUnknown, NotWritten)):
            await said
        assert client.status.state is RoomState.STOPPED


async def test_closing_before_running_is_nothing() -> None:
    """A client that never ran has nothing to leave."""
    client = RoomClient(
        "lobby", url="ws://127.0.0.1:1", credentials=FixedToken(TOKEN), rng=Hasty()
    )

    await client.close()
    await client.run()

    assert client.status.state is RoomState.STOPPED


async def test_closing_does_not_wait_for_a_server_that_does_not_answer() -> None:
    """A slow upgrade is given up at once."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        loop = asyncio.get_running_loop()
        silent = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        client = RoomClient(
            "lobby",
            url=f"ws://127.0.0.1:{port}",
            credentials=FixedToken(TOKEN),
            rng=Hasty(),
        )
        running = tasks.create_task(client.run())
        while client.status.attempt == 0:
            await settle()
        await client.close()
        silent.close()

    assert running.done()


async def settle() -> None:
    """Let others run once."""
    done: asyncio.Future[None] = asyncio.Future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


async def test_messages_are_said_in_order_and_acknowledged() -> None:
    """Ids, types, attachments and trace fields arrive as they were given."""
    server = RoomServer()

    async with in_room(server) as client:
        await the_next(client, Joined)
        await client.send("p", "chat", {"text": "hé 🎉"}, b"bytes")
        await client.broadcast("chat", {"text": "all"})
        futures = [client.post("p", "n", json.dumps({"n": n})) for n in range(50)]
        await asyncio.gather(*futures)

        requests = (await server.visit()).requests[1:]
        assert requests[0].arguments == {
            "to_participant_id": "p",
            "type": "chat",
            "message_json": '{"text":"h\\u00e9 \\ud83c\\udf89"}',
            "attachment_base64": "Ynl0ZXM=",
        }
        assert requests[1].tool == "broadcast"
        assert [request.arguments["message_json"] for request in requests[2:]] == [
            json.dumps({"n": n}) for n in range(50)
        ]
        assert [request.id for request in requests] == list(range(2, 54))


@pytest.mark.parametrize("size", [0, 1024, 1024**2, 5 * 1024**2])
async def test_attachments_travel_both_ways(size: int) -> None:
    """From nothing to five mebibytes, byte by byte."""
    attachment = (bytes(range(256)) * (size // 256 + 1))[:size]

    async def echo(visit: Visit) -> None:
        request = await visit.request(answer=True)
        await visit.event("p", "back", request.arguments, attachment)
        await visit.gone()

    async with in_room(RoomServer(then(echo))) as client:
        await the_next(client, Joined)
        await client.send("p", "there", {}, attachment)
        back = await the_next(client, MessageReceived)

        assert back.attachment == attachment
        sent = back.message["attachment_base64"]
        assert len(str(sent or "")) == -(-size // 3) * 4


@pytest.mark.parametrize("type_", sorted(RESERVED_TYPES))
async def test_reserved_types_are_not_said(type_: str) -> None:
    """Receivers would take them for the room's own."""
    client = RoomClient(
        "lobby", url="ws://127.0.0.1:1", credentials=FixedToken(TOKEN), rng=Hasty()
    )

    with pytest.raises(ReservedType):
        await client.post("p", type_, "{}")


async def test_a_refusal_is_told_and_drops_who_is_not_there() -> None:
    """Code 1003 means that the recipient left."""

    async def refuse(visit: Visit) -> None:
        for code in (1001, 1003):
            request = await visit.request()
            await visit.answer(request, {"text": "no", "code": code})
        await visit.gone()

    server = RoomServer(then(refuse), participants=[peer("a", "Ann")])
    async with in_room(server) as client:
        await the_next(client, Joined)
        with pytest.raises(Refused) as forbidden:
            await client.send("a", "chat", {})
        still = client.named("Ann")
        with pytest.raises(Refused) as absent:
            await client.send("a", "chat", {})
        left = await the_next(client, ParticipantLeft)

        assert (forbidden.value.code, absent.value.code) == (1001, 1003)
        assert still
        assert left.participant.id == "a"
        assert not client.participants


async def past_joining(clock: HandClock) -> None:
    """Turn the clock to the end of the time for joining, so that it is 12:00:10."""
    await clock.sleeper(10.0)
    clock.advance(10.0)


async def past_the_deadline(clock: HandClock) -> None:
    """Turn the clock by thirty seconds more."""
    await clock.sleeper(40.0)
    clock.advance(30.0)


async def test_a_message_without_an_answer_is_unknown_and_may_be_known_late() -> None:
    """The late answer reaches whoever still waits for it."""
    clock = HandClock()
    answers = asyncio.Event()

    async def late(visit: Visit) -> None:
        request = await visit.request()
        await answers.wait()
        await visit.answer(request)
        await visit.gone()

    async with in_room(RoomServer(then(late)), clock=clock) as client:
        await the_next(client, Joined)
        await past_joining(clock)
        said = client.post("p", "chat", "{}")
        await past_the_deadline(clock)
        with pytest.raises(OutcomeUnknown) as unknown:
            await said
        answers.set()

        assert unknown.value.late is not None
        await unknown.value.late


async def test_what_stays_unknown_is_cancelled_with_the_link() -> None:
    """Nobody waits for an answer that cannot come."""
    clock = HandClock()

    async with in_room(RoomServer(then(read_only)), clock=clock) as client:
        await the_next(client, Joined)
        await past_joining(clock)
        said = client.post("p", "chat", "{}")
        await past_the_deadline(clock)
        with pytest.raises(OutcomeUnknown) as unknown:
            await said
        await client.close()

        assert unknown.value.late is not None
        assert unknown.value.late.cancelled()


async def test_a_link_cut_between_writing_and_answer_leaves_it_unknown() -> None:
    """It is said so, and not said again."""

    async def cut(visit: Visit) -> None:
        await visit.request()
        visit.rst()

    server = RoomServer(then(cut), polite)
    async with in_room(server) as client:
        await the_next(client, Joined)
        with pytest.raises(OutcomeUnknown) as unknown:
            await client.send("p", "chat", {})
        await the_next(client, Joined)

        assert unknown.value.late is None
        assert [request.tool for request in (await server.visit(2)).requests] == [
            "enable"
        ]


async def test_what_was_not_written_is_safe_to_repeat() -> None:
    """The link went before its turn came."""
    async with in_room(RoomServer(then(read_only))) as client:
        await the_next(client, Joined)
        said = client.post("p", "chat", "{}")
        client.reconnect()

        with pytest.raises(NotWritten):
            await said
        with pytest.raises(NotReady) as refused:
            await client.post("p", "chat", "{}")
        assert refused.value.state == "reconnecting"


async def test_a_room_that_stops_reading_holds_back_the_writing_only() -> None:
    """Half of a large message is written and unknown, what is behind it is not."""

    async def freeze(visit: Visit) -> None:
        visit.freeze()
        await visit.gone()

    async with in_room(RoomServer(then(freeze))) as client:
        await the_next(client, Joined)
        large = client.post("p", "big", "{}", bytes(12 * 1024**2))
        behind = client.post("p", "small", "{}")
        await settle()
        await settle()
        await settle()
        client.reconnect()

        with pytest.raises(OutcomeUnknown):
            await large
        with pytest.raises(NotWritten):
            await behind


async def test_a_caller_that_gave_up_disturbs_nobody() -> None:
    """Its future is left as it is."""
    async with in_room(RoomServer()) as client:
        await the_next(client, Joined)
        client.post("p", "chat", "{}").cancel()

        await client.send("p", "chat", {})


async def test_messages_come_with_their_senders() -> None:
    """Own echoes do not come at all."""
    server = RoomServer(
        then(
            saying("me-1", "chat", {"n": 0}),
            saying("a", "chat", {"n": 1}, b"x"),
            hold,
        ),
        participants=[peer("a", "Ann")],
    )

    async with in_room(server) as client:
        message = await the_next(client, MessageReceived)

        assert (message.from_id, message.type, message.message, message.attachment) == (
            "a",
            "chat",
            {"n": 1},
            b"x",
        )
        assert message.from_participant == client.participants["a"]


async def test_presence_is_told_as_it_changes() -> None:
    """Who comes, changes and goes."""
    server = RoomServer(
        then(
            saying("a", "participant.enabled", peer("a", "Ann")),
            saying("a", "participant.attributes", {"attributes": {"status": "x"}}),
            saying("a", "participant.disabled", {"id": "a"}),
            hold,
        )
    )

    async with in_room(server) as client:
        joined = await the_next(client, ParticipantJoined)
        updated = await the_next(client, ParticipantUpdated)
        left = await the_next(client, ParticipantLeft)

        assert joined.participant.name == "Ann"
        assert updated.changed == {"status": "x"}
        assert left.participant.attributes == {"name": "Ann", "status": "x"}
        assert not joined.after_gap


async def test_a_header_that_is_not_json_is_dropped_and_the_link_lives() -> None:
    """The next message is fine."""

    async def garble(visit: Visit) -> None:
        await visit.send(encode(5, "messaging.send", b"\x00" * 7 + b"\x01{"))
        await visit.send(encode(6, "__response__", pack({})))
        await visit.event("a", "chat", {})
        await visit.gone()

    async with in_room(RoomServer(then(garble))) as client:
        dropped = await the_next(client, MessageDropped)
        await the_next(client, MessageReceived)

        assert "malformed envelope" in str(dropped.problem)


async def test_a_consumer_that_stops_stops_the_reading() -> None:
    """The room is held back by TCP, nothing is lost, and everything comes later."""
    count = 64
    sent = 0

    async def flood(visit: Visit) -> None:
        nonlocal sent
        for number in range(count):
            await visit.event("a", "chat", {"n": number}, bytes(256 * 1024))
            sent += 1
        await visit.gone()

    options = RoomOptions(buffer_events=4, close_timeout_s=0.2)
    async with in_room(RoomServer(then(flood)), options=options) as client:
        await the_next(client, Joined)
        quiet = -1
        while quiet != sent:
            quiet = sent
            for _ in range(200):
                await settle()
        held = sent
        numbers = [
            (await the_next(client, MessageReceived)).message["n"] for _ in range(count)
        ]

        assert held < count
        assert numbers == list(range(count))


async def test_closing_does_not_wait_for_the_consumer() -> None:
    """A stuck consumer cannot keep us in the room."""

    async def flood(visit: Visit) -> None:
        while True:
            await visit.event("a", "chat", {})

    options = RoomOptions(buffer_events=1, close_timeout_s=0.2)
    async with in_room(RoomServer(then(flood)), options=options) as client:
        await the_next(client, Joined)
        await the_next(client, MessageReceived)

        await client.close()

        assert client.status.state is RoomState.STOPPED


async def test_attributes_are_told_at_once_and_after_each_join() -> None:
    """Before taking part, so that others see us with them."""
    server = RoomServer(polite)

    async with in_room(server, attributes={"gateway.instance": "i"}) as client:
        await the_next(client, Joined)
        await client.set_attributes({"status": "busy"})
        await client.broadcast("x", {})
        client.reconnect()
        await the_next(client, Joined)
        first, second = await server.visit(1), await server.visit(2)

        told = [each for each in first.requests if each.type == "set_attributes"]
        assert [each.envelope.header for each in told] == [
            {"gateway.instance": "i"},
            {"status": "busy"},
        ]
        assert second.requests[0].envelope.header == {
            "gateway.instance": "i",
            "status": "busy",
        }
        assert second.requests[1].tool == "enable"


async def test_attributes_that_are_no_json_change_nothing() -> None:
    """They would make every later join fail."""
    client = RoomClient(
        "lobby", url="ws://127.0.0.1:1", credentials=FixedToken(TOKEN), rng=Hasty()
    )

    with pytest.raises(ValueError, match="JSON"):
        await client.set_attributes({"x": float("nan")})
    assert client._attributes == {}


async def test_disabled_nobody_is_known_and_enabling_brings_them_back() -> None:
    """Both wishes outlast the link."""
    server = RoomServer(participants=[peer("a", "Ann")])

    async with in_room(server) as client:
        await the_next(client, Joined)
        await client.disable()
        await client.disable()
        hidden = (client.status.messaging_enabled, dict(client.participants))
        client.reconnect()
        without = await the_next(client, Joined)
        await client.enable()
        await client.enable()

        assert hidden == (False, {})
        assert without.participants == ()
        assert client.status.messaging_enabled
        assert list(client.participants) == ["a"]


async def test_a_wish_before_joining_is_remembered() -> None:
    """Nothing is asked of a room that is not there."""
    async with in_room(RoomServer(), messaging=False) as client:
        await client.enable()
        joined = await the_next(client, Joined)
        await client.enable()

        assert joined.participant_id == "me-1"
        assert client.status.messaging_enabled


async def test_a_refused_enable_is_told_and_forgotten() -> None:
    """The next join does not stall on it."""

    async def refuse(visit: Visit) -> None:
        await visit.welcome()
        await visit.answer(await visit.request(), {"text": "no", "code": 1001})
        await answering(visit)

    server = RoomServer(refuse, polite)
    async with in_room(server, messaging=False) as client:
        await the_next(client, Joined)
        with pytest.raises(Refused):
            await client.enable()
        client.reconnect()
        await the_next(client, Joined)

        assert (await server.visit(2)).requests == []


@pytest.mark.parametrize("messaging", [True, False])
async def test_a_wish_that_the_link_did_not_survive_is_kept(*, messaging: bool) -> None:
    """The next join ends as it was wanted."""

    async def cut(visit: Visit) -> None:
        await visit.welcome()
        if not messaging:
            await visit.answer(await visit.request())
            await visit.snapshot()
        await visit.request()
        visit.rst()

    async with in_room(RoomServer(cut, polite), messaging=not messaging) as client:
        await the_next(client, Joined)
        await (client.enable() if messaging else client.disable())
        await the_next(client, Joined)

        assert client.status.messaging_enabled is messaging
