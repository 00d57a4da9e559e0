"""The guard: what may be called, and which rule and setting say so."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given, strategies as st

from gateway.domain.errors import UrlBlocked
from gateway.egress.guard import (
    ALLOW_CIDRS,
    ALLOW_HOSTS,
    ALLOW_PORTS,
    DENY_CIDRS,
    REQUIRE_HTTPS,
    BadEgressSetting,
    EgressPolicy,
    check_url,
    literals,
    parse_hosts,
    parse_networks,
    parse_ports,
    url_breach,
)

STRICT = EgressPolicy()
DEVELOPMENT = STRICT.for_development()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "https://example.com:8443/hook?key=1#top",
        "https://user:pass@example.com/",
        "https://bücher.example/",
        "https://my_host/",
        "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]/",
        "HTTPS://EXAMPLE.COM",
    ],
)
def test_public_https_may_be_called(url: str) -> None:
    """A URL with nothing wrong to be seen passes."""
    check_url(url, STRICT)


@pytest.mark.parametrize(
    ("url", "rule", "setting"),
    [
        ("", "scheme", None),
        ("example.com/hook", "scheme", None),
        ("ftp://example.com/", "scheme", None),
        ("file:///etc/passwd", "scheme", None),
        ("javascript:alert(1)", "scheme", None),
        ("http://example.com/", "scheme", REQUIRE_HTTPS),
        ("https://", "url", None),
        ("https://[::1", "url", None),
        ("https://].[@", "url", None),
        ("https://127.0.0.1\0/", "url", None),
        ("https://a b.example/", "url", None),
        ("https://%31%32%37.0.0.1/", "url", None),
        ("https://example.com:99999/", "url", None),
        ("https://example.com:0/", "url", None),
        ("https://example.com:22/", "port", ALLOW_PORTS),
        ("https://127.0.0.1/", "private_address", ALLOW_CIDRS),
        ("https://127.1/", "private_address", ALLOW_CIDRS),
        ("https://2130706433/", "private_address", ALLOW_CIDRS),
        ("https://0x7f.0.0.1/", "private_address", ALLOW_CIDRS),
        ("https://0177.0.0.1/", "private_address", ALLOW_CIDRS),
        ("https://10.1.2.3:8443/", "private_address", ALLOW_CIDRS),
        ("https://0/", "private_address", ALLOW_CIDRS),
        ("https://localhost/", "private_address", ALLOW_CIDRS),
        ("https://a.localhost./", "private_address", ALLOW_CIDRS),
        ("https://[::1]/", "private_address", ALLOW_CIDRS),
        ("https://[::ffff:10.0.0.1]/", "private_address", ALLOW_CIDRS),
        ("https://[::ffff:a00:1]/", "private_address", ALLOW_CIDRS),
        ("https://[64:ff9b::10.0.0.1]/", "private_address", ALLOW_CIDRS),
        ("https://[fe80::1%25eth0]/", "private_address", ALLOW_CIDRS),
        ("https://①②⑦.0.0.1/", "private_address", ALLOW_CIDRS),
        ("https://169.254.169.254/latest", "metadata_address", None),
        ("https://[::ffff:169.254.169.254]/", "metadata_address", None),
        ("https://[2002:a9fe:a9fe::]/", "metadata_address", None),
        ("https://168.63.129.16/", "metadata_address", None),
    ],
)
def test_a_bad_url_names_its_rule_and_setting(
    url: str, rule: str, setting: str | None
) -> None:
    """What can be seen to be bad is refused, with the setting that would lift it."""
    with pytest.raises(UrlBlocked) as caught:
        check_url(url, STRICT, pointer="/target_url")

    assert caught.value.facts == {"rule": rule, "setting": setting}
    assert caught.value.errors[0].pointer == "/target_url"


@given(st.text())
def test_no_text_makes_the_check_fail_otherwise(text: str) -> None:
    """Whatever is given for a URL is judged, never an exception."""
    for url in (text, f"https://{text}", f"https://{text}:443/"):
        url_breach(url, STRICT)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "gateway.internal"])
def test_no_setting_lets_the_gateway_call_itself(name: str) -> None:
    """Neither a host allowed by name nor a network allowed whole."""
    allowed = EgressPolicy.parse(
        allow_cidrs=["127.0.0.0/8"],
        allow_hosts=[f"{name}:8080"],
        allow_ports="1-65535",
        require_https=False,
    )
    policy = replace(allowed, own=frozenset({("127.0.0.1", 8080)}))

    breach = policy.breach(
        ip_address("127.0.0.1"), 8080, exempt=policy.is_exempt(name, 8080)
    )

    assert policy.is_exempt(name, 8080)
    assert breach is not None
    assert breach.rule == "own_listener"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9000/", "http://localhost:1/", "http://[::1]:65535/x"],
)
def test_development_allows_loopback(url: str) -> None:
    """In development loopback, plain http and every port may be called."""
    check_url(url, DEVELOPMENT)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://169.254.169.254/", "http://0.0.0.0/"]
)
def test_development_allows_nothing_else_inside(url: str) -> None:
    """Other private addresses stay closed in development."""
    with pytest.raises(UrlBlocked):
        check_url(url, DEVELOPMENT)


def test_a_network_can_be_allowed() -> None:
    """An allowed network opens its addresses, also as they look within IPv6."""
    policy = EgressPolicy.parse(allow_cidrs=["10.0.0.0/8"])

    check_url("https://10.1.2.3/", policy)
    check_url("https://[::ffff:10.1.2.3]/", policy)
    with pytest.raises(UrlBlocked):
        check_url("https://192.168.1.1/", policy)


def test_a_denied_network_stays_denied() -> None:
    """Denying wins over allowing, by network and by name."""
    policy = EgressPolicy.parse(
        allow_cidrs=["10.0.0.0/8"],
        deny_cidrs=["10.1.0.0/16", "1.1.1.0/24"],
        allow_hosts=["10.1.2.3:443"],
    )

    for url in ("https://10.1.2.3/", "https://1.1.1.1/"):
        with pytest.raises(UrlBlocked) as caught:
            check_url(url, policy)
        assert caught.value.facts["setting"] == DENY_CIDRS


def test_a_host_and_port_can_be_allowed() -> None:
    """The exact pair may be plain http, private and on any port."""
    policy = EgressPolicy.parse(
        allow_hosts=["n8n:5678", "127.0.0.1:3000", "bücher.example:80"]
    )

    check_url("http://n8n:5678/webhook", policy)
    check_url("http://BÜCHER.example/", policy)
    check_url("http://N8N.:5678/webhook", policy)
    check_url("http://127.0.0.1:3000/", policy)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://n8n:5679/", "scheme"),
        ("https://n8n:5679/", "port"),
        ("http://other:5678/", "scheme"),
        ("http://127.0.0.2:3000/", "scheme"),
    ],
)
def test_an_allowed_pair_allows_no_other(url: str, rule: str) -> None:
    """Another port or another host is judged as ever."""
    policy = EgressPolicy.parse(allow_hosts=["n8n:5678", "127.0.0.1:3000"])

    with pytest.raises(UrlBlocked) as caught:
        check_url(url, policy)

    assert caught.value.facts["rule"] == rule


def test_metadata_is_never_allowed() -> None:
    """No setting opens the address that hands out a machine's credentials."""
    policy = EgressPolicy.parse(
        allow_cidrs=["169.254.0.0/16"], allow_hosts=["169.254.169.254:80"]
    )

    with pytest.raises(UrlBlocked):
        check_url("http://169.254.169.254/", policy)


@pytest.mark.parametrize(
    ("bound", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/"),
        ("127.0.0.1", "http://localhost:8080/"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]:8080/"),
        ("127.0.0.1", "http://0.0.0.0:8080/"),
        ("::1", "http://[::1]:8080/"),
        ("::", "http://[::]:8080/"),
        ("localhost", "http://127.0.0.1:8080/"),
        ("host.example", "http://127.0.0.1:8080/"),
        ("0.0.0.0", "http://127.0.0.1:8080/"),
        ("0.0.0.0", "http://127.9.9.9:8080/"),
        ("::", "http://127.0.0.1:8080/"),
    ],
)
def test_the_gateway_does_not_call_itself(bound: str, url: str) -> None:
    """Our own listener is refused under each of its addresses, wherever it is bound."""
    policy = replace(DEVELOPMENT, own=frozenset({(bound, 8080)}))

    with pytest.raises(UrlBlocked) as caught:
        check_url(url, policy)

    assert caught.value.facts == {"rule": "own_listener", "setting": None}


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9000/", "https://1.1.1.1:8080/", "http://example.com:8080/"],
)
def test_others_are_not_taken_for_the_gateway(url: str) -> None:
    """Another port here, or the same port elsewhere, may be called."""
    policy = replace(DEVELOPMENT, own=frozenset({("0.0.0.0", 8080)}))

    check_url(url, policy)


def test_a_breach_does_not_repeat_the_address() -> None:
    """The sentence says which rule, not where a name leads."""
    breach = STRICT.breach(ip_address("10.1.2.3"), 443)

    assert breach is not None
    assert "10.1.2.3" not in breach.sentence


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", []),
        ("127.0.0.1", ["127.0.0.1"]),
        ("::1", ["::1"]),
        ("fe80::1%eth0", ["fe80::1"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("0x7f000001", ["127.0.0.1"]),
        ("1.2.3.4.5", []),
        ("face", []),
        ("...", []),
    ],
)
def test_a_host_may_be_an_address(host: str, expected: list[str]) -> None:
    """Addresses are read in every form that a resolver would read."""
    assert literals(host) == tuple(map(ip_address, expected))


def test_ports_are_numbers_and_ranges() -> None:
    """Both ends of a range belong to it."""
    assert parse_ports("443, 8000-8999,") == (range(443, 444), range(8000, 9000))


@pytest.mark.parametrize("text", ["0", "65536", "80-", "9-8", "http", "-1", "٤٤٣"])
def test_bad_ports_are_refused_by_name(text: str) -> None:
    """The setting and the bad word are in the sentence."""
    with pytest.raises(BadEgressSetting, match=ALLOW_PORTS):
        parse_ports(text)


@pytest.mark.parametrize("word", ["10.0.0.1/8", "ten", "10.0.0.0/33", ""])
def test_bad_networks_are_refused_by_name(word: str) -> None:
    """The setting and the bad word are in the sentence."""
    with pytest.raises(BadEgressSetting, match=DENY_CIDRS):
        parse_networks([word], setting=DENY_CIDRS)


def test_hosts_are_compared_in_their_plain_form() -> None:
    """Case, a last full stop and the writing of an address make no difference."""
    hosts = parse_hosts(["N8N.:5678", "[FD00:0::1]:80", " host.docker.internal:3000 "])

    assert hosts == {("n8n", 5678), ("fd00::1", 80), ("host.docker.internal", 3000)}


@pytest.mark.parametrize("word", ["n8n", "n8n:", ":80", "n8n:0", "n8n:65536", "::1:80"])
def test_bad_hosts_are_refused_by_name(word: str) -> None:
    """The setting and the bad word are in the sentence."""
    with pytest.raises(BadEgressSetting, match=ALLOW_HOSTS):
        parse_hosts([word])
