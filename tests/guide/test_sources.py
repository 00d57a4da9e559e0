"""Every command of docs/sources does what its page says of it."""

import json
import re
import shutil

import pytest

from gateway.emulator import Heard
from tests.acceptance.stage import Person
from tests.guide.pages import Shell, blocks
from tests.house import tree

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in ("curl", "jq", "openssl")),
        reason="the pages are followed with curl, jq and openssl",
    ),
]


def steps(page: str, *sections: str) -> str:
    """Return the commands below headings of a page, for one shell."""
    pages = (blocks(f"../sources/{page}", section) for section in sections)
    return "\n".join(step for each in pages for step in each)


def text_of(heard: Heard) -> str:
    """Return what somebody heard in words."""
    assert isinstance(heard.message, dict)
    assert heard.type == "webhook"
    return str(heard.message["text"])


async def test_a_doorbell_is_heard(shell: Shell, alice: Person) -> None:
    """It is said in the source's words; new words are tried, and nothing said."""
    made = await shell.run(steps("README.md", "Make one"))
    heard = await alice.hears(1)
    tried = await shell.run(steps("README.md", "Say it in your words"))
    listed = await shell.run(steps("README.md", "See what came in"))

    assert '"status":"accepted"' in made
    assert text_of(heard[0]) == "Somebody rings at the front door."
    assert tried.splitlines()[-1] == (
        '{"text":"Ding-dong at the side door","door":"side"}'
    )
    summary, request = listed.rsplit("\n}\n", 1)
    assert json.loads(summary + "}")["said"] == 1
    assert json.loads(summary + "}")["last_refusal"] is None
    assert request.split()[1] == "said"
    assert request.split()[2].startswith("msg_")


async def test_a_page_tells_why_nothing_is_heard(shell: Shell) -> None:
    """A sender without the secret, and a name that is misspelt."""
    make, send = blocks("../sources/hmac.md", "A script of yours")
    see = blocks("../sources/README.md", "See what came in")[0]
    mistaken = send.replace("--fail-with-body --retry 8 --retry-connrefused", "")

    await shell.run(make.replace('"to":"alice"', '"to":"alcie"'))
    await shell.run(mistaken.replace("Bearer $(cat", "Bearer x$(cat"))
    await shell.run(send)
    seen = await shell.run(see.replace("source.json", "script.json"))
    message_id = seen.splitlines()[-2].split()[2]
    message = await shell.run(
        f'curl -K gateway.curl "$GATEWAY_URL/messages/{message_id}"'
    )

    assert "not_verified what the request was sent with is none of" in seen
    assert json.loads(message)["waiting_for"] == "recipient"


async def test_an_issue_at_github_is_told_once(shell: Shell, alice: Person) -> None:
    """With who, where and a link; then as the page's filter and template want it."""
    make = steps("github.md", "Make the source")
    send = steps("github.md", "Try it")

    first = await shell.run(f"{make}\n{send}")
    again = await shell.run(send)
    await shell.run(steps("github.md", "Choose"))
    await shell.run(send.replace("0b989ba4", "1b989ba4"))
    heard = await alice.hears(2)

    assert '"status":"accepted"' in first
    assert '"status":"duplicate"' in again
    assert all(word in text_of(heard[0]) for word in ("alice", "octo/lamp", "#7"))
    assert "https://github.com/octo/lamp/issues/7" in text_of(heard[0])
    assert text_of(heard[1]) == "alice reports: The lamp is out"


async def test_a_payment_is_told(shell: Shell, alice: Person) -> None:
    """Verified with the second secret, since the first no longer counts."""
    make, rotate = blocks("../sources/stripe.md", "Make the source")
    send = steps("stripe.md", "Try it")

    await shell.run(make)
    await shell.run("printf whsec_theirs > stripe-secret")
    before = await shell.run(send.replace("--fail-with-body", ""))
    await shell.run(rotate)
    after = await shell.run(send)
    heard = await alice.hears(1)

    assert '"code":"not_verified"' in before
    assert '"status":"accepted"' in after
    assert text_of(heard[0]).splitlines()[0] == (
        "[test] Invoice paid: 42.00 EUR · bob@example.com · F-0007"
    )


async def test_an_alert_is_told(shell: Shell, alice: Person) -> None:
    """As the page says it will be."""
    await shell.run(steps("alertmanager.md", "Make the source", "Try it"))

    heard = await alice.hears(1)

    assert text_of(heard[0]) == (
        "1 firing: DiskFull\n"
        "[FIRING] critical on db-1: Disk is 95 % full (since 2030-01-31 08:00 UTC)"
    )


async def test_what_is_meant_for_slack_is_heard(shell: Shell, alice: Person) -> None:
    """It is answered as Slack does, and said without Slack's markup."""
    answer = await shell.run(steps("slack.md", "In place of Slack"))

    heard = await alice.hears(1)

    assert answer.endswith("ok")
    assert text_of(heard[0]) == (
        "Backup no. 7 (https://example.com/7) is *done*\n\nSize\n40 GB"
    )
    assert "**done**" in json.dumps(heard[0].message)


async def test_what_slack_tells_is_heard(shell: Shell, alice: Person) -> None:
    """Signed with the time, as Slack does."""
    await shell.run(steps("slack.md", "From Slack"))

    heard = await alice.hears(1)

    assert "Lunch, anybody?" in text_of(heard[0])


async def test_other_senders_are_heard(shell: Shell, alice: Person) -> None:
    """A signature of any kind, a password, a form with a file, and CloudEvents."""
    sections = ("A signature of any kind", "A script of yours", "Forms", "CloudEvents")
    await shell.run(steps("hmac.md", *sections))

    said = {text_of(each).splitlines()[0] for each in await alice.hears(4)}

    assert said == {
        "Order 17 over 42 EUR",
        "The night was quiet.",
        "Zoë writes: Hello! (cv.txt, 8 bytes)",
        "com.example.order from /shop",
    }


async def test_a_query_is_taken_and_answered_in_the_wanted_words(
    shell: Shell, alice: Person
) -> None:
    """As the page says it of senders that know no better."""
    wanted = [
        fragment
        for fragment in re.findall(
            r'`("\w+":[^`]+)`', tree.text("docs/sources/hmac.md")
        )
        if fragment.startswith(('"methods"', '"response"'))
    ]
    make = blocks("../sources/README.md", "Make one")[0]
    asked = make.replace('"broadcast":true', ",".join(['"to":"alice"', *wanted]))

    answer = await shell.run(
        f"{asked}\n"
        'curl -sS --fail-with-body "$GATEWAY_URL$(jq -r .path source.json)?door=side"'
    )
    heard = await alice.hears(1)

    assert len(wanted) == 2
    assert answer.endswith("\nok")
    assert text_of(heard[0]) == "Somebody rings at the side door."


async def test_secrets_rotate_without_a_gap(shell: Shell, alice: Person) -> None:
    """The old one counts until it is taken back, and the old address does not."""
    make, send = blocks("../sources/hmac.md", "A script of yours")
    plain = send.replace("--fail-with-body --retry 8 --retry-connrefused", "")
    order = (
        'curl -K gateway.curl --json @- "$GATEWAY_URL/sources/$(jq -r .id script.json)'
    )
    rotate = (
        f"""{order}/rotate-secrets" <<'END'\n{{"secret":"another","keep":%d}}\nEND"""
    )

    await shell.run(make)
    await shell.run(rotate % 1)
    old = await shell.run(plain)
    await shell.run(rotate % 0)
    none = await shell.run(plain)
    new = await shell.run(plain.replace("$(cat script-secret)", "another"))
    moved = await shell.run(order.replace("--json @-", "-X POST") + '/rotate-token"')
    gone = await shell.run(plain)
    await alice.hears(1)

    assert '"status":"accepted"' in old
    assert '"code":"not_verified"' in none
    assert '"status":"duplicate"' in new  # The same X-Run; but it was verified.
    assert '"path":"/in/' in moved
    assert '"code":"not_found"' in gone
