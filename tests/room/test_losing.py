"""Every way of losing the room, on a real socket, and the way back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.room import (
    FixedToken,
    Joined,
    KeyCredentials,
    Lost,
    RoomClient,
    RoomOptions,
    RoomState,
    StateChanged,
    TokenFile,
)
from gateway.room.protocol.frames import encode
from tests.fakes.room_server import RoomServer, Visit, polite
from tests.room.clock import HandClock
from tests.room.visits import (
    KEY,
    TOKEN,
    Hasty,
    closing,
    fin,
    hold,
    in_room,
    rst,
    sending,
    text,
    the_next,
    the_state,
    then,
)

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
