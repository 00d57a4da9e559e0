"""What third parties publish at npm sends to sources as they send."""

import pytest

from tests.acceptance.stage import Json, Person, Stage
from tests.interop.conftest import missing
from tests.interop.driver import HERE
from tests.interop.senders import SECRET, STANDARD, a_source, sent, text_of

NODE = HERE / "node"
NOTE = "Grüße 🦊, 100 %"


async def by_node(package: str, *arguments: str) -> list[Json]:
    """Have a package of npm send something."""
    if not (NODE / "node_modules" / package).is_dir():
        missing(f"npm's {package}")
    name = package.rpartition("/")[0].removeprefix("@") or package
    return await sent("node", str(NODE / "sender.cjs"), name, *arguments)


async def test_what_stripe_signs_in_node_is_told(stage: Stage, alice: Person) -> None:
    """Indented as it may be, with letters beyond ASCII."""
    url = await a_source(stage, "stripe")

    answers = await by_node("stripe", url, SECRET)
    heard = await alice.hears(1)

    assert [each["status"] for each in answers] == [202]
    assert text_of(heard[0]).startswith("Payment failed: 10.50 USD")


@pytest.mark.parametrize("package", ["svix", "standardwebhooks"])
async def test_what_is_signed_by_the_standard_is_told(
    stage: Stage, alice: Person, package: str
) -> None:
    """In the headers of either; again it is a duplicate, changed it is nobody's."""
    verify = {"profile": "standard", "secret": STANDARD}
    url = await a_source(stage, "standard", verify=verify)

    answers = await by_node(package, url, STANDARD)
    heard = await alice.hears(1)

    assert [each["status"] for each in answers] == [202, 200, 401]
    assert [text_of(each) for each in heard] == [NOTE]


async def test_what_posts_to_slack_from_node_posts_to_the_room(
    stage: Stage, alice: Person
) -> None:
    """Slack's own client finds the answers that it knows."""
    url = await a_source(stage, "none", format="slack")

    answers = await by_node("@slack/webhook", url)
    heard = await alice.hears(3)

    assert [(each["status"], each["answer"]) for each in answers] == [
        *[(200, "ok")] * 3,
        (400, "no_text"),
        (400, "invalid_blocks"),
    ]
    assert [text_of(each) for each in heard] == [
        NOTE,
        f"{NOTE}\n\n---",
        "Web\nState: up",
    ]


async def test_events_from_node_are_told(stage: Stage, alice: Person) -> None:
    """Binary, structured, and several at once; the first again is a duplicate.

    The library writes attributes as they are, in Latin-1.
    """
    url = await a_source(stage, "none", format="cloudevents")

    answers = await by_node("cloudevents", url)
    heard = [each.message for each in await alice.hears(3)]

    assert [each["status"] for each in answers] == [202, 202, 202, 200]
    binary, structured, batch = heard
    assert isinstance(binary, dict)
    assert isinstance(structured, dict)
    assert isinstance(batch, dict)
    for event in (binary, structured):
        assert event["data"] == {"order": 17, "note": NOTE}
        assert event["subject"] == "Grüße 100 %"
    assert [event["data"] for event in batch["events"]] == [
        {"order": 17, "note": NOTE},
        NOTE,
    ]
