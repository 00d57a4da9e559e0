"""Running a gateway as a process: listener, signals, exit status."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine

import pytest
from aiohttp import ClientSession
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.cli import serving
from gateway.settings import BadSettings, Settings
from gateway.storage.errors import LockHeld, SchemaTooNew


def test_a_free_port_is_chosen_for_zero() -> None:
    """And bound: nobody else gets it."""
    with serving.listen("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()

    assert host == "127.0.0.1"
    assert port > 0


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_is_listened_to() -> None:
    """As it is written in settings."""
    with serving.listen("::1", 0) as listener:
        family = listener.family

    assert family == socket.AF_INET6


def test_a_taken_port_is_one_sentence() -> None:
    """It says which, and what to set."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(BadSettings, match=f":{port}: .*GATEWAY_PORT"):
            serving.listen("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="the options are Linux's")
def test_a_peer_that_is_gone_or_takes_nothing_is_bounded() -> None:
    """What a connection inherits: when it is given up, how much waits for it."""
    with serving.listen("127.0.0.1", 0) as listener:
        listener.listen()
        listener.settimeout(5)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                found = [
                    accepted.getsockopt(socket.IPPROTO_TCP, option)
                    for option in (socket.TCP_USER_TIMEOUT, socket.TCP_NOTSENT_LOWAT)
                ]

    assert found == [serving.DEAD_AFTER_MS, serving.UNSENT_BYTES]


async def test_requests_are_served_until_it_is_told_to_stop() -> None:
    """`started` is called once they are accepted, not before."""
    started = asyncio.Event()
    listener = serving.listen("127.0.0.1", 0)
    url = "http://{}:{}".format(*listener.getsockname())
    server = serving.UvicornServer(listener)

    async with asyncio.TaskGroup() as tasks, asyncio.timeout(8):
        tasks.create_task(server.serve(PlainTextResponse("hello"), started.set))
        await started.wait()
        async with ClientSession() as http, http.get(url) as answer:
            said = await answer.text()
        server.stop(5.0)

    assert said == "hello"
    assert "server" not in answer.headers


async def test_a_request_that_never_comes_whole_does_not_hold_up_a_stop() -> None:
    """Where the time is up, it is cut off after a second."""
    started, asked = asyncio.Event(), asyncio.Event()
    listener = serving.listen("127.0.0.1", 0)
    server = serving.UvicornServer(listener)

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(4), asyncio.TaskGroup() as tasks:
        serving_it = tasks.create_task(server.serve(app, started.set))
        await started.wait()
        _, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1")
        await asked.wait()
        server.stop(-3.0)
        await serving_it
        writer.close()

    assert serving_it.done()


def test_a_server_that_was_never_started_can_be_stopped() -> None:
    """A stop may come early."""
    with serving.listen("127.0.0.1", 0) as listener:
        serving.UvicornServer(listener).stop(5.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_event(number: signal.Signals) -> None:
    """In place of ending the process."""
    loop = asyncio.get_running_loop()
    stop = serving.stopped_by_signals()
    try:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await stop.wait()
    finally:
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    assert stop.is_set()


def failing(
    error: BaseException,
) -> Callable[[Settings], Coroutine[object, object, None]]:
    """Return a command that ends so."""

    async def main(_: Settings) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    async def fail() -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (BadSettings("It makes no sense."), 2, "It makes no sense."),
        (SchemaTooNew("9", "1"), 2, "The store has schema 9"),
        (LockHeld(4711, waited_s=1), 1, "The gateway with pid 4711"),
    ],
)
def test_what_a_person_has_to_mend_is_one_sentence(
    capsys: pytest.CaptureFixture[str], error: Exception, status: int, sentence: str
) -> None:
    """However deep in groups of tasks it was raised."""
    with pytest.raises(SystemExit) as ended:
        serving.run(failing(error), Settings)

    said = capsys.readouterr().err
    assert ended.value.code == status
    assert said.startswith(f"gateway: {sentence}")
    assert said.count("\n") == 1


def test_a_configuration_that_cannot_be_read_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is run."""

    def load() -> Settings:
        message = "GATEWAY_PORT should be a number."
        raise BadSettings(message)

    with pytest.raises(SystemExit) as ended:
        serving.run(failing(AssertionError("it was run")), load)

    assert ended.value.code == 2
    assert capsys.readouterr().err == "gateway: GATEWAY_PORT should be a number.\n"


def test_a_bug_is_shown_as_what_it_is() -> None:
    """Not as a group of one; Python ends with 1 then."""
    with pytest.raises(ZeroDivisionError):
        serving.run(failing(ZeroDivisionError()), Settings)


def test_an_end_in_order_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0."""

    async def main(_: Settings) -> None:
        """Do nothing."""

    serving.run(main, Settings)

    assert capsys.readouterr() == ("", "")


async def test_threads_that_never_end_do_not_hold_up_an_end() -> None:
    """Not Python's own wait for them either; what was to be written is written."""
    program = """if True:
        import asyncio, threading
        from gateway import settings, telemetry
        from gateway.cli import serving

        async def main(_):
            log = telemetry.configure(form="json")
            threading.Thread(target=threading.Event().wait).start()
            asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
            print("said")
            log.info("gateway.stopped")
            serving.leave(log.flush)

        serving.run(main, settings.Settings)
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(20):
        out, err = await process.communicate()

    assert (process.returncode, out) == (0, b"said\n"), err
    assert b"gateway.stopped" in err
