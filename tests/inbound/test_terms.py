"""What one may ask of a source."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.model import Match, OwnResponse, Preset, Profile
from gateway.domain.model.sources import MIB
from gateway.inbound.terms import Terms, as_json, parse
from tests.fakes.inbound import a_source, room_of

LEAST: Mapping[str, object] = {
    "name": "shop",
    "verify": {"profile": "none"},
    "broadcast": True,
}


def parsed(**changes: object) -> Terms:
    """Return what a body asks for."""
    return parse({**LEAST, **changes}, room_of)


def wrong(**changes: object) -> list[str]:
    """Return the places of a body that are wrong."""
    with pytest.raises(Invalid) as caught:
        parsed(**changes)
    return [error.pointer for error in caught.value.errors]


def test_the_least_that_makes_a_source_has_defaults() -> None:
    """The only room, everybody, JSON, POST, 1 MiB, a day."""
    terms = parsed()

    source = terms.applied_to(a_source(name="", room=""))
    assert source == a_source()
    assert (source.room, source.to, source.type) == ("lobby", None, "webhook")
    assert (source.methods, source.max_bytes) == (("POST",), MIB)
    assert source.ttl == timedelta(days=1)


def test_what_is_shown_asks_for_the_same() -> None:
    """Its secrets apart."""
    asked = parsed(
        to=["alice", {"role": "agent"}],
        broadcast=False,
        room="lobby",
        match="all",
        type="order",
        format="cloudevents",
        template={"text": "{{ id }}"},
        filter="id",
        dedup="header:X-Id",
        methods=["POST", "GET"],
        max_body=10,
        ttl=60,
        response={"status": 200, "body": "ok", "content_type": "text/plain"},
        description="ours",
        active=False,
    )

    shown = as_json(asked.applied_to(a_source()))

    assert parse(shown, room_of) == asked
    assert asked.match is Match.ALL
    assert asked.response == OwnResponse(200, "ok")


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Each by its place."""
    with pytest.raises(Invalid) as caught:
        parse({"room": "attic", "filter": "[", "ttl": 0, "more": 1}, room_of)

    assert {error.pointer for error in caught.value.errors} == {
        "/name",
        "/room",
        "/verify",
        "/to",
        "/filter",
        "/ttl",
        "/more",
    }


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"room": 7}, "/room"),
        ({"type": "dismiss"}, "/type"),
        ({"format": "xml"}, "/format"),
        ({"match": "some"}, "/match"),
        ({"template": 7}, "/template"),
        ({"template": {"text": "{{"}}, "/template/text"),
        ({"template": "{{"}, "/template"),
        ({"template": {"n": float("nan")}}, "/template"),
        ({"fields": {"text": "x"}}, "/fields"),
        ({"filter": "a ="}, "/filter"),
        ({"dedup": "a ="}, "/dedup"),
        ({"dedup": "header:"}, "/dedup"),
        ({"dedup": "header:a b"}, "/dedup"),
        ({"dedup": 7}, "/dedup"),
        ({"dedup": "header:Authorization"}, "/dedup"),
        ({"dedup": "header:X-Gitlab-Token"}, "/dedup"),
        ({"methods": ["PUT"]}, "/methods/0"),
        ({"methods": []}, "/methods"),
        ({"max_body": 25 * MIB + 1}, "/max_body"),
        ({"ttl": 86_401}, "/ttl"),
        ({"response": {"status": 302}}, "/response/status"),
        ({"response": {"content_type": "text/html"}}, "/response/content_type"),
        ({"response": {"headers": {}}}, "/response/headers"),
        ({"active": "yes"}, "/active"),
    ],
)
def test_what_breaks_a_rule_is_pointed_at(
    changes: Mapping[str, object], pointer: str
) -> None:
    """One thing wrong is told once."""
    assert wrong(**changes) == [pointer]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"brodcast": True}, "perhaps broadcast is meant"),
        ({"secret": "x"}, "a member of `verify`"),
        ({"url": "https://example.com"}, "The gateway makes the address"),
        ({"created_at": None}, "cannot be set"),
        ({"ttl": "1d"}, "of seconds"),
        ({"max_body": "1 MB"}, "of bytes"),
        ({"template": "a\n{{ x | upper }}"}, "At line 2, column 8: "),
        ({"filter": "action = 'opened'"}, "At character 8: "),
        ({"filter": "lower(action)"}, "there is no function lower()"),
        ({"dedup": "X-Request-Id: 5"}, "header:Name"),
    ],
)
def test_a_mistake_is_told_what_would_be_right(
    changes: Mapping[str, object], words: str
) -> None:
    """Most are made by many."""
    with pytest.raises(Invalid) as caught:
        parsed(**changes)

    assert words in caught.value.errors[0].detail


def test_an_answer_in_json_is_json() -> None:
    """Or those that it is meant for could not read it."""
    told = {"content_type": "application/json"}

    assert wrong(response={**told, "body": "ok"}) == ["/response/body"]
    assert parsed(response={**told, "body": '"ok"'}).response is not None
    assert parsed(response={**told, "status": 204}).response is not None


def test_the_header_of_the_signature_does_not_tell_requests_apart() -> None:
    """Whatever its name is: what it says is not kept."""
    verify = {"profile": "hmac", "secret": "s3cret", "header": "X-Acme-Mac"}

    assert wrong(verify=verify, dedup="header:x-acme-mac") == ["/dedup"]


def test_a_string_is_a_template_for_the_text() -> None:
    """As most want it."""
    template = parsed(template="{{ a }}").template

    assert json.loads(template or "") == {"text": "{{ a }}"}


@pytest.mark.parametrize(
    ("profile", "preset"),
    [
        (Profile.GITHUB, Preset.GITHUB),
        (Profile.STRIPE, Preset.STRIPE),
        (Profile.MESHAGENT, Preset.MESHAGENT),
        (Profile.GITLAB, Preset.JSON),
        (Profile.SLACK, Preset.JSON),
    ],
)
def test_who_sends_it_says_what_it_is(profile: Profile, preset: Preset) -> None:
    """Unless `format` says otherwise."""
    verify = {"profile": profile.value, "secret": "s3cret"}

    assert parsed(verify=verify).preset is preset
    assert parsed(verify=verify, format="json").preset is Preset.JSON


def test_an_empty_answer_of_ones_own_is_one() -> None:
    """A 200 with nothing in it is what some want."""
    assert parsed(response={"status": 200, "body": ""}).response == OwnResponse(200)
