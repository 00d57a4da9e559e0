"""Following a log: nothing twice, nothing left out, and outages told."""

import json
from contextlib import suppress
from itertools import islice
from random import Random

import pytest

from gateway.cli import following
from gateway.cli.calling import Gateway, Refused, Unanswered
from gateway.cli.following import Follower, World
from tests.fakes.receiver import refused_port
from tests.fakes.stream_server import (
    StreamServer,
    Visit,
    frame,
    opened,
    problem,
    said,
)

STOPS = {"title": "Shutting down", "detail": "It stops.", "code": "shutting_down"}
CHANCE = Random(7)  # noqa: S311 - jitter, no secret


class Reader:
    """Somebody who reads a log, and whose time passes as a test wants it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.pauses: list[float] = []
        self.now_s = 0.0

    def follower(
        self, url: str, *, since: str = "latest", cursor: str | None = None
    ) -> Follower:
        """Return a follower of everything."""
        world = World(self.told.append, self.pauses.append, lambda: self.now_s, CHANCE)
        query = {"events": "message.*", "rooms": None}
        return Follower(
            Gateway(url, None), query, since=since, world=world, cursor=cursor
        )

    def read(
        self, server: StreamServer, *, since: str = "latest", cursor: str | None = None
    ) -> list[str]:
        """Read until the server has no more visits; return the ids of the events."""
        found: list[str] = []
        follower = self.follower(server.url, since=since, cursor=cursor)
        with suppress(Refused):
            found.extend(
                json.loads(each.data)["id"]
                for each in follower.frames()
                if not each.type.startswith("stream.")
            )
        return found


@pytest.fixture
def reader() -> Reader:
    """Somebody who reads."""
    return Reader()


def test_a_log_is_read_from_a_place_on(reader: Reader) -> None:
    """With what was asked for, as the API has it."""
    with StreamServer(Visit(opened("e-4") + said(5) + said(6))) as server:
        found = reader.read(server, since="2026-01-31T12:00:00.000Z")

    assert found == ["evt_5", "evt_6"]
    assert server.came[0].path == "/events"
    assert server.came[0].query == {
        "events": "message.*",
        "since": "2026-01-31T12:00:00.000Z",
    }
    assert server.came[0].headers["accept"] == "text/event-stream"
    assert "last-event-id" not in server.came[0].headers


def test_after_a_cut_it_goes_on_where_it_was(reader: Reader) -> None:
    """From the last event heard, and no longer from where it began."""
    with StreamServer(
        Visit(opened("e-4") + said(5)), Visit(opened("e-5") + said(6))
    ) as server:
        found = reader.read(server, since="earliest")

    assert found == ["evt_5", "evt_6"]
    assert [came.headers.get("last-event-id") for came in server.came] == [
        None,
        "e-5",
        "e-6",
    ]
    assert "since" not in server.came[1].query


def test_half_an_event_is_none(reader: Reader) -> None:
    """It comes whole the next time."""
    with StreamServer(
        Visit(opened("e-4") + said(5)[:-9]), Visit(opened("e-4") + said(5))
    ) as server:
        found = reader.read(server)

    assert found == ["evt_5"]
    assert server.came[1].headers["last-event-id"] == "e-4"


def test_the_first_place_is_that_of_the_opening(reader: Reader) -> None:
    """What happens before the first event is heard after a cut too."""
    with StreamServer(Visit(opened("e-4"))) as server:
        reader.read(server)

    assert server.came[1].headers["last-event-id"] == "e-4"


@pytest.mark.parametrize(("since", "place"), [("latest", "e-9"), ("earliest", None)])
def test_an_opening_without_a_place_has_the_head(
    reader: Reader, since: str, place: str | None
) -> None:
    """Which is where `latest` begins, and nothing else does."""
    opening = frame(None, "stream.open", {"head": "e-9", "recovered": True})
    with StreamServer(Visit(opening)) as server:
        reader.read(server, since=since)

    assert server.came[1].headers.get("last-event-id") == place


def test_a_ping_moves_the_place(reader: Reader) -> None:
    """Or one who wants few events would begin again far behind."""
    ping = frame("e-900", "stream.ping", {})
    with StreamServer(Visit(opened("e-4") + ping)) as server:
        reader.read(server)

    assert server.came[1].headers["last-event-id"] == "e-900"


def test_a_place_given_is_where_it_begins(reader: Reader) -> None:
    """In place of a time."""
    with StreamServer(Visit(opened("e-4"))) as server:
        reader.read(server, cursor="evt_4")

    assert server.came[0].headers["last-event-id"] == "evt_4"
    assert "since" not in server.came[0].query


@pytest.mark.parametrize(
    "setback",
    [
        Visit(status=None),
        Visit(b"<html>", is_whole=True, status=502),
        problem(503, STOPS),
        problem(429, STOPS),
        Visit(opened("e-4"), is_whole=True),
        Visit(opened("e-4") + frame("e-4", "stream.close", {"reason": "stopping"})),
    ],
    ids=["cut", "proxy", "stopping", "quota", "ended", "closed"],
)
def test_an_outage_is_told_once(setback: Visit, reader: Reader) -> None:
    """And so is its end."""
    visits = [Visit(opened("e-4")), setback, setback, Visit(opened("e-4") + said(5))]
    with StreamServer(*visits) as server:
        found = reader.read(server)

    assert found == ["evt_5"]
    told = "\n".join(reader.told)
    assert told.count("It goes on; nothing was missed.") >= 1
    assert all(one.endswith(("missed.", "as soon as it can.")) for one in reader.told)


def test_an_outage_of_many_attempts_is_told_once(reader: Reader) -> None:
    """However long it takes."""
    with StreamServer(
        Visit(opened("e-4")), *[Visit(status=None)] * 20, Visit(opened("e-4") + said(5))
    ) as server:
        reader.read(server)

    assert len(reader.told) == 3  # The outage, its end, and the last visit's end.


def test_pauses_grow_to_half_a_minute_with_jitter(reader: Reader) -> None:
    """And begin small again once something was heard."""
    with StreamServer(
        *[Visit(status=None)] * 40, Visit(opened("e-4") + said(5))
    ) as server:
        reader.read(server)

    *outage, last = reader.pauses
    assert all(0 <= pause <= 30 for pause in outage)
    assert max(outage) > 8
    assert outage[0] <= 0.5
    assert last <= 0.5


def test_a_stream_that_opens_and_says_nothing_is_no_hot_loop(reader: Reader) -> None:
    """Opening is not yet hearing: pauses go on growing."""
    with StreamServer(*[Visit(opened("e-4"))] * 30) as server:
        reader.read(server)

    assert max(reader.pauses) > 8


def test_the_gateway_says_how_long_to_wait(reader: Reader) -> None:
    """By Retry-After, which is the least."""
    with StreamServer(problem(429, STOPS, Retry_After="40")) as server:
        reader.read(server)

    assert reader.pauses == [40.0]


@pytest.mark.parametrize(
    ("missed", "sentence"),
    [
        (17, "17 events are missing"),
        (1, "1 event is missing"),
        (None, "An unknown number of events is missing"),
    ],
)
def test_what_is_held_no_longer_is_told(
    missed: int | None, sentence: str, reader: Reader
) -> None:
    """With how many, as far as the gateway knows."""
    opening = opened("e-20", recovered=False, missed=missed)
    with StreamServer(Visit(opening + said(21))) as server:
        found = reader.read(server, cursor="e-3")

    assert found == ["evt_21"]
    assert reader.told[0].startswith(sentence)


def test_a_place_that_is_gone_is_left_for_the_earliest(reader: Reader) -> None:
    """That the problem names."""
    expired = {"title": "Cursor expired", "earliest": "e-20"}
    with StreamServer(
        problem(410, expired), Visit(opened("e-20") + said(21))
    ) as server:
        found = reader.read(server, cursor="e-3")

    assert found == ["evt_21"]
    assert server.came[1].headers["last-event-id"] == "e-20"
    assert "missing" in reader.told[0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_what_is_refused_for_good_ends_it(status: int, reader: Reader) -> None:
    """To ask again would change nothing."""
    with StreamServer(problem(status, {"title": "No"})) as server:
        with pytest.raises(Refused, match="No"):
            list(reader.follower(server.url).frames())

        assert len(server.came) == 1


def test_somebody_else_at_the_address_ends_it(reader: Reader) -> None:
    """It is the wrong one."""
    page = Visit(b"<html>", is_whole=True, headers={"Content-Type": "text/html"})
    with (
        StreamServer(page) as server,
        pytest.raises(Unanswered, match="GATEWAY_URL"),
    ):
        list(reader.follower(server.url).frames())


def test_an_event_without_an_end_ends_it(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory does before it does."""
    monkeypatch.setattr("gateway.cli.frames.MAX_BYTES", 64)
    with (
        StreamServer(Visit(b"data: " + b"x" * 100, holds=True)) as server,
        pytest.raises(Unanswered, match="larger than any"),
    ):
        list(reader.follower(server.url).frames())


def test_a_gateway_that_is_not_there_yet_is_waited_for(reader: Reader) -> None:
    """Two containers start in any order; it is told why nothing comes."""

    class Enough(Exception):
        pass

    def pause(_: float) -> None:
        raise Enough

    world = World(reader.told.append, pause, lambda: 0.0, CHANCE)
    gateway = Gateway(f"http://127.0.0.1:{refused_port()}", None)

    with pytest.raises(Enough):
        list(Follower(gateway, {}, since="latest", world=world).frames())

    assert reader.told[0].startswith("no gateway answers at ")


def test_a_silent_stream_is_a_dead_one(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three pings did not come; what the system thinks of the link is no matter."""
    monkeypatch.setattr(following, "SILENCE_S", 0.05)
    with StreamServer(
        Visit(opened("e-4") + said(5), holds=True), Visit(opened("e-5") + said(6))
    ) as server:
        found = reader.read(server)

    assert found == ["evt_5", "evt_6"]
    assert "the stream was silent" in reader.told[0]


def test_one_who_reads_slowly_is_not_told_of_the_end_that_made(reader: Reader) -> None:
    """The gateway lets go of who does not read; nothing is lost by it."""
    with StreamServer(
        Visit(opened("e-4") + said(5)), Visit(opened("e-5") + said(6))
    ) as server:
        frames = reader.follower(server.url).frames()
        for each in frames:
            if each.cursor == "e-5" and each.type == "message.received":
                reader.now_s += 60  # It takes a minute over this one.
            if each.cursor == "e-6":
                break
        frames.close()

    assert reader.told == []


def test_a_lagged_reader_is_not_told_either(reader: Reader) -> None:
    """It goes on from where it was."""
    lagged = frame("e-5", "stream.lagged", {"cursor": "e-5"})
    with StreamServer(
        Visit(opened("e-4") + said(5) + lagged), Visit(opened("e-5") + said(6))
    ) as server:
        frames = reader.follower(server.url).frames()
        found = [each.cursor for each in islice(frames, 4)]
        frames.close()

    assert found == ["e-4", "e-5", "e-5", "e-6"]
    assert reader.told == []


def test_an_event_that_was_not_done_with_comes_again(reader: Reader) -> None:
    """The place moves when the next is asked for, not before."""
    with StreamServer(Visit(opened("e-4") + said(5), holds=True)) as server:
        follower = reader.follower(server.url)
        frames = follower.frames()
        next(frames), next(frames)
        frames.close()

        with pytest.raises(Refused):
            next(follower.frames())

    assert server.came[1].headers["last-event-id"] == "e-4"
