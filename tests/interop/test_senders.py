"""Third parties' own code sends to sources: GitHub, Stripe, Slack, CloudEvents."""

import json

from gateway.emulator import Heard
from tests.acceptance.stage import Json, Person, Stage
from tests.acceptance.waiting import clock, until
from tests.interop.conftest import missing
from tests.interop.driver import HERE, SDK_PYTHON
from tests.interop.senders import SECRET, a_source, sent, text_of

SENDER = HERE / "peers" / "python_sender.py"
NODE = HERE / "node"
GITHUB = NODE / "node_modules" / "@octokit" / "webhooks-examples"


async def by_python(*arguments: str) -> list[Json]:
    """Have the Python libraries of third parties send something."""
    if not SDK_PYTHON.exists():
        missing("the Python of the interop tests")
    return await sent(str(SDK_PYTHON), str(SENDER), *arguments)


async def test_every_example_of_github_is_told_once(
    stage: Stage, alice: Person
) -> None:
    """In words of its own, in order; and redelivered it is a duplicate."""
    if not GITHUB.is_dir():
        missing("@octokit/webhooks-examples")
    url = await a_source(stage, "github")

    answers = await sent("node", str(NODE / "github.cjs"), url, SECRET)
    told = [each for each in answers if each["event"] != "ping"]
    pings = [each for each in answers if each["event"] == "ping"]
    first = [each for each in told if each["round"] == "first"]
    again = [each for each in told if each["round"] == "again"]
    heard = await heard_all(alice, len(first))

    assert len(answers) == 2 * 329
    assert {(each["status"], each["answer"]["status"]) for each in pings} == {
        (200, "pong")
    }
    assert {(each["status"], each["answer"]["status"]) for each in first} == {
        (202, "accepted")
    }
    assert {(each["status"], each["answer"]["status"]) for each in again} == {
        (200, "duplicate")
    }
    assert [each["answer"]["id"] for each in again] == [
        each["answer"]["id"] for each in first
    ]
    assert [event_of(each) for each in heard] == [each["event"] for each in first]
    assert all(text_of(each).strip() for each in heard)
    assert not [text_of(each) for each in heard if is_raw(text_of(each))]


async def heard_all(person: Person, count: int) -> list[Heard]:
    """Wait until so much was heard, and no more."""
    await until(lambda: len(person.heard) >= count, f"{len(person.heard)} were heard")
    assert len(person.heard) == count
    return person.heard


def event_of(heard: Heard) -> object:
    """Return which event of GitHub's somebody heard of."""
    assert isinstance(heard.message, dict)
    return heard.message["event"]


def is_raw(text: str) -> bool:
    """Whether a text shows values of a program in place of words."""
    return any(mark in text for mark in ("None", "{'", "undefined", "null"))


async def test_what_stripe_signs_is_told(stage: Stage, alice: Person) -> None:
    """And again it is a duplicate; with another secret it is nobody's."""
    url = await a_source(stage, "stripe")
    about = {"object": "invoice", "number": "F-7", "amount_paid": 4200}
    event = {
        "id": "evt_1",
        "type": "invoice.paid",
        "data": {"object": {**about, "currency": "eur"}},
    }
    body = json.dumps(event, ensure_ascii=False, indent=1)

    first = await by_python("stripe", url, SECRET, body)
    again = await by_python("stripe", url, SECRET, body)
    forged = await by_python("stripe", url, "whsec_of_another", body)
    heard = await alice.hears(1)

    assert [each["status"] for each in first + again + forged] == [202, 200, 401]
    assert text_of(heard[0]).startswith("Invoice paid: 42.00 EUR")


async def test_what_slack_signs_is_told(stage: Stage, alice: Person) -> None:
    """And again it is a duplicate; with another secret it is nobody's."""
    url = await a_source(stage, "slack", format="slack")
    event = {"type": "message", "user": "U1", "channel": "C1", "text": "Grüße &amp; so"}
    told = {"type": "event_callback", "event_id": "Ev1", "event": event}
    body = json.dumps(told, ensure_ascii=False)

    now = str(int(clock.now().timestamp()))
    first = await by_python("slack_signed", url, SECRET, now, body)
    again = await by_python("slack_signed", url, SECRET, now, body)
    forged = await by_python("slack_signed", url, "another", now, body)
    heard = await alice.hears(1)

    assert [each["status"] for each in first + again + forged] == [202, 200, 401]
    assert "Grüße & so" in text_of(heard[0])


async def test_what_posts_to_slack_posts_to_the_room(
    stage: Stage, alice: Person
) -> None:
    """Slack's own client finds the answers that it knows."""
    url = await a_source(stage, "none", format="slack")

    answers = await by_python("slack_webhook", url)
    heard = await alice.hears(3)

    assert [(each["status"], each["answer"]) for each in answers] == [
        *[(200, "ok")] * 3,
        (400, "no_text"),
        (400, "invalid_blocks"),
    ]
    assert [text_of(each) for each in heard] == [
        "hello & welcome",
        "*Backup* done (https://example.com)",
        "an attachment",
    ]


async def test_events_of_cloudevents_are_told(stage: Stage, alice: Person) -> None:
    """Structured and binary they say the same; the first again is a duplicate."""
    url = await a_source(stage, "none", format="cloudevents")

    answers = await by_python("cloudevents", url)
    heard = [each.message for each in await alice.hears(2)]

    assert [each["status"] for each in answers] == [202, 202, 200]
    structured, binary = heard
    assert isinstance(structured, dict)
    assert isinstance(binary, dict)
    assert structured["data"] == {"order": 17, "note": 'Grüße, "quoted" & 100 %'}
    assert structured["subject"] == "Grüße 100 %"
    assert (structured.pop("id"), binary.pop("id")) == ("order-1", "order-2")
    assert without_time(structured) == without_time(binary)


def without_time(message: Json) -> Json:
    """Return a message less the moment, which each event has its own of."""
    return {name: value for name, value in message.items() if name != "time"}
