"""The defaults that others rely on."""

from gateway.room.protocol.options import DEFAULT_OPTIONS


def test_the_defaults_are_those_of_the_documentation() -> None:
    """Ten seconds to join, thirty to acknowledge, sixteen mebibytes at most."""
    options = DEFAULT_OPTIONS

    assert (options.join_timeout_s, options.acknowledgement_timeout_s) == (10.0, 30.0)
    assert options.ping_interval_s == 20.0
    assert options.denied_retry_s == options.steady_s == 60.0
    assert options.max_message_bytes == 16 * 1024 * 1024


def test_no_proxy_is_used_unless_named() -> None:
    """The environment does not decide where a token goes."""
    assert DEFAULT_OPTIONS.proxy is None
