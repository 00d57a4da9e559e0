"""A webhook's own headers can break neither the request nor what we say in it."""

import pytest

from gateway.delivery.headers import MASK, check_headers, masked, unechoed


def wrong(headers: dict[str, object]) -> list[str]:
    """Return the names of the headers that are refused."""
    return [name for name, _ in check_headers(headers)]


def test_ordinary_headers_are_allowed() -> None:
    """A token, a value with spaces inside and an empty value are fine."""
    headers: dict[str, object] = {"Authorization": "Bearer x y", "X-Empty": ""}

    assert wrong(headers) == []


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "Content-Type",
        "Transfer-Encoding",
        "connection",
        "TE",
        "Upgrade",
        "Expect",
        "webhook-id",
        "Webhook-Anything",
        "traceparent",
        "gateway-hop",
        "",
        "a b",
        "a:b",
        "a\r\nb",
        "é",
        "x" * 129,
    ],
)
def test_names_that_are_ours_or_none_are_refused(name: str) -> None:
    """Neither framing, nor signatures, nor what is no name can be set."""
    assert wrong({name: "x"}) == [name]


@pytest.mark.parametrize(
    "value", ["a\r\nb", "a\nb", "a\0b", "é", " a", "a ", "\t", 1, None, ["a"], MASK]
)
def test_values_that_could_split_a_request_are_refused(value: object) -> None:
    """Only visible ASCII with spaces inside is a value, and the mask is none."""
    assert wrong({"X-Value": value}) == ["X-Value"]


def test_one_header_in_two_spellings_is_refused() -> None:
    """Names that differ in case only are the same header."""
    assert wrong({"X-Team": "a", "x-team": "b"}) == ["x-team"]


def test_there_may_be_fifty() -> None:
    """The fifty-first header is too many."""
    headers: dict[str, object] = {f"X-{number}": "1" for number in range(50)}

    assert wrong(headers) == []
    assert wrong({**headers, "X-50": "1"}) == ["X-0"]


def test_all_together_are_bounded() -> None:
    """Names and values of more than 4096 bytes together are refused."""
    assert wrong({"X-Long": "a" * 4090}) == []
    assert wrong({"X-Long": "a" * 4091}) == ["X-Long"]


def test_only_own_values_are_masked() -> None:
    """What was sent is shown, but for the values of the webhook's own headers."""
    sent = {"webhook-id": "evt_1", "authorization": "Bearer x"}

    shown = masked(sent, {"Authorization": "Bearer x"})

    assert shown == {"webhook-id": "evt_1", "authorization": MASK}


@pytest.mark.parametrize(
    "echo",
    [
        "you sent Bearer s3cr3t-t0ken!",
        "the token s3cr3t-t0ken! has expired",
        '{"x-key":"a\\"quoted\\" \\\\ key"}',
    ],
)
def test_an_answer_that_repeats_own_values_does_not_tell_them(echo: str) -> None:
    """Whole, without their scheme, or as JSON spells them."""
    own = {"Authorization": "Bearer s3cr3t-t0ken!", "X-Key": 'a"quoted" \\ key'}

    shown = unechoed(echo, own)

    assert MASK in shown
    assert "s3cr3t" not in shown
    assert "quoted" not in shown


def test_what_is_too_short_to_be_a_secret_is_left_in_answers() -> None:
    """Or every answer with a 1 in it would be full of masks."""
    assert unechoed("1 of 2", {"X-Version": "1", "X-None": ""}) == "1 of 2"
