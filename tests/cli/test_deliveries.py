"""The commands `gateway deliveries …`."""

import json

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import cli
from tests.fakes.api_server import ApiServer, Asked, Reply


def a_delivery(number: int, **other: object) -> dict[str, object]:
    """Return a delivery as the API shows it."""
    return {
        "id": f"dlv_{number}",
        "status": "dead",
        "event": "message.received",
        "webhook_id": "wh_1",
        "attempt_count": 13,
        "last_attempt": {"status": 503, "error_class": "http_status"},
        "reason": "exhausted",
        "created_at": "2030-01-01T12:00:00.000Z",
        "next_attempt_at": None,
        **other,
    }


def a_page(*numbers: int, following: str | None = None) -> Reply:
    """Return a page of deliveries."""
    listed = [a_delivery(number) for number in numbers]
    return Reply(200, {"deliveries": listed, "next_cursor": following})


def run(*arguments: str, replies: list[Reply]) -> tuple[Result, list[Asked]]:
    """Run a command against an API that answers so."""
    with ApiServer(*replies) as api:
        result = CliRunner().invoke(
            cli, ["deliveries", *arguments], env={"GATEWAY_URL": api.url}
        )
    return result, api.asked


def ids(result: Result) -> list[str]:
    """Return the first column of what was printed."""
    return [line.split("\t")[0] for line in result.stdout.splitlines()]


def test_the_list_has_a_line_for_each() -> None:
    """With what the last attempt came to: a status, or why there was none."""
    refused = {"status": None, "error_class": "connection_refused"}
    listed = [
        a_delivery(1),
        a_delivery(2, last_attempt=refused),
        a_delivery(3, last_attempt=None, attempt_count=0),
    ]

    result, _ = run("list", replies=[Reply(200, {"deliveries": listed})])

    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert rows[0] == [
        *("dlv_1", "dead", "message.received", "13", "503", "exhausted"),
        *("wh_1", "2030-01-01T12:00:00.000Z", "-"),
    ]
    assert [row[4] for row in rows] == ["503", "connection_refused", "-"]


def test_the_list_asks_for_what_was_given() -> None:
    """Names of webhooks become ids, and times RFC 3339."""
    _, asked = run(
        *("list", "--status", "dead,held", "--webhook", "crm,wh_1"),
        *("--events", "message.*", "--since", "2026-01-31T12:00:00.000Z"),
        *("--until", "2026-02-01T12:00:00.000Z", "--limit", "7"),
        replies=[a_page()],
    )

    assert asked[0].query == {
        "status": "dead,held",
        "webhook": "wh_env_crm,wh_1",
        "events": "message.*",
        "since": "2026-01-31T12:00:00.000Z",
        "until": "2026-02-01T12:00:00.000Z",
        "limit": "7",
    }


def test_the_list_ends_at_its_limit() -> None:
    """And says that there are more."""
    result, asked = run(
        "list", "--limit", "2", replies=[a_page(5, 4, following="c"), a_page(3)]
    )

    assert ids(result) == ["dlv_5", "dlv_4"]
    assert len(asked) == 1
    assert "--all" in result.stderr


def test_a_limit_beyond_a_page_takes_several() -> None:
    """The last page is asked for as small as what is left."""
    first = a_page(*range(1000, 800, -1), following="c")

    result, asked = run("list", "--limit", "201", replies=[first, a_page(1)])

    assert len(ids(result)) == 201
    assert [each.query["limit"] for each in asked] == ["200", "1"]
    assert result.stderr == ""


def test_all_of_them_are_listed() -> None:
    """Page by page, along the cursor."""
    replies = [a_page(3, following="b"), a_page(2, following="a"), a_page(1)]

    result, asked = run("list", "--all", replies=replies)

    assert ids(result) == ["dlv_3", "dlv_2", "dlv_1"]
    assert [each.query.get("cursor") for each in asked] == [None, "b", "a"]


def test_json_is_a_page_a_line() -> None:
    """`jq '.deliveries[]'` reads one after another."""
    result, _ = run(
        "list", "--all", "--json", replies=[a_page(2, following="a"), a_page(1)]
    )

    pages = [json.loads(line) for line in result.stdout.splitlines()]
    assert [page["deliveries"][0]["id"] for page in pages] == ["dlv_2", "dlv_1"]


def test_deliveries_are_retried_by_id() -> None:
    """Each is said with its new state."""
    pending = a_delivery(1, status="pending")

    result, asked = run(
        "retry", "dlv_1", "dlv_2", replies=[Reply(202, pending), Reply(202, pending)]
    )

    assert result.stdout == "dlv_1\tpending\ndlv_2\tpending\n"
    assert [(each.method, each.path) for each in asked] == [
        ("POST", "/deliveries/dlv_1/retry"),
        ("POST", "/deliveries/dlv_2/retry"),
    ]


def test_one_that_cannot_be_retried_does_not_stop_the_others() -> None:
    """It is named on stderr, and the command ends with one."""
    problem = {"title": "Not in this state", "detail": "It is in flight."}

    result, _ = run(
        *("retry", "dlv_1", "dlv_2"),
        replies=[Reply(409, problem), Reply(202, a_delivery(2, status="pending"))],
    )

    assert result.exit_code == 1
    assert result.stdout == "dlv_2\tpending\n"
    assert result.stderr.startswith("gateway deliveries retry dlv_1: Not in this state")


def test_a_refusal_of_them_all_is_said_once() -> None:
    """A wrong key stays wrong."""
    problem = {"title": "Key needed", "detail": "There is no key."}

    result, asked = run("retry", "dlv_1", "dlv_2", replies=[Reply(401, problem)])

    assert result.exit_code == 1
    assert "GATEWAY_API_KEY" in result.stderr
    assert len(asked) == 1


def test_all_the_dead_of_a_webhook_are_retried() -> None:
    """Page by page, so that there may be many."""
    pending = Reply(202, {"status": "pending"})

    result, asked = run(
        *("retry", "--all-dead", "crm"),
        replies=[a_page(2, following="a"), pending, a_page(1), pending],
    )

    assert ids(result) == ["dlv_2", "dlv_1"]
    assert asked[0].query == {
        "status": "dead",
        "webhook": "wh_env_crm",
        "limit": "200",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry",),
        ("retry", "dlv_1", "--all-dead", "wh_1"),
        ("retry", "wh_1"),
        ("list", "--since", "yesterday"),
        ("list", "--limit", "0"),
        ("list", "--webhook", "https://example.com"),
        ("list", "--webhook", ""),
        ("list", "--status", ""),
    ],
)
def test_a_slip_ends_with_two(arguments: tuple[str, ...]) -> None:
    """Nothing is asked of the gateway."""
    result, asked = run(*arguments, replies=[])

    assert result.exit_code == 2
    assert asked == []
