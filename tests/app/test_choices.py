"""What the settings choose, and every way in which they can be wrong."""

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from gateway import settings
from gateway.app import choices
from gateway.egress.guard import url_breach
from gateway.emulator import Emulator
from gateway.room import FixedToken, KeyCredentials, TokenFile
from gateway.settings import BadSettings, Settings
from tests.fakes.clock import NOON
from tests.fakes.meter import FakeMeter

EMULATOR = Emulator()
KEY = EMULATOR.api_key
TOKEN = EMULATOR.mint("lobby", "somebody")


def given(**environ: str) -> Settings:
    """Return settings for a room, with these besides."""
    return settings.load({"MESHAGENT_ROOM": "lobby", **environ}, env_file=None)


def test_the_room_is_at_meshagent_unless_told_otherwise() -> None:
    """With neither URL set, the hosted service is meant."""
    url = choices.room_url(given())

    assert url == "wss://api.meshagent.com/rooms/lobby"


def test_the_url_for_rooms_goes_before_that_of_the_api() -> None:
    """As in the official clients."""
    found = given(
        MESHAGENT_ROOM_URL="ws://127.0.0.1:1", MESHAGENT_API_URL="http://127.0.0.1:2"
    )

    assert choices.room_url(found) == "ws://127.0.0.1:1/rooms/lobby"


def test_without_a_room_there_is_nothing_to_join() -> None:
    """The sentence names the variable."""
    with pytest.raises(BadSettings, match="MESHAGENT_ROOM is not set"):
        choices.room_credentials(settings.load({}, env_file=None))


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "No way into the room"),
        ({"MESHAGENT_ROOM": "The Lobby"}, "MESHAGENT_ROOM: 'The Lobby' is no room"),
        ({"MESHAGENT_ROOM_URL": "ftp://h"}, "MESHAGENT_ROOM_URL: "),
        ({"MESHAGENT_API_URL": "http://["}, "MESHAGENT_API_URL: "),
        ({"MESHAGENT_API_KEY": "ma-nonsense"}, "MESHAGENT_API_KEY: "),
        ({"MESHAGENT_API_KEY": "sk-proj-4711"}, "MESHAGENT_API_KEY: "),
        ({"MESHAGENT_TOKEN": "nonsense"}, "MESHAGENT_TOKEN: "),
        ({"MESHAGENT_TOKEN": "two words"}, "MESHAGENT_TOKEN: "),
    ],
)
def test_a_room_that_cannot_be_joined_is_one_sentence(
    environ: dict[str, str], sentence: str
) -> None:
    """It names the variable, and ends as sentences do."""
    with pytest.raises(BadSettings) as caught:
        choices.room_credentials(given(**environ))

    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["MESHAGENT_API_KEY", "MESHAGENT_TOKEN"])
def test_a_bad_secret_is_not_repeated(name: str) -> None:
    """It may be a secret of something else."""
    with pytest.raises(BadSettings) as caught:
        choices.room_credentials(given(**{name: "hunter2-and-more"}))

    assert "hunter2" not in str(caught.value)


def test_an_api_key_goes_before_a_token() -> None:
    """Its tokens never run out."""
    found = given(MESHAGENT_API_KEY=KEY, MESHAGENT_TOKEN=TOKEN)

    credentials = choices.room_credentials(found)

    assert isinstance(credentials, KeyCredentials)
    assert (credentials.name, credentials.role) == ("gateway", "agent")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"MESHAGENT_TOKEN": TOKEN}, True),
        ({"MESHAGENT_TOKEN_FILE": "/run/token"}, True),
    ],
)
def test_a_token_may_come_in_two_ways(
    environ: dict[str, str], *, expected: bool
) -> None:
    """As itself or as a file."""
    assert choices.has_token(given(**environ)) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("0.0.0.0", True), ("::", True), ("127.0.0.1", False), ("fe80::1%eth0", False)],
)
def test_an_address_of_no_machine_leads_nowhere(host: str, *, expected: bool) -> None:
    """Links cannot begin with it."""
    assert choices.is_unspecified((host, 8080)) is expected


def test_a_token_is_used_as_it_is() -> None:
    """But for white space around it."""
    credentials = choices.room_credentials(given(MESHAGENT_TOKEN=f" {TOKEN}\n"))

    assert credentials == FixedToken(TOKEN)


def test_a_token_file_is_read_at_each_join(tmp_path: Path) -> None:
    """It need not be there yet."""
    path = tmp_path / "token"

    credentials = choices.room_credentials(given(MESHAGENT_TOKEN_FILE=str(path)))

    assert credentials == TokenFile(path)


def test_a_minted_token_is_for_one_room_and_one_name() -> None:
    """Signed with the API key, and soon over."""
    token = choices.mint_token(
        given(MESHAGENT_API_KEY=KEY),
        room="attic",
        name="zoé",
        role="user",
        lifetime=timedelta(hours=1),
    )

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["name"] == "zoé"
    assert {"name": "room", "scope": "attic"} in claims["grants"]
    left_s = claims["exp"] - datetime.now(UTC).timestamp()  # noqa: TID251  # it is minted with the real clock
    assert 3500 < left_s <= 3600


@pytest.mark.parametrize(
    ("environ", "room", "sentence"),
    [
        ({}, None, "MESHAGENT_API_KEY is not set"),
        ({"MESHAGENT_API_KEY": KEY}, "The Attic", "'The Attic' is no room name"),
        ({"MESHAGENT_API_KEY": KEY}, "", "'' is no room name"),
    ],
)
def test_a_token_that_opens_no_room_is_not_minted(
    environ: dict[str, str], room: str | None, sentence: str
) -> None:
    """One sentence says why."""
    with pytest.raises(BadSettings, match=sentence):
        choices.mint_token(
            given(**environ),
            room=room,
            name="zoé",
            role="user",
            lifetime=timedelta(hours=1),
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_EGRESS_ALLOW_CIDRS", "10.0.0.0/33"),
        ("GATEWAY_EGRESS_DENY_CIDRS", "example.com"),
        ("GATEWAY_EGRESS_ALLOW_PORTS", "http"),
        ("GATEWAY_EGRESS_ALLOW_PORTS", "9000-80"),
        ("GATEWAY_EGRESS_ALLOW_HOSTS", "n8n"),
    ],
)
def test_a_bad_egress_setting_is_named(name: str, value: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(BadSettings) as caught:
        choices.egress_policy(given(**{name: value}), own=(), development=False)

    assert name in str(caught.value)
    assert str(caught.value).endswith(".")


SECRET = "whsec_" + base64.b64encode(bytes(24)).decode()


@pytest.mark.parametrize(
    ("webhook", "sentence"),
    [
        ({"url": "https://example.com/"}, "/0/secret: "),
        ({"url": "https://10.0.0.1/", "secret": SECRET}, "/0/url: "),
        ({"url": "https://example.com/", "secret": SECRET, "filter": 1}, "/0/filter: "),
    ],
)
def test_a_bad_webhook_is_named_by_its_place(
    webhook: dict[str, object], sentence: str
) -> None:
    """Before anything is started."""
    found = given(GATEWAY_WEBHOOKS=json.dumps([{"name": "crm"} | webhook]))
    policy = choices.egress_policy(found, own=(), development=False)

    with pytest.raises(BadSettings) as caught:
        choices.check_webhooks(found, policy)

    assert str(caught.value).startswith(f"GATEWAY_WEBHOOKS: {sentence}")
    assert SECRET not in str(caught.value)


def test_a_master_key_of_another_form_is_not_repeated() -> None:
    """It may be a key all the same."""
    with pytest.raises(BadSettings, match="master keys cannot be used") as caught:
        choices.check_master_keys(given(GATEWAY_MASTER_KEYS="k1:hunter2"))

    assert "hunter2" not in str(caught.value)


def test_our_own_listeners_are_no_place_for_webhooks() -> None:
    """Not even in development, where this machine is."""
    own = {("127.0.0.1", 8080)}

    policy = choices.egress_policy(given(), own=own, development=True)

    assert policy.own == own


@pytest.mark.parametrize(
    ("environ", "url", "rule"),
    [
        ({}, "http://127.0.0.1:9000/", None),
        (
            {"GATEWAY_EGRESS_REQUIRE_HTTPS": "true"},
            "http://127.0.0.1:9000/",
            "scheme",
        ),
        ({"GATEWAY_EGRESS_REQUIRE_HTTPS": "true"}, "https://127.0.0.1:9000/", None),
        ({"GATEWAY_EGRESS_ALLOW_PORTS": "9001"}, "http://127.0.0.1:9000/", "port"),
        ({"GATEWAY_EGRESS_ALLOW_PORTS": "9001"}, "http://127.0.0.1:9001/", None),
    ],
)
def test_what_is_set_holds_in_development_too(
    environ: dict[str, str], url: str, rule: str | None
) -> None:
    """Every port and plain HTTP are what it has by itself."""
    policy = choices.egress_policy(given(**environ), own=(), development=True)

    breach = url_breach(url, policy)

    assert (None if breach is None else breach.rule) == rule


def test_a_gateway_without_auth_has_no_keys(tmp_path: Path) -> None:
    """And mints none."""
    found = given(GATEWAY_AUTH="none", GATEWAY_DATA_DIR=str(tmp_path))

    assert choices.api_keys(found, FakeMeter()) is None
    assert list(tmp_path.iterdir()) == []


def test_configured_keys_are_used(tmp_path: Path) -> None:
    """And none is minted."""
    keys = "first-key, second-key"
    found = given(GATEWAY_API_KEYS=keys, GATEWAY_DATA_DIR=str(tmp_path))

    assert choices.api_keys(found, FakeMeter()) == ("first-key", "second-key")
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_minted_once(tmp_path: Path) -> None:
    """For its owner's eyes alone; the log tells where it is, never what it is."""
    found, meter = given(GATEWAY_DATA_DIR=str(tmp_path)), FakeMeter()

    first = choices.api_keys(found, meter)
    again = choices.api_keys(found, meter)

    path = tmp_path / "api-key"
    assert first is not None
    assert first == again == (path.read_text().strip(),)
    assert len(first[0]) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert meter.named("api_key.minted") == [{"path": str(path)}] * 2
    assert first[0] not in str(meter.lines)
    assert [each.name for each in tmp_path.iterdir()] == ["api-key"]


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_key_opens_nothing(tmp_path: Path, content: bytes) -> None:
    """A file that a full disk left empty gets a key."""
    (tmp_path / "api-key").write_bytes(content)

    keys = choices.api_keys(given(GATEWAY_DATA_DIR=str(tmp_path)), FakeMeter())

    assert keys is not None
    assert len(keys[0]) == 32


def test_a_key_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """It names the file."""
    (tmp_path / "api-key").write_bytes(b"\xff")

    with pytest.raises(BadSettings, match="api-key cannot be used"):
        choices.api_keys(given(GATEWAY_DATA_DIR=str(tmp_path)), FakeMeter())


def test_the_store_is_where_the_settings_say(tmp_path: Path) -> None:
    """Its secrets are not shown with it."""
    master = "1:" + base64.b64encode(bytes(32)).decode()
    found = given(
        GATEWAY_DATA_DIR=str(tmp_path),
        GATEWAY_LOCK_WAIT="5s",
        GATEWAY_MASTER_KEYS=master,
    )

    options = choices.store_options(found)

    assert options.data_dir == tmp_path
    assert options.lock_wait == timedelta(seconds=5)
    assert options.master_keys == [master]
    assert master not in repr(options)


def test_tokens_name_the_gateway_as_configured() -> None:
    """Its name and its role in the room."""
    found = given(
        MESHAGENT_API_KEY=KEY,
        GATEWAY_PARTICIPANT_NAME="desk",
        GATEWAY_PARTICIPANT_ROLE="tool",
    )

    token = choices.room_credentials(found).token("lobby", now=NOON)

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["name"] == "desk"
    assert {"name": "role", "scope": "tool"} in claims["grants"]
