"""What every store promises about sources."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from gateway.domain.model import (
    Address,
    AddressKind,
    Algorithm,
    Encoding,
    Match,
    OwnResponse,
    Preset,
    Profile,
    Source,
    Verification,
)
from gateway.domain.once import AlreadyDone, Done, Once
from tests.conformance.ports import Ports, source
from tests.fakes.clock import NOON

KEY = Once("key:key_1:POST /sources", "k-1", "f1")

FULL = Source(
    id="src_full",
    name="é",
    room="lobby",
    token_hash="ab" * 32,
    verify=Verification(
        Profile.HMAC,
        secrets=("s3cr3t é", "older"),
        header="x-signature",
        algorithm=Algorithm.SHA512,
        encoding=Encoding.BASE64,
        prefix="sha512=",
        timestamp_header="x-time",
        tolerance=timedelta(seconds=1.5),
    ),
    created_at=NOON,
    preset=Preset.GITHUB,
    to=(
        Address(AddressKind.NAME, "alice"),
        Address(AddressKind.SENDER, "p-1", name="bob", role=None),
    ),
    match=Match.ALL,
    type="push",
    template='{"text":"{{ body.x }}"}',
    filter="a == `1`",
    dedup="header:X-Id",
    methods=("POST", "GET"),
    max_bytes=25 * 1024**2,
    ttl=timedelta(minutes=5),
    response=OwnResponse(200, '{"ok":true}', "application/json"),
    active=False,
    description="of mine",
    updated_at=NOON + timedelta(seconds=1),
    deleted_at=NOON + timedelta(seconds=2),
    key_id="key_1",
)


async def test_a_source_is_kept_as_it_was_put(store: Ports) -> None:
    """Every field survives, and it is found by its token though it is deleted."""
    await store.sources.put(FULL)

    assert store.sources.get("src_full") == FULL
    assert store.sources.by_token(FULL.token_hash) == FULL


async def test_sources_are_listed_oldest_first(store: Ports) -> None:
    """The list is in the order of creation, without those that are deleted."""
    await store.sources.put(source("b", created_at=NOON + timedelta(seconds=1)))
    await store.sources.put(source("gone", deleted_at=NOON))
    await store.sources.put(source("a"))
    await store.sources.put(source("c", created_at=NOON + timedelta(seconds=2)))

    await store.sources.put(replace(source("a"), active=False))

    assert [one.name for one in store.sources.all()] == ["a", "b", "c"]


async def test_a_former_token_finds_nothing(store: Ports) -> None:
    """Once it is replaced, a source is found by its new token alone."""
    await store.sources.put(source())

    await store.sources.put(source(token_hash="new"))

    assert store.sources.by_token("hash of 1") is None
    assert store.sources.by_token("new") == source(token_hash="new")


async def test_what_is_unknown_is_not_found(store: Ports) -> None:
    """Neither an id nor a token of nobody finds a source."""
    await store.sources.put(source())

    assert store.sources.get("src_2") is None
    assert store.sources.by_token("") is None


async def test_of_sources_that_race_with_one_key_one_is_stored(store: Ports) -> None:
    """The other learns what was answered to the first."""
    outcomes = await asyncio.gather(
        store.sources.put(source("1"), once=KEY, answer='{"token":"é"}'),
        store.sources.put(source("2"), once=KEY, answer="second"),
        store.sources.put(source("3")),
        return_exceptions=True,
    )

    refused = [one.done for one in outcomes if isinstance(one, AlreadyDone)]
    assert refused == [Done((), "f1", '{"token":"é"}')]
    assert [one.name for one in store.sources.all()] == ["1", "3"]
