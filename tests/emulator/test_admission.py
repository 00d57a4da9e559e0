"""Participant tokens, API keys and who they let in."""

from datetime import UTC, datetime

import jwt
import pytest

from gateway.emulator.admission import (
    FULL,
    BadSignature,
    Doorman,
    Refused,
    Rights,
    Ticket,
    bearer,
    new_api_key,
    offered_token,
)
from gateway.room.tokens import ApiKey

SECRET = "shared-secret-of-more-than-thirty-two-bytes"
PAST = datetime(2001, 1, 1, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)


def forged(claims: dict[str, object], secret: str = SECRET) -> str:
    """Sign claims with some secret."""
    return jwt.encode(claims, secret, algorithm="HS256")


def refusal(doorman: Doorman, token: str | None, room: str = "lobby") -> int:
    """The status with which somebody is turned away."""
    with pytest.raises(Refused) as caught:
        doorman.admit(token, room)
    return caught.value.status


def test_a_minted_token_admits_to_its_room_with_its_role() -> None:
    """Name, role and full messaging rights come back out of a minted token."""
    doorman = Doorman(new_api_key())

    ticket = doorman.admit(doorman.mint("lobby", "zoë", "agent"), "lobby")

    assert ticket == Ticket("lobby", "zoë", "agent", FULL)


def test_a_token_names_its_key_and_project() -> None:
    """The claims carry the UUIDs of the key, as the official signers write them."""
    key = new_api_key()
    doorman = Doorman(key)

    claims = doorman.claims(doorman.mint("lobby", "a", expires_at=FAR))

    assert (claims["kid"], claims["sub"]) == (key.id, key.project_id)
    assert claims["exp"] == int(FAR.timestamp())


@pytest.mark.parametrize(
    "rights",
    [FULL, Rights(send=False), Rights(broadcast=False), Rights(list=False), None],
)
def test_messaging_rights_survive_the_token(rights: Rights | None) -> None:
    """Each flag that is denied, and a missing section, are read as they were minted."""
    doorman = Doorman(new_api_key())

    ticket = doorman.admit(doorman.mint("lobby", "a", rights=rights), "lobby")

    assert ticket.rights == rights


def test_an_expired_token_is_refused() -> None:
    """The end of validity counts, without strictness as well."""
    key = new_api_key()
    token = Doorman(key).mint("lobby", "a", expires_at=PAST)

    assert refusal(Doorman(key), token) == 401
    assert refusal(Doorman(key, strict=False), token) == 401


def test_a_token_of_another_key_is_refused() -> None:
    """Neither a foreign key id nor a foreign signature under ours is taken."""
    key = new_api_key()
    doorman = Doorman(key, secret=SECRET)
    impostor = Doorman(ApiKey(key.id, key.project_id, "x" * 40))

    assert refusal(Doorman(key), Doorman(new_api_key()).mint("lobby", "a")) == 401
    assert refusal(doorman, impostor.mint("lobby", "a")) == 401
    with pytest.raises(BadSignature):
        doorman.claims(impostor.mint("lobby", "a"))


def test_a_shared_secret_may_sign() -> None:
    """Tokens of signers that have no API key are taken with the shared secret."""
    grants = [{"name": "room", "scope": "lobby"}]
    token = forged({"name": "a", "grants": grants})

    ticket = Doorman(new_api_key(), secret=SECRET).admit(token, "lobby")

    assert ticket == Ticket("lobby", "a", "user", None)
    assert refusal(Doorman(new_api_key()), token) == 401


def test_without_strictness_any_signature_will_do() -> None:
    """A token that names the room suffices."""
    token = Doorman(new_api_key()).mint("lobby", "a")

    ticket = Doorman(new_api_key(), strict=False).admit(token, "lobby")

    assert ticket.name == "a"


def test_a_short_secret_is_taken_without_a_warning() -> None:
    """The official clients accept keys with short secrets, and so do we."""
    key = ApiKey.parse("ma-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-secret")
    doorman = Doorman(key)

    assert doorman.admit(doorman.mint("lobby", "a"), "lobby").name == "a"


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"name": "a", "grants": [{"name": "room", "scope": "attic"}]}, 403),
        ({"name": "a", "grants": [{"name": "role", "scope": "agent"}]}, 403),
        ({"name": "a", "grants": ["room", None, {}]}, 403),
        ({"name": "a"}, 403),
        ({"name": "a", "grants": "room"}, 403),
        ({"grants": [{"name": "room", "scope": "lobby"}]}, 401),
        ({"name": "", "grants": [{"name": "room", "scope": "lobby"}]}, 401),
        ({"name": 7, "grants": [{"name": "room", "scope": "lobby"}]}, 401),
    ],
)
def test_claims_without_a_name_or_this_room_are_refused(
    claims: dict[str, object], status: int
) -> None:
    """What is missing decides between 401 and 403."""
    assert refusal(Doorman(new_api_key(), secret=SECRET), forged(claims)) == status


@pytest.mark.parametrize("token", [None, "", "rubbish", "a.b.c", "é.é.é"])
def test_what_is_no_token_is_refused(token: str | None) -> None:
    """Rubbish is 401 and never another error."""
    assert refusal(Doorman(new_api_key()), token) == 401


@pytest.mark.parametrize("room", ["", "Lobby", "-a", "a-", "a" * 64, "a b", "é"])
def test_a_name_that_no_room_can_have_is_not_found(room: str) -> None:
    """Room names are 1 to 63 of a-z, 0-9 and inner hyphens."""
    doorman = Doorman(new_api_key())

    assert refusal(doorman, doorman.mint(room, "a"), room) == 404


def test_the_role_is_the_first_that_is_not_user() -> None:
    """Several role grants are read as the official signers define it."""
    grants = [
        {"name": "role", "scope": "user"},
        {"name": "role", "scope": "tool"},
        {"name": "role", "scope": "agent"},
        {"name": "room", "scope": "lobby"},
    ]
    doorman = Doorman(new_api_key(), secret=SECRET)

    ticket = doorman.admit(forged({"name": "a", "grants": grants}), "lobby")

    assert ticket.role == "tool"


def test_callers_present_the_api_key() -> None:
    """The whole key is the bearer, nothing else is."""
    key = new_api_key()
    doorman = Doorman(key)

    doorman.admit_caller(f"Bearer {key.encode()}")

    for wrong in (None, "", "Bearer", f"Basic {key.encode()}", "Bearer ma-é"):
        with pytest.raises(Refused, match="API key"):
            doorman.admit_caller(wrong)


def test_a_token_is_found_in_each_of_its_three_places() -> None:
    """Sub-protocol, header, query; only the first is to be echoed."""
    item = "meshagent-room.t1"

    assert offered_token(None, None, ["other", item]) == ("t1", item)
    assert offered_token("Bearer t2", "t3", []) == ("t2", None)
    assert offered_token(None, "t3", ["other"]) == ("t3", None)
    assert offered_token(None, None, []) == (None, None)


def test_a_bearer_is_read_without_regard_to_case() -> None:
    """The scheme's case and surrounding spaces are no matter."""
    assert bearer("bEARER  abc ") == "abc"
    assert bearer("Bearer ") is None


def test_a_key_is_made_anew_each_time() -> None:
    """Two made keys share nothing, and their text can be read back."""
    one, two = new_api_key(), new_api_key()

    assert ApiKey.parse(one.encode()) == one
    assert {one.id, one.project_id, one.secret}.isdisjoint(
        {two.id, two.project_id, two.secret}
    )
