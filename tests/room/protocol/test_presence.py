"""Who is in the room."""

from datetime import UTC, datetime, timedelta

from gateway.room.protocol.events import (
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    PresenceEvent,
)
from gateway.room.protocol.messages import (
    Peer,
    PeerChanged,
    PeerDisabled,
    PeerEnabled,
    Presence,
    Snapshot,
)
from gateway.room.protocol.presence import OWN_IDS_KEPT, Roster

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


def a_peer(id_: str, name: str | None = "Zoé", **attributes: object) -> Peer:
    """A peer, with a name unless `None`."""
    named = {"name": name} if name else {}
    return Peer(id_, "user", {**named, **attributes})


def take(
    roster: Roster, news: Presence, *, at: datetime = NOON, after_gap: bool = False
) -> list[PresenceEvent]:
    """Apply news, give what changed."""
    return list(roster.apply(news, at, after_gap=after_gap))


def test_a_list_makes_everybody_known_by_id_and_name() -> None:
    """Several may have one name, and some have none."""
    roster = Roster()

    take(roster, Snapshot((a_peer("a"), a_peer("b"), a_peer("c", None))))

    assert list(roster.participants) == ["a", "b", "c"]
    assert [each.id for each in roster.named("Zoé")] == ["a", "b"]
    assert roster.participants["c"].name is None
    assert roster.named("nobody") == ()


def test_a_list_after_a_gap_tells_who_came_went_and_changed() -> None:
    """Who stayed keeps the time of first sight and is not told again."""
    roster = Roster()
    take(roster, Snapshot((a_peer("a"), a_peer("b"), a_peer("c"))))

    changes = take(
        roster,
        Snapshot((a_peer("b", status="busy"), a_peer("c"), a_peer("d"))),
        at=LATER,
        after_gap=True,
    )

    left, updated, joined = changes
    assert isinstance(left, ParticipantLeft)
    assert isinstance(updated, ParticipantUpdated)
    assert isinstance(joined, ParticipantJoined)
    assert (left.participant.id, joined.participant.id) == ("a", "d")
    assert updated.changed == {"status": "busy"}
    assert updated.participant.since == NOON
    assert joined.participant.since == LATER
    assert all(change.after_gap and change.at == LATER for change in changes)


def test_coming_and_going_is_told_once() -> None:
    """Repeats change nothing."""
    roster = Roster()

    came = take(roster, PeerEnabled(a_peer("a")))
    again = take(roster, PeerEnabled(a_peer("a")))
    went = take(roster, PeerDisabled("a"))
    gone = take(roster, PeerDisabled("a"))

    assert [type(event) for event in came + went] == [
        ParticipantJoined,
        ParticipantLeft,
    ]
    assert again == gone == []
    assert roster.named("Zoé") == ()


def test_changed_attributes_are_merged() -> None:
    """A new name is found under the new name only; null clears."""
    roster = Roster()
    take(roster, PeerEnabled(a_peer("a", status="x")))

    changes = take(roster, PeerChanged("a", {"name": "Ann", "status": None}))

    assert isinstance(changes[0], ParticipantUpdated)
    assert changes[0].changed == {"name": "Ann", "status": None}
    assert roster.named("Zoé") == ()
    assert roster.named("Ann")[0].attributes == {"name": "Ann", "status": None}


def test_attributes_of_strangers_are_ignored() -> None:
    """The room tells of people whom we may not see."""
    roster = Roster()

    assert take(roster, PeerChanged("x", {"a": 1})) == []
    assert not roster.participants


def test_we_are_not_among_the_others() -> None:
    """A room may list our former selves for a while."""
    roster = Roster()
    roster.we_are("old")
    roster.we_are("new")

    take(roster, Snapshot((a_peer("old"), a_peer("new"), a_peer("a"))))
    take(roster, PeerEnabled(a_peer("old")))

    assert list(roster.participants) == ["a"]
    assert roster.is_us("old")


def test_former_ids_are_not_kept_for_ever() -> None:
    """A room that flaps for years does not fill the memory."""
    roster = Roster()

    for number in range(OWN_IDS_KEPT + 1):
        roster.we_are(str(number))

    assert not roster.is_us("0")
    assert roster.is_us("1")


def test_nobody_is_known_while_hidden() -> None:
    """The next list shows everybody again."""
    roster = Roster()
    take(roster, Snapshot((a_peer("a"),)))

    roster.hide()
    hidden = (dict(roster.participants), roster.named("Zoé"))
    take(roster, Snapshot((a_peer("a"),)))

    assert hidden == ({}, ())
    assert list(roster.participants) == ["a"]
