"""What the room answers to requests."""

import json
from collections.abc import Mapping

import pytest

from gateway.emulator.admission import FULL, Rights
from gateway.emulator.messaging import (
    PARTICIPANT_GONE,
    Conversation,
    Refusal,
)
from gateway.emulator.rooms import Room
from gateway.room.protocol.envelope import pack, unpack
from gateway.room.protocol.frames import WireMessage
from tests.fakes.outlets import Ear, a_member

EMPTY: Mapping[str, object] = {"type": "empty"}


class Answers:
    """Keeps the answers; `denial` is what enabling gets."""

    def __init__(self, denial: Refusal | None = None) -> None:
        self.given: list[tuple[int, Mapping[str, object]]] = []
        self.tools: list[str] = []
        self._denial = denial

    def reply(self, request_id: int, content: bytes, *, tool: str = "") -> None:
        self.given.append((request_id, unpack(content).header))
        self.tools.append(tool)

    def refused(self, tool: str) -> Refusal | None:
        return self._denial if tool == "enable" else None


class Talk:
    """Alice's conversation in a room where bob is."""

    def __init__(
        self, rights: Rights | None = FULL, denial: Refusal | None = None
    ) -> None:
        self.room = Room("lobby")
        self.bob, self.bob_ear = a_member(self.room, "bob")
        self.alice, self.alice_ear = a_member(self.room, "alice", enabled=False)
        self.answers = Answers(denial)
        self._conversation = Conversation(self.room, self.alice, rights, self.answers)

    def receive(self, type_: str, payload: bytes, *, request_id: int = 7) -> None:
        self._conversation.receive(WireMessage(request_id, type_, payload))

    def invoke(self, tool: str, arguments: object, **more: object) -> None:
        """Call a messaging tool as the Python SDK does."""
        header = {
            "toolkit": "messaging",
            "tool": tool,
            "participant_id": None,
            "on_behalf_of_id": None,
            "arguments": {"type": "json", "json": arguments},
            "tool_call_id": "0" * 32,
            "__meshagent__": {"v": 1, "otel": {}},
            **more,
        }
        self.receive("room.invoke_tool", pack(header))

    def send(self, **more: object) -> None:
        arguments = {
            "to_participant_id": self.bob.id,
            "type": "chat",
            "message_json": '{"text": "hi"}',
            "attachment_base64": None,
        }
        self.invoke("send", {**arguments, **more})

    @property
    def code(self) -> object:
        """The code of the one answer, which must be an error."""
        [(_, content)] = self.answers.given
        assert content["type"] == "error"
        return content["code"]


def heard(ear: Ear) -> list[object]:
    """The types of what somebody was told."""
    return [type_ for _, type_, _ in ear.said]


def test_enable_is_answered_and_carried_out() -> None:
    """The caller gets its answer, then who is there; the others get the caller."""
    talk = Talk()

    talk.invoke("enable", {})

    assert talk.answers.given == [(7, EMPTY)]
    assert heard(talk.alice_ear) == ["messaging.enabled"]
    assert heard(talk.bob_ear) == ["participant.enabled"]


def test_disable_is_answered_and_carried_out() -> None:
    """The others are told that the caller left messaging."""
    talk = Talk()
    talk.room.enable(talk.alice)
    talk.bob_ear.said.clear()

    talk.invoke("disable", {})

    assert talk.answers.given == [(7, EMPTY)]
    assert heard(talk.bob_ear) == ["participant.disabled"]


def test_a_send_reaches_its_recipient() -> None:
    """Even somebody who never enabled messaging may send."""
    talk = Talk()

    talk.send(attachment_base64="aGk=")

    assert talk.answers.given == [(7, EMPTY)]
    assert talk.answers.tools == ["send"]
    assert talk.bob_ear.said == [(talk.alice.id, "chat", {"text": "hi"})]
    assert talk.bob_ear.attachments == [b"hi"]


@pytest.mark.parametrize("attachment", [{}, {"attachment_base64": ""}])
def test_an_attachment_may_be_absent_or_empty(attachment: dict[str, object]) -> None:
    """TypeScript leaves the field out; an empty one means the same."""
    talk = Talk()
    arguments = {
        "to_participant_id": talk.bob.id,
        "type": "chat",
        "message_json": "{}",
        **attachment,
    }

    talk.invoke("send", arguments)

    assert talk.bob_ear.attachments == [b""]


def test_a_broadcast_reaches_everyone_enabled_but_the_sender() -> None:
    """The sender gets its answer and no copy."""
    talk = Talk()
    talk.room.enable(talk.alice)
    _, carol_ear = a_member(talk.room, "carol")
    _, shy_ear = a_member(talk.room, "shy", enabled=False)
    talk.bob_ear.said.clear()
    talk.alice_ear.said.clear()

    talk.invoke("broadcast", {"type": "news", "message_json": '{"n": 1}'})

    assert talk.answers.given == [(7, EMPTY)]
    assert talk.bob_ear.said == [(talk.alice.id, "news", {"n": 1})]
    assert carol_ear.said == talk.bob_ear.said
    assert talk.alice_ear.said == []
    assert shy_ear.said == []


def test_a_send_to_nobody_has_the_code_and_the_exact_text() -> None:
    """Python looks at the code, the other SDKs at the text."""
    talk = Talk()

    talk.send(to_participant_id="nobody")

    error = {"type": "error", "code": 1003, "text": "the participant was not found"}
    assert talk.answers.given == [(7, error)]
    assert error["text"] == PARTICIPANT_GONE
    assert talk.bob_ear.said == []


@pytest.mark.parametrize(
    ("rights", "denied"),
    [
        (Rights(send=False), {"send"}),
        (Rights(broadcast=False), {"broadcast"}),
        (Rights(list=False), set()),
        (None, {"enable", "disable", "send", "broadcast"}),
    ],
)
def test_tools_that_are_not_granted_are_denied(
    rights: Rights | None, denied: set[str]
) -> None:
    """Denied is 1001; what is granted goes through."""
    refused = set()
    for tool in ("enable", "disable", "send", "broadcast"):
        talk = Talk(rights)
        said = {"type": "chat", "message_json": "{}", "to_participant_id": talk.bob.id}

        talk.invoke(tool, said)

        [(_, content)] = talk.answers.given
        if content.get("code") == 1001:
            refused.add(tool)

    assert refused == denied


def test_attributes_are_set_without_an_answer_and_without_the_reserved_key() -> None:
    """What Python adds to each header never becomes an attribute."""
    talk = Talk()
    header = {"status": "busy", "__meshagent__": {"v": 1, "otel": {}}}

    talk.receive("set_attributes", pack(header))

    assert talk.answers.given == []
    assert talk.alice.attributes == {"name": "alice", "status": "busy"}


def test_request_chunks_are_answered_with_empty() -> None:
    """TypeScript waits for the answer to each chunk."""
    talk = Talk()

    talk.receive("room.tool_call_request_chunk", pack({"tool_call_id": "x"}))

    assert talk.answers.given == [(7, EMPTY)]


@pytest.mark.parametrize(
    "type_",
    ["room.list_toolkits", "room.call", "room.register_toolkit", "never heard of"],
)
def test_every_other_request_gets_an_error_content(type_: str) -> None:
    """Silence would hang the caller."""
    talk = Talk()

    talk.receive(type_, pack({}))

    assert talk.code == 1003


@pytest.mark.parametrize("type_", ["room.tool_call_response"])
def test_answers_are_not_answered(type_: str) -> None:
    """A client's response to a call expects nothing."""
    talk = Talk()

    talk.receive(type_, pack({}))

    assert talk.answers.given == []


@pytest.mark.parametrize(
    ("toolkit", "tool"),
    [("storage", "list"), ("messaging", "stream"), ("messaging", "list"), (None, 1)],
)
def test_unknown_tools_get_an_error_content(toolkit: object, tool: object) -> None:
    """Other toolkits, and streams, are not here."""
    talk = Talk()
    arguments = {"type": "control", "method": "open"}

    talk.receive(
        "room.invoke_tool",
        pack({"toolkit": toolkit, "tool": tool, "arguments": arguments}),
    )

    assert talk.code == 1003


@pytest.mark.parametrize(
    "bad",
    [
        {"to_participant_id": None},
        {"type": 7},
        {"message_json": {"text": "hi"}},
        {"message_json": "{"},
        {"message_json": '{"n": NaN}'},
        {"message_json": "[" * 100_000},
        {"message_json": '"\ud800"'},
        {"attachment_base64": 7},
        {"attachment_base64": "!"},
        {"attachment_base64": "é"},
    ],
)
def test_a_malformed_send_gets_an_error_content(bad: dict[str, object]) -> None:
    """What no recipient could read is refused as invalid, and not delivered."""
    talk = Talk()

    talk.send(**bad)

    assert talk.code in {1002, 1003}
    assert talk.bob_ear.said == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"rubbish",
        pack({"toolkit": "messaging", "tool": "enable"}),
        pack({"toolkit": "messaging", "tool": "send", "arguments": {"type": "json"}}),
        pack({"toolkit": "messaging", "tool": "send", "arguments": 7}),
    ],
)
def test_an_unreadable_call_gets_an_error_content(payload: bytes) -> None:
    """Neither a broken envelope nor missing arguments end the connection."""
    talk = Talk()

    talk.receive("room.invoke_tool", payload)

    assert talk.code == 1002


def test_unreadable_attributes_change_nothing() -> None:
    """Nobody waits for an answer, so there is none."""
    talk = Talk()

    talk.receive("set_attributes", b"rubbish")

    assert talk.answers.given == []
    assert talk.alice.attributes == {"name": "alice"}


def test_a_call_refused_by_faults_is_not_carried_out() -> None:
    """The refusal is the answer, and nobody is told of the caller."""
    talk = Talk(denial=Refusal(1001, "messaging is denied"))

    talk.invoke("enable", {})

    error = {"type": "error", "code": 1001, "text": "messaging is denied"}
    assert talk.answers.given == [(7, error)]
    assert talk.bob_ear.said == []


def test_a_message_that_is_no_object_is_passed_on() -> None:
    """SDKs pass other JSON through, so the room does."""
    talk = Talk()

    talk.send(message_json=json.dumps([1, "é"], ensure_ascii=False))

    assert talk.bob_ear.said == [(talk.alice.id, "chat", [1, "é"])]
