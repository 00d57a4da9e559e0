"""Presence and messaging among the members of a room."""

from gateway.emulator.rooms import Room, Rooms, event, say
from gateway.room.protocol.envelope import unpack
from tests.fakes.outlets import a_member


def test_enabling_tells_a_member_who_is_there_and_the_others_that_it_came() -> None:
    """The newcomer gets the enabled others, and each of them gets the newcomer."""
    room = Room("lobby")
    alice, alice_ear = a_member(room, "alice")
    bob, bob_ear = a_member(room, "bob", enabled=False)

    room.enable(bob)

    assert bob_ear.said == [
        (bob.id, "messaging.enabled", {"participants": [alice.card]})
    ]
    assert alice_ear.said == [(bob.id, "participant.enabled", bob.card)]
    assert bob.card["attributes"] == {"name": "bob"}


def test_enabling_again_repeats_the_snapshot_alone() -> None:
    """Whoever enables twice is announced once."""
    room = Room("lobby")
    _, alice_ear = a_member(room, "alice")
    bob, bob_ear = a_member(room, "bob")
    alice_ear.said.clear()

    room.enable(bob)

    assert [type_ for _, type_, _ in bob_ear.said] == ["messaging.enabled"]
    assert alice_ear.said == []


def test_whoever_is_not_enabled_is_neither_told_nor_told_of() -> None:
    """Presence is among enabled members only."""
    room = Room("lobby")
    carol, carol_ear = a_member(room, "carol", enabled=False)
    alice, alice_ear = a_member(room, "alice")

    room.set_attributes(carol, {"mood": "shy"})
    room.set_attributes(alice, {"mood": "loud"})
    room.leave(carol)

    assert carol_ear.said == []
    assert alice_ear.said == []
    assert room.members == (alice,)


def test_leaving_and_disabling_are_told_once() -> None:
    """A member that disabled messaging before it left is gone already."""
    room = Room("lobby")
    _, alice_ear = a_member(room, "alice")
    bob, _ = a_member(room, "bob")
    alice_ear.said.clear()

    room.disable(bob)
    room.leave(bob)
    room.leave(bob)

    assert alice_ear.said == [(bob.id, "participant.disabled", {"id": bob.id})]


def test_attributes_are_merged_and_only_the_change_is_told() -> None:
    """Others get what changed; a later snapshot has everything."""
    room = Room("lobby")
    alice, _ = a_member(room, "alice")
    _, bob_ear = a_member(room, "bob")

    room.set_attributes(alice, {"mood": "good", "busy": True})
    room.set_attributes(alice, {"busy": None})

    assert [message for _, _, message in bob_ear.said] == [
        {"attributes": {"mood": "good", "busy": True}},
        {"attributes": {"busy": None}},
    ]
    assert alice.attributes == {"name": "alice", "mood": "good", "busy": None}


def test_without_sight_of_others_no_presence_is_told() -> None:
    """A member without the right to list gets an empty snapshot and no changes."""
    room = Room("lobby")
    alice, _ = a_member(room, "alice")
    blind, blind_ear = a_member(room, "blind", enabled=False, sees_others=False)

    room.enable(blind)
    room.set_attributes(alice, {"mood": "good"})
    room.leave(alice)

    assert blind_ear.said == [(blind.id, "messaging.enabled", {"participants": []})]


def test_only_enabled_members_can_be_addressed() -> None:
    """A joined member that did not enable messaging is no recipient."""
    room = Room("lobby")
    alice, _ = a_member(room, "alice")
    carol, _ = a_member(room, "carol", enabled=False)

    assert room.recipient(alice.id) is alice
    assert room.recipient(carol.id) is None
    assert room.recipient("nobody") is None


def test_names_need_not_be_unique() -> None:
    """Two members of one name are two members."""
    room = Room("lobby")
    one, _ = a_member(room, "twin")
    two, _ = a_member(room, "twin")

    assert room.named("twin") == (one, two)
    assert one.id != two.id


def test_an_event_carries_its_message_as_written_and_the_attachment_raw() -> None:
    """The message is not written anew, and the bytes follow the header."""
    room = Room("lobby")
    _, ear = a_member(room, "alice")

    say(room.members, event("x", 'odd "type" é', b'{"n": 1.50}', b"\x00\xff"))

    assert ear.said == [("x", 'odd "type" é', {"n": 1.5})]
    assert ear.attachments == [b"\x00\xff"]
    assert b'{"n": 1.50}' in event("x", "t", b'{"n": 1.50}')
    assert unpack(event("x", "t", b"{}")).trailer == b""


def test_a_renewed_room_has_another_session_and_other_ids() -> None:
    """Whoever stays over a restart has a new id under which it is found."""
    room = Room("lobby")
    alice, _ = a_member(room, "alice")
    session, before = room.session_id, alice.id

    room.renew()

    assert room.session_id != session
    assert alice.id != before
    assert room.recipient(alice.id) is alice
    assert room.recipient(before) is None


def test_a_room_is_there_from_its_first_mention_on() -> None:
    """Asking for a room makes it, asking whether it is there does not."""
    rooms = Rooms()

    there_before = "lobby" in rooms
    lobby = rooms["lobby"]

    assert not there_before
    assert rooms["lobby"] is lobby
    assert list(rooms) == [lobby]
