"""Our own place in the room, and who else is there, on a whole gateway."""

import pytest

from tests.acceptance.stage import ROOM, Stage

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]


async def test_people_are_listed_as_asked_for(stage: Stage) -> None:
    """By name, role and attributes; ourselves apart."""
    async with (
        stage.person("alice", team="blue", level=3) as alice,
        stage.person("bob", role="tool", team="blue"),
        stage.person("bob", team="red"),
    ):
        everybody = await stage.ask("/participants")
        bobs = await stage.ask("/participants?name=bob")
        tools = await stage.ask("/participants?role=tool")
        blue = await stage.ask("/participants?attr.team=blue&attr.level=3")
        one = await stage.ask("/participants/alice")
        two = await stage.call.get("/participants/bob")
        none = await stage.call.get("/participants/nobody")

    assert everybody["self"]["name"] == "gateway"
    assert (everybody["connected"], everybody["count"]) == (True, 3)
    assert [found["count"] for found in (bobs, tools, blue)] == [2, 1, 1]
    assert one["id"] == alice.id
    assert one["attributes"] == {"name": "alice", "team": "blue", "level": 3}
    assert (two.status, two.code) == (409, "recipient_ambiguous")
    assert (none.status, none.code) == (404, "recipient_not_found")


async def test_the_room_is_shown(stage: Stage) -> None:
    """How the link is, and what waits for it."""
    room = await stage.ask(f"/rooms/{ROOM}")
    listed = await stage.ask("/rooms")
    unknown = await stage.call.get("/rooms/attic")

    assert (room["room"], room["state"], room["messaging_enabled"]) == (
        *(ROOM, "ready", True),
    )
    assert room["outbox"] == {"queued": 0, "oldest_s": None}
    assert [each["room"] for each in listed["rooms"]] == [ROOM]
    assert (unknown.status, unknown.code) == (404, "not_found")


async def test_without_messaging_names_mean_nothing(stage: Stage) -> None:
    """By name 409, by id it is said; enabled again, all is as before."""
    async with (
        stage.subscribed(events=["*"]) as subscriber,
        stage.person("alice") as alice,
    ):
        off = await stage.call.post(f"/rooms/{ROOM}/messaging/disable")
        by_name = await stage.send(to="alice", text="by name")
        by_id = await stage.send(to={"id": alice.id}, text="by id")
        await subscriber.told("room.messaging_disabled")
        on = await stage.call.post(f"/rooms/{ROOM}/messaging/enable")
        await stage.until("/participants/alice", lambda answer: answer.status == 200)
        again = await stage.send(to="alice", text="again")

        heard = [each.message for each in await alice.hears(2)]

    assert (off.status, on.status) == (200, 200)
    assert (by_name.status, by_name.code) == (409, "messaging_disabled")
    assert [answer.json["status"] for answer in (by_id, again)] == ["sent", "sent"]
    assert heard == [{"text": "by id"}, {"text": "again"}]


async def test_our_attributes_are_seen_by_others(stage: Stage) -> None:
    """A change is merged with what is set; our own name is not to be changed."""
    changed = await stage.call(
        "PATCH", f"/rooms/{ROOM}/attributes", json={"status": "on duty"}
    )
    own = (await stage.ask("/participants"))["self"]
    refused = await stage.call(
        "PATCH", f"/rooms/{ROOM}/attributes", json={"gateway.instance": "x"}
    )
    member = stage.room.emulator.rooms[ROOM].named("gateway")[0]

    assert changed.status == 200
    assert own["attributes"]["status"] == "on duty"
    assert member.attributes["status"] == "on duty"
    assert (refused.status, refused.code) == (422, "validation")


async def test_messages_are_found_again(stage: Stage) -> None:
    """Both directions, by type, sender, recipient, reference, status, in pages."""
    async with stage.person("fred") as fred:
        await stage.send(to="fred", text="1", type="find", ref="f-1")
        await stage.send(to="fred", text="2", type="find", ref="f-2")
        fred.says({"text": "3"}, type_="find")
        await stage.until(
            "/messages?direction=in&types=find", lambda a: bool(a.json["messages"])
        )

    queries = {
        "types=find": ["3", "2", "1"],
        "types=find&order=asc": ["1", "2", "3"],
        "types=find&direction=out": ["2", "1"],
        "types=find&from=fred": ["3"],
        "to=fred&types=find,other": ["2", "1"],
        "ref=f-1": ["1"],
        "types=find&status=sent": ["2", "1"],
        "types=find&status=failed": [],
        "types=find&rooms=lobby&limit=1": ["3"],
        "types=find&until=2020-01-01T00:00:00Z": [],
    }
    for query, texts in queries.items():
        found = (await stage.ask(f"/messages?{query}"))["messages"]
        assert [each["message"]["text"] for each in found] == texts, query
    page = await stage.ask("/messages?types=find&limit=2")
    rest = await stage.ask(f"/messages?types=find&cursor={page['next_cursor']}")
    assert [each["message"]["text"] for each in rest["messages"]] == ["1"]
    assert rest["next_cursor"] is None


async def test_a_misspelt_parameter_is_refused(stage: Stage) -> None:
    """Rather than silently nothing."""
    answer = await stage.call.get("/messages?form=alice")

    assert (answer.status, answer.code) == (422, "validation")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/messages/msg_nothing", 404, "not_found"),
        ("GET", "/deliveries/dlv_nothing", 404, "not_found"),
        ("DELETE", "/webhooks/wh_nothing", 404, "not_found"),
        ("DELETE", "/send", 405, "method_not_allowed"),
        ("POST", "/rooms/attic/reconnect", 404, "not_found"),
    ],
)
async def test_every_refusal_is_a_problem(
    stage: Stage, method: str, path: str, status: int, code: str
) -> None:
    """Those of the framework too, with the id under which the log has it."""
    answer = await stage.call(method, path, headers={"X-Request-Id": "req-42"})

    assert (answer.status, answer.code) == (status, code)
    assert answer.json["request_id"] == answer.headers["X-Request-Id"] == "req-42"
    assert answer.json["instance"] == path
