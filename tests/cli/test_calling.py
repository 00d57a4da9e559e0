"""How the commands call a running gateway, and what they say when that fails."""

import asyncio
import sys
from collections.abc import Iterator

import pytest
import typer

from gateway.cli.calling import (
    Gateway,
    Refused,
    Unanswered,
    Unreached,
    calling,
    delivery_id,
    printable,
    replay_id,
    webhook_id,
    words,
)
from tests.fakes.api_server import ApiServer, Reply
from tests.fakes.receiver import refused_port

PROBLEM = {
    "title": "Invalid request",
    "detail": "/url: It is needed. (1 more)",
    "errors": [
        {"pointer": "/url", "detail": "It is needed."},
        {"pointer": "/events/0", "detail": "'nothing' is no event."},
    ],
    "request_id": "req_1",
}


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """An API that answers the first request with an empty object."""
    with ApiServer(Reply(200, {})) as server:
        yield server


def test_the_key_goes_along(api: ApiServer) -> None:
    """As a bearer token, the form that no proxy keeps to itself."""
    Gateway(api.url, "s3cret").get("webhooks")

    assert api.asked[0].headers["authorization"] == "Bearer s3cret"


def test_without_a_key_none_is_sent(api: ApiServer) -> None:
    """`gateway dev` asks for none."""
    Gateway(api.url, None).get("webhooks")

    assert "authorization" not in api.asked[0].headers


def test_the_path_of_a_proxy_stays_in_front(api: ApiServer) -> None:
    """A gateway may be one of several behind one name."""
    Gateway(f"{api.url}/lobby", None).get("webhooks", "wh_1", limit="2", cursor=None)

    assert (api.asked[0].path, api.asked[0].query) == (
        "/lobby/webhooks/wh_1",
        {"limit": "2"},
    )


def test_what_is_given_stays_one_part_of_the_path(api: ApiServer) -> None:
    """Nobody reaches another address with an odd id."""
    Gateway(api.url, None).post("deliveries", "a/b?c#\udcff", "retry")

    assert api.asked[0].path == "/deliveries/a%2Fb%3Fc%23%3F/retry"
    assert api.asked[0].method == "POST"


def test_a_body_is_json(api: ApiServer) -> None:
    """In UTF-8, with its type."""
    Gateway(api.url, None).post("webhooks", body={"description": "déjà"})

    assert api.asked[0].body == {"description": "déjà"}
    assert api.asked[0].headers["content-type"] == "application/json"


def test_a_proxy_of_the_environment_is_not_used(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key would pass through it."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{refused_port()}")

    Gateway(api.url, "s3cret").get("webhooks")

    assert len(api.asked) == 1


def test_a_redirect_is_not_followed() -> None:
    """The key would go elsewhere."""
    with ApiServer(Reply(307, {}, {"Location": "/elsewhere"})) as api:
        with pytest.raises(Unanswered, match="answered 307, and not as a gateway"):
            Gateway(api.url, "s3cret").get("webhooks")

        assert len(api.asked) == 1


def test_nobody_there_says_what_to_do() -> None:
    """The sentence has the address, the reason and both ways out."""
    url = f"http://127.0.0.1:{refused_port()}"

    with pytest.raises(Unanswered) as caught:
        Gateway(url, None).get("webhooks")

    assert str(caught.value) == (
        f"no gateway answers at {url} (Connection refused): start one with"
        " `gateway serve` or set GATEWAY_URL"
    )


def test_a_name_that_cannot_be_one_is_told() -> None:
    """No name has a part of nothing."""
    with pytest.raises(Unanswered, match="no gateway answers"):
        Gateway("http://a..b", None).get("webhooks")


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"\xff", b'"text"', b"[" * 100_000, b""]
)
def test_what_is_no_gateway_is_told(body: bytes) -> None:
    """Something else listens there, or a proxy speaks for a gateway that is away."""
    with (
        ApiServer(Reply(200, body)) as api,
        pytest.raises(Unanswered, match="is GATEWAY_URL right"),
    ):
        Gateway(api.url, None).get("webhooks")


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"]
)
async def test_a_connection_that_breaks_off_leaves_it_open(answer: bytes) -> None:
    """What was asked for may have been done: that is said."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        gateway = Gateway(f"http://127.0.0.1:{port}", None)

        with pytest.raises(Unanswered, match="may have been done"):
            await asyncio.to_thread(gateway.post, "webhooks")


async def test_an_answer_that_does_not_come_is_not_waited_for_forever() -> None:
    """The time-out is one of the call, not of the kernel."""
    over = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        gateway = Gateway(f"http://127.0.0.1:{port}", None, timeout_s=0.05)

        with pytest.raises(Unanswered, match="the time is up"):
            await asyncio.to_thread(gateway.get, "webhooks")
        over.set()


def test_a_problem_is_told_with_each_place() -> None:
    """What the detail says already is not said twice."""
    with ApiServer(Reply(422, PROBLEM)) as api, pytest.raises(Refused) as caught:
        Gateway(api.url, None).post("webhooks", body={})

    assert caught.value.status == 422
    assert str(caught.value).split("\n") == [
        "Invalid request: /url: It is needed. (1 more)",
        "  /events/0: 'nothing' is no event.",
    ]


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:8080", "ftp://host", "http://", "http://host:99999"),
        *("http://host:x", "http://s3cret@host", "http://host/?a=b", "http://host/#a"),
        *("http://ho st", "http://host/\n", "http://[::1", "http://é"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """Before anything is sent anywhere; a key in it is not said again."""
    with pytest.raises(typer.BadParameter) as caught, calling("x", url, None):
        pass

    assert "s3cret" not in str(caught.value)


def test_a_key_is_taken_without_the_space_around_it() -> None:
    """As it comes out of a file."""
    with calling("x", "http://127.0.0.1:1/", " s3cret\n") as gateway:
        assert (gateway.api_key, gateway.url) == ("s3cret", "http://127.0.0.1:1")


def test_an_empty_key_is_none() -> None:
    """A variable that is set to nothing."""
    with calling("x", "http://127.0.0.1:1", "") as gateway:
        assert gateway.api_key is None


def test_a_key_that_cannot_be_sent_is_refused() -> None:
    """A line break would begin another header."""
    with (
        pytest.raises(typer.BadParameter),
        calling("x", "http://127.0.0.1:1", "a\nb"),
    ):
        pass


def test_a_failure_ends_the_command_with_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The sentence is on stderr, and steers no terminal."""
    hostile = "\x1b[31mred"

    with pytest.raises(typer.Exit) as caught, calling("x y", "http://h", None):
        raise Unanswered(hostile)

    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == "gateway x y: \ufffd[31mred\n"


@pytest.mark.parametrize(
    ("given", "found"),
    [("wh_01J", "wh_01J"), ("wh_env_a", "wh_env_a"), ("crm-2", "wh_env_crm-2")],
)
def test_a_webhook_has_an_id_or_a_name(given: str, found: str) -> None:
    """A name is that of the configuration."""
    assert webhook_id(given) == found


@pytest.mark.parametrize("given", ["", "https://example.com/hook", "a b", "-x", ".."])
def test_what_names_no_webhook_is_refused(given: str) -> None:
    """A URL, for one: several webhooks may share it."""
    with pytest.raises(typer.BadParameter):
        webhook_id(given)


def test_other_ids_have_their_prefix() -> None:
    """A webhook's id where a delivery's is wanted is a slip."""
    assert (delivery_id("dlv_1"), replay_id("rpl_1")) == ("dlv_1", "rpl_1")
    with pytest.raises(typer.BadParameter, match="dlv_"):
        delivery_id("wh_1")
    with pytest.raises(typer.BadParameter, match="rpl_"):
        replay_id("rpl_/..")


@pytest.mark.parametrize(
    ("given", "found"),
    [(None, None), ("a", ["a"]), ("a, b,,c", ["a", "b", "c"])],
)
def test_words_are_separated_by_commas(
    given: str | None, found: list[str] | None
) -> None:
    """Spaces around them do not count."""
    assert words(given) == found


@pytest.mark.parametrize("given", ["", " , "])
def test_a_list_of_nothing_is_refused(given: str) -> None:
    """It would be taken for everything, and was a variable that is not set."""
    with pytest.raises(typer.BadParameter):
        words(given)


def test_what_steers_a_terminal_is_taken_out() -> None:
    """Text of strangers passes through here."""
    assert printable("é\x1b[2J\t") == "é\ufffd[2J\ufffd"


def test_what_joins_letters_and_pictures_stays() -> None:
    """It steers nothing, and without it words and emoji fall apart."""
    said = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f467"

    assert printable(said) == said


async def test_a_pipe_that_is_closed_early_is_no_traceback() -> None:
    """`gateway webhooks list | head -0`."""
    with ApiServer(Reply(200, {"webhooks": [{"id": "wh_1"}] * 50_000})) as api:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", '"$0" -m gateway webhooks list --url "$1" | head -n 1'),
            *(sys.executable, api.url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

        out, err = await process.communicate()

    assert out.startswith(b"wh_1\t")
    assert err == b""


def test_a_stream_is_read_as_it_comes() -> None:
    """It asks for its type, and for no more than it is told to."""
    reply = Reply(200, b"data: 1\n\n", {"Content-Type": "text/event-stream; v=1"})
    with ApiServer(reply) as api:
        gateway = Gateway(api.url, "s3cret")

        with gateway.stream(
            "events", headers={"Accept": "text/event-stream"}, since="latest", room=None
        ) as stream:
            content = stream.read()

    assert content == b"data: 1\n\n"
    assert api.asked[0].query == {"since": "latest"}
    assert api.asked[0].headers["accept"] == "text/event-stream"
    assert api.asked[0].headers["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("status", [200, 502])
def test_a_page_in_a_streams_place_is_told(status: int) -> None:
    """With its status: a proxy's 502 passes, a page of somebody else does not."""
    reply = Reply(status, b"<html>", {"Content-Type": "text/html"})
    with (
        ApiServer(reply) as api,
        pytest.raises(Unanswered) as caught,
        Gateway(api.url, None).stream("events", headers={"Accept": "text/x"}),
    ):
        pass

    assert caught.value.status == status


@pytest.mark.parametrize(("given", "found"), [("7", 7), ("Sat, 31 Jan", None)])
def test_a_refusal_has_the_problem_and_the_pause(given: str, found: int | None) -> None:
    """For a caller that asks again."""
    problem = {"title": "Full", "code": "quota_exceeded"}
    reply = Reply(429, problem, {"Retry-After": given})
    with (
        ApiServer(reply) as api,
        pytest.raises(Refused) as caught,
        Gateway(api.url, None).stream("events", headers={"Accept": "text/x"}),
    ):
        pass

    assert caught.value.problem == problem
    assert caught.value.retry_after_s == found


def test_a_gateway_that_is_not_reached_was_asked_nothing() -> None:
    """So that the same may be asked again without a thought."""
    with pytest.raises(Unreached):
        Gateway(f"http://127.0.0.1:{refused_port()}", None).post("send", body={})
