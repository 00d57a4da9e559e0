"""No way inside: URLs of every form, against a listener that counts.

Each form is shown to lead to the listener where that is allowed, so that a form that is
blocked is blocked by the guard and not by a slip in the test.
"""

from collections.abc import Mapping, Sequence

import pytest

from gateway.delivery.ports import Request
from gateway.domain.model import ErrorClass
from gateway.egress import names
from gateway.egress.guard import (
    ALLOW_CIDRS,
    ALLOW_HOSTS,
    ALLOW_PORTS,
    DENY_CIDRS,
    REQUIRE_HTTPS,
    EgressPolicy,
)
from gateway.egress.names import KEPT_S, SocketAddress
from gateway.egress.sender import HttpSender
from gateway.system import SystemClock
from tests.egress.doorstep import Doorstep, has_ipv6
from tests.egress.names import answering, answering_in_turn, socket_address
from tests.fakes.clock import FakeClock

# Nothing but the addresses is in the way.
STRICT = EgressPolicy.parse(allow_ports="1-65535", require_https=False)
OPEN = EgressPolicy.parse(
    allow_cidrs=["127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128"],
    allow_ports="1-65535",
    require_https=False,
)
ZONE: Mapping[str, Sequence[str]] = {
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "six.example": ["::1"],
    "both.example": ["127.0.0.1", "::1"],
    "any.example": ["0.0.0.0"],
}

here = pytest.mark.allow_hosts(
    ["127.0.0.1", "127.0.0.2", "::1", "0.0.0.0", "::ffff:127.0.0.1", "::ffff:7f00:1"]
)
six = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")

FORMS = [
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7F.0x0.0x0.0x1:{port}/",
    "http://127.0x0.1:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "HTTP://LocalHost:{port}/",
    "http://localhost.:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/",
    "http://127。0。0。1:{port}/",
    "http://1\t27.0.0.1\n:{port}/",
    "  http://127.0.0.1:{port}/",
    "http://good.example@127.0.0.1:{port}/",
    "http://good.example:80@127.0.0.1:{port}/",
    "http://good.example%2f@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@good.example/",
    "http://127.0.0.1:{port}?@good.example/",
    "http://127.0.0.1.nip.io:{port}/",
    "http://mapped.example:{port}/",
    "http://both.example:{port}/",
    "http://any.example:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    pytest.param("http://[::1]:{port}/", marks=six),
    pytest.param("http://[0:0::0:1]:{port}/", marks=six),
    pytest.param("http://six.example:{port}/", marks=six),
]
NOWHERE = [
    "http://good.example\\@127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://127.0.0.1%00.example:{port}/",
    "http://127.0.0.1%2f:{port}/",
    "http://127.0.0.1\0:{port}/",
    "http://127.0.0.1 :{port}/",
    "http://good.example 127.0.0.1:{port}/",
    "http://256.0.0.1:{port}/",
    "http://[127.0.0.1]:{port}/",
    "http://[::1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_POST",
    "file://127.0.0.1:{port}/etc/passwd",
]


def looked_up(host: str, port: int) -> Sequence[SocketAddress]:
    """Answer from the zone; what is not in it, the machine is asked for."""
    found = ZONE.get(host)
    if found is None:
        return names._look_up(host, port)
    return [socket_address(each, port) for each in found]


def sending(policy: EgressPolicy) -> HttpSender:
    """Return a sender that knows the zone."""
    return HttpSender(policy, SystemClock(), look_up=looked_up)


def a_request(url: str) -> Request:
    """Return an empty request."""
    return Request(url, {}, b"")


@here
@pytest.mark.parametrize("form", FORMS)
async def test_no_form_of_a_url_leads_inside(form: str) -> None:
    """What leads to the listener where that is allowed is blocked where it is not."""
    async with Doorstep() as door, sending(STRICT) as strict, sending(OPEN) as free:
        request = a_request(form.format(port=door.port))

        blocked = await strict.send(request)
        reached = await free.send(request)

        assert door.accepted == 1
    assert blocked.error_class is ErrorClass.BLOCKED_ADDRESS
    assert reached.status == 204


@here
@pytest.mark.parametrize("form", NOWHERE)
async def test_what_is_read_in_two_ways_is_not_called(form: str) -> None:
    """A URL that another reader might take for an inner one leads nowhere at all."""
    async with Doorstep() as door, sending(OPEN) as free:
        outcome = await free.send(a_request(form.format(port=door.port)))
        control = await free.send(a_request(f"http://127.0.0.1:{door.port}/"))

        assert door.accepted == 1
    assert outcome.status is None
    assert control.status == 204


@here
async def test_a_name_that_changes_its_mind_is_blocked() -> None:
    """A name that led somewhere allowed is asked about again at the next dial."""
    policy = EgressPolicy.parse(
        allow_cidrs=["127.0.0.1/32"], allow_ports="1-65535", require_https=False
    )
    clock = FakeClock()
    turns = answering_in_turn(["127.0.0.1"], ["127.0.0.2"])
    async with (
        Doorstep("127.0.0.1", "127.0.0.2") as door,
        HttpSender(policy, clock, look_up=turns) as sender,
        HttpSender(OPEN, clock, look_up=answering("127.0.0.2")) as free,
    ):
        request = a_request(f"http://rebound.example:{door.port}/")

        first = await sender.send(request)
        await clock.advance(KEPT_S)
        second = await sender.send(request)
        control = await free.send(request)

        assert door.accepted == 2  # The first, and the one that was allowed.
    assert (first.status, control.status) == (204, 204)
    assert second.error_class is ErrorClass.BLOCKED_ADDRESS


@here
async def test_an_answer_that_mixes_is_blocked_as_a_whole() -> None:
    """Not even the address that is allowed is dialled."""
    policy = EgressPolicy.parse(
        allow_cidrs=["127.0.0.1/32"], allow_ports="1-65535", require_https=False
    )
    mixed = answering("127.0.0.1", "127.0.0.2")
    async with (
        Doorstep() as door,
        HttpSender(policy, SystemClock(), look_up=mixed) as sender,
        sending(OPEN) as free,
    ):
        outcome = await sender.send(a_request(f"http://mixed.example:{door.port}/"))
        await free.send(a_request(f"http://127.0.0.1:{door.port}/"))

        assert door.accepted == 1
    assert outcome.error_class is ErrorClass.BLOCKED_ADDRESS


@pytest.mark.parametrize(
    ("url", "address", "settings"),
    [
        ("http://a.example/", "1.1.1.1", [REQUIRE_HTTPS, ALLOW_HOSTS]),
        ("https://a.example:22/", "1.1.1.1", [ALLOW_PORTS]),
        ("https://a.example/", "10.9.8.7", [ALLOW_CIDRS, ALLOW_HOSTS]),
        ("https://a.example/", "fd12::7", [ALLOW_CIDRS, ALLOW_HOSTS]),
        ("https://a.example/", "203.0.114.7", [DENY_CIDRS]),
        ("https://a.example/", "169.254.169.254", ["credentials"]),
    ],
)
async def test_an_attempt_says_what_would_lift_the_rule(
    url: str, address: str, settings: list[str]
) -> None:
    """The rule and its setting are named, never where the name leads."""
    policy = EgressPolicy.parse(deny_cidrs=["203.0.114.0/24"])
    names_ = answering(address)
    async with HttpSender(policy, SystemClock(), look_up=names_) as sender:
        outcome = await sender.send(a_request(url))

    assert outcome.error_class is ErrorClass.BLOCKED_ADDRESS
    assert all(each in (outcome.detail or "") for each in settings)
    assert address not in (outcome.detail or "")


@pytest.mark.parametrize(
    ("allowed", "is_reached"),
    [
        ({"allow_hosts": ["a.example:{port}"]}, True),
        ({"allow_hosts": ["A.EXAMPLE.:{port}"]}, True),
        ({"allow_hosts": ["b.example:{port}"]}, False),
        ({"allow_hosts": ["127.0.0.1:{port}"]}, False),
        ({"allow_hosts": ["a.example:80"]}, False),
        ({"allow_cidrs": ["127.0.0.0/8"]}, True),
        ({"allow_cidrs": ["::ffff:0:0/96"]}, False),
        ({"allow_cidrs": ["127.0.0.0/8"], "deny_cidrs": ["127.0.0.1/32"]}, False),
        ({"allow_hosts": ["a.example:{port}"], "deny_cidrs": ["127.0.0.1/32"]}, False),
    ],
)
async def test_a_setting_opens_what_it_names_and_no_more(
    allowed: dict[str, list[str]], *, is_reached: bool
) -> None:
    """A host and port, or a network; what is denied stays denied."""
    inside = answering("127.0.0.1")
    async with Doorstep() as door, sending(OPEN) as free:
        words = {
            setting: [word.replace("{port}", str(door.port)) for word in each]
            for setting, each in allowed.items()
        }
        policy = EgressPolicy.parse(
            allow_cidrs=words.get("allow_cidrs", ()),
            deny_cidrs=words.get("deny_cidrs", ()),
            allow_hosts=words.get("allow_hosts", ()),
            allow_ports="1-65535",
            require_https=False,
        )
        async with HttpSender(policy, SystemClock(), look_up=inside) as sender:
            outcome = await sender.send(a_request(f"http://a.example:{door.port}/"))
        await free.send(a_request(f"http://127.0.0.1:{door.port}/"))

        assert door.accepted == 1 + is_reached
    assert (outcome.status == 204) is is_reached
