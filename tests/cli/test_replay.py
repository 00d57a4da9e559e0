"""The command `gateway replay`."""

import pytest
import typer
from rich.progress import Progress
from typer.testing import CliRunner, Result

from gateway.cli import cli
from gateway.cli.calling import Gateway, Refused, Unanswered
from gateway.cli.replay import PATIENCE, followed, outcome, standing
from tests.fakes.api_server import ApiServer, Asked, Reply

SINCE = "2026-01-31T12:00:00.000Z"
NOT_FOUND = {"title": "Not found", "detail": "There is no such replay."}


def a_replay(state: str = "running", **other: object) -> dict[str, object]:
    """Return a replay as the API shows it."""
    return {
        "id": "rpl_1",
        "webhook_id": "wh_1",
        "to": "wh_1",
        "state": state,
        "matched": 4,
        "created": 4,
        "pending": 0,
        "in_flight": 1,
        "retrying": 0,
        "delivered": 3,
        "held": 0,
        "dead": 0,
        "cancelled": 0,
        **other,
    }


def run(*arguments: str, replies: list[Reply]) -> tuple[Result, list[Asked]]:
    """Run the command against an API that answers so."""
    with ApiServer(*replies) as api:
        result = CliRunner().invoke(
            cli, ["replay", *arguments], env={"GATEWAY_URL": api.url}
        )
    return result, api.asked


def no_wait(_: float) -> None:
    """Wait for nothing."""


def test_a_replay_is_begun_and_followed_to_its_end() -> None:
    """What is printed is how it ended."""
    result, asked = run(
        *("wh_1", "--since", SINCE, "--until", "2026-02-01T12:00:00.000Z"),
        *("--events", "message.*,room.gap", "--only", "failed", "--to", "crm"),
        replies=[
            Reply(202, {"id": "rpl_1", "state": "running", "matched": 4}),
            Reply(200, a_replay("done", in_flight=0, retrying=1)),
        ],
    )

    assert result.exit_code == 0
    assert result.stdout == "rpl_1 done: 3 delivered, 1 retrying, of 4.\n"
    assert [(each.method, each.path) for each in asked] == [
        ("POST", "/webhooks/wh_1/replay"),
        ("GET", "/replays/rpl_1"),
    ]
    assert asked[0].body == {
        "since": SINCE,
        "until": "2026-02-01T12:00:00.000Z",
        "events": ["message.*", "room.gap"],
        "only": "failed",
        "to": "wh_env_crm",
    }


def test_a_dry_run_says_how_many() -> None:
    """And follows nothing: there is nothing to follow."""
    result, asked = run(
        *("crm", "--since", SINCE, "--dry-run"),
        replies=[Reply(200, {"id": None, "matched": 7})],
    )

    assert result.stdout == "Events that would be delivered again: 7.\n"
    assert asked[0].path == "/webhooks/wh_env_crm/replay"
    assert asked[0].body == {"since": SINCE, "dry_run": True}
    assert len(asked) == 1


def test_a_replay_that_runs_is_looked_at_again() -> None:
    """With its id, from wherever; --json gives its last state as it is."""
    result, asked = run(
        "--follow", "rpl_1", "--json", replies=[Reply(200, b'{"state":  "done"}')]
    )

    assert result.stdout == '{"state":  "done"}\n'
    assert [each.path for each in asked] == ["/replays/rpl_1"]


def test_a_replay_that_was_cancelled_meanwhile_ends_with_one() -> None:
    """Not all that was asked for was done."""
    result, _ = run("--follow", "rpl_1", replies=[Reply(200, a_replay("cancelled"))])

    assert result.exit_code == 1


def test_a_replay_is_cancelled() -> None:
    """By DELETE; that is what was wanted, so it ends with zero."""
    result, asked = run(
        "--cancel", "rpl_1", replies=[Reply(200, a_replay("cancelled", cancelled=1))]
    )

    assert result.exit_code == 0
    assert result.stdout == "rpl_1 cancelled: 3 delivered, 1 cancelled, of 4.\n"
    assert (asked[0].method, asked[0].path) == ("DELETE", "/replays/rpl_1")


def test_following_waits_until_it_ends() -> None:
    """Whatever it says before."""
    waits: list[float] = []
    states = ["running", "running", "running", "done"]
    with ApiServer(*(Reply(200, a_replay(state)) for state in states)) as api:
        answer = followed(Gateway(api.url, None), "rpl_1", wait=waits.append)

    assert answer.value["state"] == "done"
    assert len(waits) == 3


def test_following_outlasts_a_restart_of_the_gateway() -> None:
    """A replay is taken up again, and so is the looking."""
    proxy = Reply(502, b"<html>")
    stopping = Reply(503, {"title": "Shutting down", "detail": "It stops."})
    replies = [Reply(200, a_replay()), stopping, proxy, Reply(200, a_replay("done"))]
    with ApiServer(*replies) as api:
        answer = followed(Gateway(api.url, None), "rpl_1", wait=no_wait)

    assert answer.value["state"] == "done"


def test_following_a_gateway_that_stays_away_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And says how to look again."""
    replies = [Reply(200, a_replay()), *[Reply(502, b"<html>")] * PATIENCE]
    with ApiServer(*replies) as api, pytest.raises(Unanswered):
        followed(Gateway(api.url, None), "rpl_1", wait=no_wait)

    assert "gateway replay --follow rpl_1" in capsys.readouterr().err


def test_following_what_is_not_there_ends_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the problem, and without hope."""
    with ApiServer(Reply(404, NOT_FOUND)) as api, pytest.raises(Refused):
        followed(Gateway(api.url, None), "rpl_1", wait=no_wait)

    assert capsys.readouterr().err == ""


def test_ctrl_c_leaves_the_replay_running(capsys: pytest.CaptureFixture[str]) -> None:
    """It says how to look again and how to end it; nothing is cancelled."""

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with (
        ApiServer(Reply(200, a_replay())) as api,
        pytest.raises(typer.Exit) as caught,
    ):
        followed(Gateway(api.url, None), "rpl_1", wait=interrupted)

    told = capsys.readouterr().err
    assert caught.value.exit_code == 130
    assert "gateway replay --follow rpl_1" in told
    assert "gateway replay --cancel rpl_1" in told
    assert [each.method for each in api.asked] == ["GET"]


@pytest.mark.parametrize(
    ("replay", "found"),
    [
        (a_replay(), (3, 4, "3 delivered")),
        (a_replay(retrying=1), (4, 4, "3 delivered, 1 retrying")),
        (a_replay(delivered=2, dead=1, held=1), (3, 4, "2 delivered, 1 dead, 1 held")),
        (a_replay(matched=0, created=0, delivered=0), (0, None, "0 delivered")),
        ({"matched": "many"}, (0, None, "0 delivered")),
    ],
)
def test_the_bar_shows_what_was_tried_of_what_was_found(
    replay: dict[str, object], found: tuple[int, int | None, str]
) -> None:
    """And in words what became of it."""
    assert standing(replay) == found


def test_the_bar_is_drawn_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, so that stdout holds the outcome alone."""
    drawn: list[object] = []
    update = Progress.update

    def noted(self: Progress, *arguments: int, **fields: object) -> None:
        drawn.append((self.disable, fields))
        update(self, *arguments, **fields)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(Progress, "update", noted)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ApiServer(Reply(200, a_replay("done"))) as api:
        followed(Gateway(api.url, None), "rpl_1", wait=no_wait)

    assert drawn == [(False, {"completed": 3, "total": 4, "told": "3 delivered"})]
    assert capsys.readouterr().out == ""


def test_an_outcome_is_one_line() -> None:
    """Whatever the gateway says."""
    assert "\n" not in outcome({"id": "a\nb", "state": None})


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("wh_1",),
        ("wh_1", "--since", "soon"),
        ("wh_1", "--since", SINCE, "--events", ""),
        ("wh_1", "--since", SINCE, "--only", "some"),
        ("wh_1", "--since", SINCE, "--to", "https://example.com"),
        ("wh_1", "--since", SINCE, "--follow", "rpl_1"),
        ("--follow", "rpl_1", "--cancel", "rpl_1"),
        ("--follow", "rpl_1", "--since", SINCE),
        ("--cancel", "rpl_1", "--dry-run"),
        ("--cancel", "wh_1"),
    ],
)
def test_a_slip_ends_with_two(arguments: tuple[str, ...]) -> None:
    """Nothing is asked of the gateway."""
    result, asked = run(*arguments, replies=[])

    assert result.exit_code == 2
    assert asked == []
