"""People in the room are answered, on a whole gateway."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.process import Process
from tests.acceptance.stage import Stage, a_stage
from tests.fakes.receiver import Answer, Receiver

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

HI = {"text": "hi back"}


def returning(**reply: object) -> Answer:
    """Return an answer that says something to whoever spoke."""
    body = json.dumps({"reply": reply}).encode()
    return Answer(200, {"Content-Type": "application/json"}, body)


async def test_a_message_is_answered_by_its_id(stage: Stage) -> None:
    """It reaches who said it, and no other of that name."""
    async with (
        stage.subscribed() as subscriber,
        stage.person("alice") as alice,
        stage.person("alice") as other,
    ):
        alice.says({"text": "anybody here?"})
        event = await subscriber.told("message.received")

        answer = await stage.call.post(
            f"/messages/{event['data']['id']}/reply", json={**HI, "ref": "r-1"}
        )
        heard = await alice.hears()

    assert answer.status == 200, answer.content
    assert answer.json["recipients"][0]["participant_id"] == alice.id
    assert (heard[0].type, heard[0].message) == ("chat", HI)
    assert other.heard == []


async def test_a_reply_waits_for_whoever_comes_back(stage: Stage) -> None:
    """Under another id, with the same name and role."""
    async with stage.subscribed() as subscriber:
        async with stage.person("bert") as before:
            before.says({"text": "back in a minute"})
            event = await subscriber.told("message.received")
        await stage.until(f"/participants/{before.id}", lambda a: a.status == 404)

        answer = await stage.call.post(
            f"/messages/{event['data']['id']}/reply?wait=0", json=HI
        )
        async with stage.person("bert", role="agent") as another:
            async with stage.person("bert") as after:
                heard = await after.hears()
            final = await stage.final(answer)

    assert (answer.status, answer.json["status"]) == (202, "queued")
    assert heard[0].message == HI
    assert another.heard == []
    assert final["recipients"][0]["participant_id"] == after.id != before.id


async def test_a_reply_link_is_good_for_one_reply(stage: Stage) -> None:
    """Without a key; then it says which reply it was used for."""
    async with (
        stage.subscribed(links=True) as subscriber,
        stage.person("carl") as carl,
    ):
        carl.says({"text": "hello?"})
        event = await subscriber.told("message.received")
        link = event["reply_url"].removeprefix(stage.url)

        forged = await stage.call.post(link[:-1] + "!", key=None, json=HI)
        bare = await stage.call.post(link.partition("?")[0], key=None, json=HI)
        bad = await stage.call.post(link, key=None, json={"txt": "hi"})
        tried = await stage.call.post(f"{link}&dry_run=1", key=None, json=HI)
        first = await stage.call.post(link, key=None, data=HI)
        again = await stage.call.post(link, key=None, json={"text": "and again"})
        heard = list(await carl.hears())

    assert (forged.status, forged.code) == (403, "link_invalid")
    assert (bare.status, bare.code) == (401, "unauthenticated")
    assert bad.status == 422
    assert tried.json["would"] == "send"
    assert first.status == 200, first.content
    assert (again.status, again.code) == (409, "link_used")
    assert again.json["message_id"] == first.json["id"]
    assert [each.message for each in heard] == [HI]


async def test_of_many_replies_at_once_by_a_link_one_is_said(stage: Stage) -> None:
    """All others name that one."""
    async with (
        stage.subscribed(links=True) as subscriber,
        stage.person("mona") as mona,
    ):
        mona.says({"text": "hello?"})
        event = await subscriber.told("message.received")
        link = event["reply_url"].removeprefix(stage.url)

        posts = [stage.call.post(link, key=None, json=HI) for _ in range(10)]
        answers = await asyncio.gather(*posts)
        heard = list(await mona.hears())

    (said,) = [each for each in answers if each.status == 200]
    others = [each for each in answers if each is not said]
    assert {each.code for each in others} == {"link_used"}
    assert {each.json["message_id"] for each in others} == {said.json["id"]}
    assert len(heard) == 1


async def test_a_reply_link_lasts_over_the_attempts_of_a_delivery(
    stage: Stage,
) -> None:
    """Each has a link of its own; all are good for the same one reply."""
    async with (
        stage.subscribed(500, links=True) as subscriber,
        stage.person("dora") as dora,
    ):
        dora.says({"text": "hello?"})
        requests = await subscriber.receiver.received(2)
        links = [
            json.loads(each.body)["reply_url"].removeprefix(stage.url)
            for each in requests
        ]

        answers = [await stage.call.post(each, key=None, json=HI) for each in links]

    assert [each.status for each in answers] == [200, 409]


async def test_a_reply_link_is_nowhere_else(stage: Stage) -> None:
    """Neither on a webhook that did not ask for it, nor in the log."""
    async with (
        stage.subscribed(links=True) as linked,
        stage.subscribed() as plain,
        stage.person("emma") as emma,
    ):
        emma.says({"text": "hello?"})
        event = await linked.told("message.received")
        other = await plain.told("message.received")
        await stage.call.post(
            event["reply_url"].removeprefix(stage.url), key=None, json=HI
        )

    assert "reply_url" not in other
    signature = event["reply_url"].rpartition("=")[2]
    assert signature not in stage.process.log


async def test_a_receiver_answers_by_what_it_returns(stage: Stage) -> None:
    """The attempt says which message it became."""
    async with (
        stage.subscribed(returning(text="It is 21 °C."), replies=True) as subscriber,
        stage.person("fred") as fred,
    ):
        fred.says({"text": "how warm is it?"})
        heard = await fred.hears()
        await subscriber.told("message.received")
        found = await stage.until(
            f"/deliveries?webhook={subscriber.webhook['id']}&status=delivered",
            lambda answer: bool(answer.json["deliveries"]),
        )
        delivery = await stage.ask(f"/deliveries/{found.json['deliveries'][0]['id']}")

    (attempt,) = delivery["attempts"]
    message = await stage.ask(f"/messages/{attempt['reply_message_id']}")
    assert heard[0].message == {"text": "It is 21 °C."}
    assert message["message"] == {"text": "It is 21 °C."}
    assert attempt["reply_skipped"] is None


async def test_an_answer_to_a_repeated_delivery_is_not_said_again(
    stage: Stage,
) -> None:
    """However often it is delivered; the next attempt names the first message."""
    async with (
        stage.subscribed(
            returning(text="one"), returning(text="two"), replies=True
        ) as subscriber,
        stage.person("gina") as gina,
    ):
        gina.says({"text": "hello?"})
        await gina.hears()
        path = f"/deliveries?webhook={subscriber.webhook['id']}&status=delivered"
        found = await stage.until(path, lambda a: bool(a.json["deliveries"]))
        delivery_id = found.json["deliveries"][0]["id"]

        await stage.call.post(f"/deliveries/{delivery_id}/retry")
        delivery = await stage.until(
            f"/deliveries/{delivery_id}", lambda a: len(a.json["attempts"]) == 2
        )

    first, second = delivery.json["attempts"]
    assert first["reply_message_id"] == second["reply_message_id"] is not None
    assert [each.message for each in gina.heard] == [{"text": "one"}]


async def test_what_a_receiver_returns_may_be_of_no_use(stage: Stage) -> None:
    """It is delivered all the same, and the attempt says why nothing was said."""
    async with (
        stage.subscribed(returning(words="hi"), replies=True) as subscriber,
        stage.person("hank") as hank,
    ):
        hank.says({"text": "hello?"})
        path = f"/deliveries?webhook={subscriber.webhook['id']}&status=delivered"
        found = await stage.until(path, lambda a: bool(a.json["deliveries"]))
        delivery = await stage.ask(f"/deliveries/{found.json['deliveries'][0]['id']}")

    assert delivery["attempts"][0]["reply_skipped"] == "invalid"
    assert hank.heard == []


async def test_what_was_said_can_be_erased(stage: Stage) -> None:
    """Its words and bytes are gone; that it was said remains."""
    content = bytes(100_000)
    async with stage.subscribed() as subscriber, stage.person("iris") as iris:
        iris.says({"text": "my secret"}, content)
        event = await subscriber.told("message.received")
        path = f"/messages/{event['data']['id']}"
        link = event["data"]["attachment"]["url"].removeprefix(stage.url)

        erased = await stage.call("DELETE", f"{path}/content")
        shown = await stage.ask(path)
        attachment = await stage.call.get(link, key=None)
        answer = await stage.call.post(f"{path}/reply", json=HI)

    assert erased.status == 200
    assert erased.json == shown
    assert (shown["message"], shown["attachment"]) == (None, None)
    assert shown["from"]["name"] == "iris"
    assert (attachment.status, attachment.code) == (404, "not_found")
    assert "erased" in attachment.json["detail"]
    assert answer.status == 200


async def test_what_is_still_to_be_said_is_not_erased(stage: Stage) -> None:
    """409; what was said is ours to erase too."""
    async with stage.person("jack"):
        waiting = await stage.send(0, to="nobody", text="?", await_recipient=True)
        said = await stage.send(to="jack", text="my secret")

        refused = await stage.call("DELETE", f"/messages/{waiting.json['id']}/content")
        erased = await stage.call("DELETE", f"/messages/{said.json['id']}/content")

    assert (refused.status, refused.code) == (409, "wrong_state")
    assert (erased.status, erased.json["message"]) == (200, None)
    assert erased.json["status"] == "sent"


async def test_a_reply_survives_a_restart(tmp_path: Path) -> None:
    """It is told to whoever has come back by then, under an id of their own."""
    async with a_stage(tmp_path) as stage:
        async with stage.person("kate") as before:
            before.says({"text": "good night"})
            heard = await stage.until(
                "/messages?direction=in", lambda a: bool(a.json["messages"])
            )
        await stage.until(f"/participants/{before.id}", lambda a: a.status == 404)
        path = f"/messages/{heard.json['messages'][0]['id']}/reply"
        waiting = await stage.call.post(f"{path}?wait=0", json=HI)
        await stage.process.kill()

        async with Process.running(stage.home, "serve", **stage.settings) as process:
            again = Stage(stage.home, stage.room, stage.settings, process, stage.http)
            async with again.person("kate") as after:
                told = await after.hears()
            assert await process.stop() == 0, process.log

    assert waiting.status == 202
    assert (told[0].message, before.id != after.id) == (HI, True)


async def test_no_answer_is_said_twice_though_we_are_killed(tmp_path: Path) -> None:
    """The moment it was said, before or after its delivery was recorded."""
    async with (
        Receiver(returning(text="one"), default=returning(text="two")) as receiver,
        a_stage(tmp_path) as stage,
    ):
        body = {"url": receiver.url, "replies": True}
        await stage.call.post("/webhooks", json=body)
        async with stage.person("lena") as lena:
            lena.says({"text": "hello?"})
            await lena.hears()
            await stage.process.kill()

            async with Process.running(
                stage.home, "serve", **stage.settings
            ) as process:
                again = Stage(
                    stage.home, stage.room, stage.settings, process, stage.http
                )
                found = await again.until(
                    "/deliveries?status=delivered",
                    lambda answer: bool(answer.json["deliveries"]),
                )
                path = f"/deliveries/{found.json['deliveries'][0]['id']}"
                attempt = (await again.ask(path))["attempts"][-1]
                assert await process.stop() == 0, process.log
            heard = list(lena.heard)

    assert [each.message for each in heard] == [{"text": "one"}]
    assert attempt["reply_message_id"] is not None


async def test_an_answer_given_while_we_stop_is_said_after_it(tmp_path: Path) -> None:
    """Its receiver would not give it again."""
    release = asyncio.Event()
    held = replace(returning(text="one"), when=release)
    async with Receiver(held) as receiver, a_stage(tmp_path) as stage:
        body = {"url": receiver.url, "replies": True}
        await stage.call.post("/webhooks", json=body)
        async with stage.person("nina") as nina:
            nina.says({"text": "hello?"})
            await receiver.received()
            stage.process.signal()
            await stage.process.line("gateway.draining")
            release.set()
            status = await stage.process.end()

            async with Process.running(
                stage.home, "serve", **stage.settings
            ) as process:
                heard = list(await nina.hears())
                assert await process.stop() == 0, process.log

    assert status == 0
    assert [each.message for each in heard] == [{"text": "one"}]
    assert len(receiver.requests) == 1
