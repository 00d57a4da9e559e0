"""The environment becomes one frozen value, or one sentence."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import settings


def load(**environ: str) -> settings.Settings:
    """Return the settings of these variables alone."""
    return settings.load(environ, env_file=None)


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    """Nothing has to be set for the service to be configured."""
    found = load()

    assert (found.gateway_host, found.gateway_port) == ("127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5s", 1.5), ("15m", 900), ("24h", 86_400), ("7d", 604_800)],
)
def test_durations_are_written_with_a_unit(text: str, seconds: float) -> None:
    """A bare number is seconds; s, m, h, d and w are understood."""
    found = load(GATEWAY_RETENTION_DEAD=text)

    assert found.gateway_retention_dead == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"GATEWAY_PORT": "http"}, "GATEWAY_PORT input should be a valid integer"),
        ({"GATEWAY_PORT": "70000"}, "GATEWAY_PORT input should be less than"),
        ({"GATEWAY_PROT": "1"}, "Did you mean GATEWAY_PORT?"),
        ({"GATEWAY_DEFAULT_TTL": "soon"}, "such as 30s, 15m, 24h or 7d"),
        ({"GATEWAY_AUTH": "none", "GATEWAY_HOST": "0.0.0.0"}, "publishes the room"),
        ({"GATEWAY_API_KEYS": "short"}, "at least 8 printable ASCII characters"),
        ({"GATEWAY_DEFAULT_TTL": "2d"}, "GATEWAY_DEFAULT_TTL input should be less"),
        ({"GATEWAY_PUBLIC_URL": "gw"}, "GATEWAY_PUBLIC_URL should be an address such"),
        ({"GATEWAY_CORS_ORIGINS": "*"}, "GATEWAY_CORS_ORIGINS should be origins such"),
        ({"GATEWAY_ROOM_PROXY": "proxy"}, "GATEWAY_ROOM_PROXY should be a proxy such"),
        ({"GATEWAY_WEBHOOKS": "{"}, "should be a JSON list of webhooks"),
        ({"GATEWAY_WEBHOOKS": "[1]"}, "should be a JSON list of objects"),
        ({"GATEWAY_API_KEYS_FILE": "/nonexistent"}, "GATEWAY_API_KEYS_FILE cannot be"),
        ({"GATEWAY_DATABASE_URL": "postgresql+asyncpg://h/d"}, "GATEWAY_MASTER_KEYS"),
    ],
)
def test_nonsense_is_refused_with_one_sentence(
    environ: dict[str, str], sentence: str
) -> None:
    """The sentence names the variable and says what it should be."""
    with pytest.raises(settings.BadSettings) as caught:
        load(**environ)

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_secret_is_not_repeated_in_the_sentence() -> None:
    """What is refused may be a secret in the wrong place."""
    with pytest.raises(settings.BadSettings) as caught:
        load(GATEWAY_API_KEYS="hunter2", GATEWAY_PORT="hunter2")

    assert "hunter2" not in str(caught.value)


def test_secrets_are_not_shown() -> None:
    """Settings can be printed without giving a key away."""
    webhooks = '[{"name":"crm","secret":"whsec_abc"}]'
    found = load(
        GATEWAY_API_KEYS="correct-horse",
        MESHAGENT_API_KEY="ma-a-b-c",
        GATEWAY_WEBHOOKS=webhooks,
    )

    assert "correct-horse" not in repr(found)
    assert "whsec_abc" not in repr(found)
    assert "ma-a-b-c" not in repr(found)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """`…_FILE` names a file that holds the value; its last newline does not count."""
    path = tmp_path / "keys"
    path.write_text("correct-horse\n")

    found = load(GATEWAY_API_KEYS_FILE=str(path))

    assert [key.get_secret_value() for key in found.gateway_api_keys] == [
        "correct-horse"
    ]


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two would hold is not left to guessing."""
    path = tmp_path / "keys"
    path.write_text("correct-horse")

    with pytest.raises(settings.BadSettings, match="both set"):
        load(GATEWAY_API_KEYS="battery-staple", GATEWAY_API_KEYS_FILE=str(path))


def test_the_secret_of_a_webhook_may_come_from_a_file(tmp_path: Path) -> None:
    """So that the list of webhooks itself need not be a secret."""
    path = tmp_path / "crm"
    path.write_text("whsec_abc\n")
    entry = {"name": "crm", "url": "https://crm.example.com/"}
    others = [{"name": "other", "secret": "whsec_def"}]

    found = load(
        GATEWAY_WEBHOOKS=json.dumps([{**entry, "secret_file": str(path)}, *others])
    )

    assert found.gateway_webhooks == ({**entry, "secret": "whsec_abc"}, *others)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "/0/secret_file cannot be read"),
        ({"secret": "whsec_abc"}, "/0/secret_file and secret are both set"),
    ],
)
def test_a_secret_file_that_does_not_help_is_refused(
    tmp_path: Path, more: dict[str, str], sentence: str
) -> None:
    """One that is missing, and one beside a secret."""
    entry = {"name": "crm", "secret_file": str(tmp_path / "crm"), **more}

    with pytest.raises(settings.BadSettings, match=sentence):
        load(GATEWAY_WEBHOOKS=json.dumps([entry]))


def test_a_file_of_webhooks_is_added_to_the_variable(tmp_path: Path) -> None:
    """What belongs to the image and what belongs to the place may be kept apart."""
    path, secret = tmp_path / "webhooks.json", tmp_path / "crm"
    secret.write_text("whsec_abc")
    entry = {"name": "crm", "secret_file": str(secret)}
    path.write_text(json.dumps([entry]) + "\n")
    first = {"name": "first", "secret": "whsec_def"}

    found = load(GATEWAY_WEBHOOKS=json.dumps([first]), GATEWAY_WEBHOOKS_FILE=str(path))
    alone = load(GATEWAY_WEBHOOKS_FILE=str(path))

    assert found.gateway_webhooks == (first, {"name": "crm", "secret": "whsec_abc"})
    assert alone.gateway_webhooks == found.gateway_webhooks[1:]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "GATEWAY_WEBHOOKS_FILE should be a JSON list of webhooks"),
        (b"{}", "GATEWAY_WEBHOOKS_FILE should be a JSON list of objects"),
        (b"[" * 9999, "GATEWAY_WEBHOOKS_FILE should be a JSON list of webhooks"),
        (b'[{"secret_file":null}]', "/0/secret_file should be the path of a file"),
        (b"\xff", "GATEWAY_WEBHOOKS_FILE cannot be read"),
        (
            b'[{"secret_file":"/nonexistent"}]',
            "GATEWAY_WEBHOOKS_FILE: /0/secret_file cannot be read",
        ),
    ],
)
def test_a_file_of_webhooks_that_is_none_is_refused(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    """One sentence names the file's variable, and the place in it."""
    path = tmp_path / "webhooks.json"
    path.write_bytes(content)

    with pytest.raises(settings.BadSettings) as caught:
        load(GATEWAY_WEBHOOKS_FILE=str(path))

    assert sentence in str(caught.value)


def test_files_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """As some editors write them; it is no part of what they say."""
    path, secret = tmp_path / "webhooks.json", tmp_path / "crm"
    secret.write_text("whsec_abc", encoding="utf-8-sig")
    entry = {"name": "crm", "secret_file": str(secret)}
    path.write_text(json.dumps([entry]), encoding="utf-8-sig")

    found = load(GATEWAY_WEBHOOKS_FILE=str(path))

    assert found.gateway_webhooks == ({"name": "crm", "secret": "whsec_abc"},)


def test_the_environment_goes_before_the_env_file(tmp_path: Path) -> None:
    """`.env` fills in what the environment leaves out."""
    path = tmp_path / ".env"
    path.write_text("GATEWAY_PORT=1111\nGATEWAY_HOST=127.0.0.2\n")

    found = settings.load({"GATEWAY_PORT": "2222"}, env_file=path)

    assert (found.gateway_host, found.gateway_port) == ("127.0.0.2", 2222)


def test_an_env_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """One sentence names the file."""
    path = tmp_path / ".env"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(settings.BadSettings, match=r"\.env cannot be read"):
        settings.load({}, env_file=path)


def test_meshagent_port_makes_it_a_meshagent_service() -> None:
    """MeshAgent gives its services a port, and reaches them from outside."""
    found = load(MESHAGENT_PORT="8081")

    assert (found.gateway_host, found.gateway_port) == ("0.0.0.0", 8081)


def test_the_process_environment_is_read_when_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`load()` alone reads what the operator exported."""
    monkeypatch.setenv("GATEWAY_PORT", "3333")

    assert settings.load(env_file=None).gateway_port == 3333


def test_an_empty_variable_counts_as_unset() -> None:
    """Compose files and shells leave empty variables behind."""
    assert load(GATEWAY_PORT="").gateway_port == 8080
