"""The commands `gateway webhooks …`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli import cli
from gateway.cli.webhooks import headers_of
from tests.fakes.api_server import ApiServer, Asked, Reply

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = {
    "id": "wh_1",
    "url": "https://example.com/hook",
    "events": ["message.received", "room.*"],
    "active": True,
    "disabled_reason": None,
    "description": None,
    "secret": SECRET,
}
OK = {
    "ok": True,
    "status": 204,
    "duration_ms": 12.5,
    "error_class": None,
    "detail": None,
}


def run(
    *arguments: str, reply: Reply, stdin: str | None = None
) -> tuple[Result, list[Asked]]:
    """Run a command against an API that gives one answer."""
    with ApiServer(reply) as api:
        result = CliRunner().invoke(
            cli, ["webhooks", *arguments], input=stdin, env={"GATEWAY_URL": api.url}
        )
    return result, api.asked


def test_the_list_has_a_line_for_each() -> None:
    """Id, URL, events, state, description."""
    gone = WEBHOOK | {"id": "wh_2", "active": False, "disabled_reason": "gone"}
    listed = {"webhooks": [WEBHOOK, gone], "next_cursor": None}

    result, asked = run("list", reply=Reply(200, listed))

    assert [line.split("\t") for line in result.stdout.splitlines()] == [
        ["wh_1", WEBHOOK["url"], "message.received,room.*", "active", "-"],
        ["wh_2", WEBHOOK["url"], "message.received,room.*", "gone", "-"],
    ]
    assert (asked[0].method, asked[0].path) == ("GET", "/webhooks")


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("add", "https://example.com"),
        ("enable", "wh_1"),
        ("disable", "wh_1"),
    ],
)
def test_json_is_what_the_gateway_says(arguments: tuple[str, ...]) -> None:
    """As it is, for jq."""
    result, _ = run(*arguments, "--json", reply=Reply(200, b'{"b": 1,  "a": 2}'))

    assert result.stdout == '{"b": 1,  "a": 2}\n'


def test_adding_asks_for_what_was_given() -> None:
    """Lists are separated by commas; what is not given is not sent."""
    result, asked = run(
        *("add", "https://example.com/hook", "--events", "message.received,room.*"),
        *("--rooms", "lobby", "--types", "chat", "--from", "alice,bob"),
        *("--filter", "data.message.text", "--format", "flat"),
        *("--header", "Authorization: Bearer x:y", "--description", "crm"),
        reply=Reply(201, WEBHOOK),
    )

    assert result.exit_code == 0
    assert asked[0].body == {
        "url": "https://example.com/hook",
        "events": ["message.received", "room.*"],
        "rooms": ["lobby"],
        "types": ["chat"],
        "from": ["alice", "bob"],
        "filter": "data.message.text",
        "format": "flat",
        "headers": {"Authorization": "Bearer x:y"},
        "description": "crm",
    }


@pytest.mark.parametrize("place", ["argument", "file", "stdin"])
def test_adding_takes_every_member_there_is(place: str, tmp_path: Path) -> None:
    """Those without an option of their own, as JSON from wherever it is."""
    members = {"template": {"text": "{{ text }}"}, "stop_on": [404, 410]}
    text = json.dumps(members)
    file = tmp_path / "members.json"
    file.write_text(text, encoding="utf-8")
    given = {"argument": text, "file": f"@{file}", "stdin": "@-"}[place]

    result, asked = run(
        *("add", "https://example.com/hook", "--types", "chat", "--body", given),
        reply=Reply(201, WEBHOOK),
        stdin=text,
    )

    assert result.exit_code == 0
    assert asked[0].body == {
        "url": "https://example.com/hook",
        "types": ["chat"],
        **members,
    }


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (f"{SECRET}", "give a JSON object"),
        ("[1]", "give a JSON object"),
        ("[" * 100_000, "give a JSON object"),
        ("@nowhere.json", "cannot be read"),
        ('{"url": "https://example.org"}', "url is said by another option"),
        ('{"types": ["chat"]}', "types is said by another option"),
    ],
)
def test_a_body_that_makes_no_sense_asks_for_nothing(given: str, sentence: str) -> None:
    """Nor is it repeated: there may be a secret in it."""
    result, asked = run(
        *("add", "https://example.com/hook", "--types", "chat", "--body", given),
        reply=Reply(201, WEBHOOK),
    )

    assert (result.exit_code, asked) == (2, [])
    assert sentence in " ".join(result.stderr.replace("│", " ").split())
    assert SECRET not in result.output


def test_a_secret_in_the_body_is_not_printed() -> None:
    """Whoever gave it has it."""
    result, _ = run(
        *("add", "https://example.com/hook", "--body", "@-"),
        reply=Reply(201, WEBHOOK),
        stdin=json.dumps({"secret": SECRET}),
    )

    assert result.stdout == "id      wh_1\n"


def test_adding_prints_the_secret_once() -> None:
    """Id and secret on stdout, the warning beside them."""
    result, asked = run("add", "https://example.com/hook", reply=Reply(201, WEBHOOK))

    assert result.stdout == f"id      wh_1\nsecret  {SECRET}\n"
    assert "not shown again" in result.stderr
    assert asked[0].body == {"url": "https://example.com/hook"}


def test_a_secret_of_ones_own_comes_by_stdin() -> None:
    """A command line shows in `ps`; it is not printed either."""
    result, asked = run(
        *("add", "https://example.com/hook", "--secret-stdin"),
        reply=Reply(201, WEBHOOK),
        stdin=f"{SECRET}\n",
    )

    assert asked[0].body["secret"] == SECRET
    assert SECRET not in result.output


def test_a_refusal_is_told_and_ends_with_one() -> None:
    """The title, the sentence, and each place."""
    problem = {"title": "URL not allowed", "detail": "/url: The port is not allowed."}

    result, _ = run("add", "https://example.com:1", reply=Reply(422, problem))

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "gateway webhooks add: URL not allowed: /url: The port is not allowed.\n"
    )


def test_a_test_that_passes_says_ok() -> None:
    """With the status and the time that it took."""
    result, asked = run("test", "crm", "--event", "room.gap", reply=Reply(200, OK))

    assert result.stdout == "ok  status  204  12.5 ms\n"
    assert (asked[0].path, asked[0].body) == (
        "/webhooks/wh_env_crm/test",
        {"event": "room.gap"},
    )


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_test_that_fails_ends_with_one(more: tuple[str, ...]) -> None:
    """So that a script notices, in either form."""
    failed = OK | {"ok": False, "status": None, "error_class": "dns_error"}

    result, asked = run("test", "wh_1", *more, reply=Reply(200, failed))

    assert result.exit_code == 1
    assert "dns_error" in result.stdout
    assert asked[0].body == {}


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (("enable", "wh_1"), "/webhooks/wh_1/enable", {}),
        (
            ("enable", "wh_1", "--release", "none"),
            "/webhooks/wh_1/enable",
            {"release": "none"},
        ),
        (
            ("enable", "crm", "--release", "2026-01-31T12:00:00.000Z"),
            "/webhooks/wh_env_crm/enable",
            {"release": "2026-01-31T12:00:00.000Z"},
        ),
        (("disable", "crm"), "/webhooks/wh_env_crm/disable", None),
    ],
)
def test_a_webhook_is_switched(
    arguments: tuple[str, ...], path: str, body: object
) -> None:
    """What was held is released as asked for."""
    result, asked = run(*arguments, reply=Reply(200, WEBHOOK))

    assert result.exit_code == 0
    assert (asked[0].method, asked[0].path, asked[0].body) == ("POST", path, body)


@pytest.mark.parametrize(
    "arguments",
    [
        ("enable", "wh_1", "--release", "some"),
        ("enable", "https://example.com"),
        ("list", "--url", "example.com"),
        ("add", "https://example.com", "--header", "no colon"),
        ("add", "https://example.com", "--rooms", ""),
        ("add", "https://example.com", "--header", "@/does/not/exist"),
        ("add", "https://example.com", "--header", "@/dev/null"),
    ],
)
def test_a_slip_ends_with_two(arguments: tuple[str, ...]) -> None:
    """Nothing is asked of the gateway."""
    result, asked = run(*arguments, reply=Reply())

    assert result.exit_code == 2
    assert asked == []


def test_headers_may_be_read_from_a_file(tmp_path: Path) -> None:
    """One on each line; their values are secrets."""
    path = tmp_path / "headers"
    path.write_text("Authorization: Bearer x\n\nX-Team:\tblue\n", encoding="utf-8")

    found = headers_of([f"@{path}", "X-More: 1"])

    assert found == {"Authorization": "Bearer x", "X-Team": "blue", "X-More": "1"}


@pytest.mark.parametrize("given", [["a"], [": b"], ["A: 1", "a: 2"]])
def test_what_is_no_header_is_not_said_again(given: list[str]) -> None:
    """It may be a secret that lost its name."""
    with pytest.raises(typer.BadParameter) as caught:
        headers_of(given)

    assert str(caught.value) == "give each header once, as 'NAME: VALUE'."


def test_headers_may_come_by_stdin() -> None:
    """After the secret, if that does too."""
    _, asked = run(
        *("add", "https://example.com", "--secret-stdin", "--header", "@-"),
        reply=Reply(201, WEBHOOK),
        stdin=f"{SECRET}\nX-Team: blue\n",
    )

    assert json.dumps(asked[0].body["headers"]) == '{"X-Team": "blue"}'
    assert asked[0].body["secret"] == SECRET
