"""What callers do with webhooks."""

from dataclasses import replace

import pytest

from gateway.delivery.webhooks import WebhookControls
from gateway.domain.errors import Invalid, KeyReused, NotFound, ReadOnly, UrlBlocked
from gateway.domain.model import Standing
from gateway.domain.once import AlreadyDone, Once
from gateway.domain.signing import parse_secret
from tests.fakes.clock import NOON
from tests.fakes.delivering import SECRET, Delivering, a_webhook, check_url

URL = "https://example.com/hook"
OTHER = "whsec_" + "QUJD" * 11


def controls_of(world: Delivering) -> tuple[WebhookControls, list[str]]:
    """Return the controls, and the ids that the worker was woken for."""
    woken: list[str] = []
    controls = WebhookControls(
        roster=world.roster,
        deliveries=world.store.deliveries,
        check_url=check_url,
        wake=woken.extend,
        clock=world.clock,
        rng=world.rng,
        ids=world.ids,
        meter=world.meter,
    )
    return controls, woken


async def test_a_new_webhook_is_stored_with_a_secret_of_its_own() -> None:
    """Creating mints an id and a secret of 32 bytes, and wakes the worker."""
    world = Delivering()
    controls, woken = controls_of(world)

    webhook = await controls.create({"url": URL}, key_id="key_1")

    assert world.roster.get(webhook.id) == webhook
    assert len(parse_secret(webhook.secret)) == 32
    assert (webhook.id[:3], webhook.key_id, woken) == ("wh_", "key_1", [webhook.id])


async def test_a_secret_of_the_callers_own_is_kept() -> None:
    """A secret in the body is the one that signs."""
    controls, _ = controls_of(Delivering())

    webhook = await controls.create({"url": URL, "secret": SECRET})

    assert webhook.secret == SECRET


async def test_a_blocked_url_is_refused_in_its_place() -> None:
    """`UrlBlocked` points at `/url` and keeps the rule; nothing is stored."""
    world = Delivering()
    controls, _ = controls_of(world)

    with pytest.raises(UrlBlocked) as caught:
        await controls.create({"url": "http://inside/"})

    assert caught.value.errors[0].pointer == "/url"
    assert caught.value.facts == {"rule": "private_address"}
    assert world.roster.all() == []


async def test_webhooks_are_found_by_their_url() -> None:
    """Listing with a URL returns those that have exactly it."""
    world = Delivering()
    await world.add(a_webhook("one"), a_webhook("two"))
    controls, _ = controls_of(world)

    found = controls.list("https://two.example/hook")

    assert [webhook.id for webhook in found] == ["wh_two"]
    assert len(controls.list()) == 2


async def test_a_patch_is_stored_and_stamped() -> None:
    """A change is kept with the moment it was made."""
    world = Delivering()
    await world.add(a_webhook())
    controls, woken = controls_of(world)
    await world.clock.advance(60)

    await controls.patch("wh_one", {"max_in_flight": 2})

    webhook = world.roster.get("wh_one")
    assert webhook.max_in_flight == 2
    assert webhook.updated_at == world.clock.now() != NOON
    assert woken == ["wh_one"]


async def test_a_patch_to_a_blocked_url_changes_nothing() -> None:
    """The guard is asked for a changed URL as for a new one."""
    world = Delivering()
    await world.add(a_webhook())
    controls, _ = controls_of(world)

    with pytest.raises(UrlBlocked):
        await controls.patch("wh_one", {"url": "http://inside/"})

    assert world.roster.get("wh_one") == a_webhook()


async def test_disabling_and_enabling() -> None:
    """A disabled webhook says `by_request`; an enabled one gives no reason."""
    world = Delivering()
    await world.add(a_webhook())
    controls, _ = controls_of(world)

    disabled = await controls.disable("wh_one")
    enabled = await controls.enable("wh_one")

    assert (disabled.active, disabled.disabled_reason) == (False, "by_request")
    assert (enabled.active, enabled.disabled_reason) == (True, None)


async def test_disabling_keeps_an_older_reason() -> None:
    """A webhook that is gone stays `gone` when it is disabled by request too."""
    world = Delivering()
    await world.add(a_webhook(active=False, disabled_reason="gone"))
    controls, _ = controls_of(world)

    webhook = await controls.disable("wh_one")

    assert webhook.disabled_reason == "gone"


async def test_a_patch_switches_as_enable_and_disable_do() -> None:
    """`active` in a patch sets the reason, and takes it away."""
    world = Delivering()
    await world.add(a_webhook())
    controls, _ = controls_of(world)

    disabled = await controls.patch("wh_one", {"active": False})
    enabled = await controls.patch("wh_one", {"active": True})

    assert (disabled.disabled_reason, enabled.disabled_reason) == ("by_request", None)


async def test_a_repeated_disable_is_told_once() -> None:
    """The second one changes nothing, and the log says nothing."""
    world = Delivering()
    await world.add(a_webhook())
    controls, _ = controls_of(world)

    await controls.disable("wh_one")
    await controls.disable("wh_one")

    lines = world.meter.named("webhook.disabled")
    assert lines == [{"webhook_id": "wh_one", "reason": "by_request"}]


@pytest.mark.parametrize(
    ("release", "states"),
    [
        (None, ["pending", "pending"]),
        ("all", ["pending", "pending"]),
        ("none", ["cancelled", "cancelled"]),
        ("30s", ["cancelled", "pending"]),
    ],
)
async def test_what_was_held_is_released_as_far_as_asked(
    release: str | None, states: list[str]
) -> None:
    """All of it, none, or what happened since."""
    world = Delivering()
    await world.add(a_webhook(active=False))
    await world.say()
    await world.clock.advance(60)
    await world.say()
    controls, _ = controls_of(world)

    await controls.enable("wh_one", {"release": release})

    assert world.states == states


async def test_what_an_active_webhook_holds_is_released_too() -> None:
    """Whatever it was held for."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    controls, woken = controls_of(world)
    await controls.patch("wh_one", {"url": "https://elsewhere.example/"})
    held = [(each.state.value, each.reason) for each in world.deliveries]

    await controls.enable("wh_one")

    assert held == [("held", "url_changed")]
    assert world.states == ["pending"]
    assert woken[-1] == "wh_one"


async def test_enabling_starts_afresh_with_the_receiver() -> None:
    """An active webhook too is sent what it is owed at once, whatever was before."""
    world = Delivering()
    await world.add(a_webhook())
    controls, _ = controls_of(world)
    restarted: list[str] = []

    await replace(controls, restart=restarted.append).enable("wh_one")

    assert restarted == ["wh_one"]


async def test_another_path_holds_nothing() -> None:
    """It is the same receiver."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    controls, _ = controls_of(world)

    await controls.patch("wh_one", {"url": "https://one.example/other"})

    assert world.states == ["pending"]


async def test_activating_by_a_patch_releases_what_was_held() -> None:
    """But not to another origin: that is for somebody to decide."""
    world = Delivering()
    await world.add(a_webhook("one", active=False), a_webhook("two", active=False))
    await world.say()
    controls, _ = controls_of(world)

    await controls.patch("wh_one", {"active": True})
    elsewhere = {"active": True, "url": "https://elsewhere.example/"}
    await controls.patch("wh_two", elsewhere)

    assert world.states == ["pending", "held"]


async def test_a_wrong_release_changes_nothing() -> None:
    """The webhook stays inactive."""
    world = Delivering()
    await world.add(a_webhook(active=False))
    controls, _ = controls_of(world)

    with pytest.raises(Invalid):
        await controls.enable("wh_one", {"release": "some"})

    assert not world.roster.get("wh_one").active


async def test_a_rest_hook_is_made_in_its_own_words() -> None:
    """It is flat, and remembers what it is; a blocked URL is named as it was given."""
    controls, _ = controls_of(Delivering())

    webhook = await controls.create({"target_url": URL, "event": "room.gap"})

    assert (webhook.url, webhook.is_subscription) == (URL, True)
    with pytest.raises(UrlBlocked) as caught:
        await controls.create({"hookUrl": "http://inside/"})
    assert caught.value.errors[0].pointer == "/hookUrl"


async def test_a_rotated_secret_signs_beside_the_old_one() -> None:
    """The new one is minted or the caller's own, and stored with the moment."""
    world = Delivering()
    await world.add(a_webhook())
    controls, woken = controls_of(world)
    await world.clock.advance(60)

    minted = await controls.rotate_secret("wh_one", {})
    own = await controls.rotate_secret("wh_one", {"secret": OTHER, "grace_s": 60})

    now = world.clock.now()
    assert minted.secrets_at(now) == (minted.secret, SECRET)
    assert own.secrets_at(now) == (OTHER, minted.secret, SECRET)
    assert world.roster.get("wh_one") == own
    assert (own.updated_at, woken) == (now, ["wh_one", "wh_one"])
    assert len(world.meter.named("webhook.secret_rotated")) == 2


async def test_deleting_cancels_what_is_owed() -> None:
    """A deleted webhook is unknown, and its deliveries are cancelled."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    controls, _ = controls_of(world)

    await controls.delete("wh_one")

    with pytest.raises(NotFound):
        controls.get("wh_one")
    assert world.states == ["cancelled"]


async def test_what_configuration_gives_is_read_only() -> None:
    """A webhook of source `env` can be switched, but neither changed nor deleted."""
    world = Delivering()
    await world.add(a_webhook(source="env"))
    controls, _ = controls_of(world)

    with pytest.raises(ReadOnly):
        await controls.patch("wh_one", {"max_in_flight": 2})
    with pytest.raises(ReadOnly):
        await controls.rotate_secret("wh_one", {})
    with pytest.raises(ReadOnly):
        await controls.delete("wh_one")
    assert (await controls.disable("wh_one")).active is False


async def test_what_configuration_gives_no_longer_can_be_deleted() -> None:
    """Nobody could change it there."""
    world = Delivering()
    left = a_webhook(source="env", active=False, disabled_reason="removed")
    await world.add(left)
    controls, _ = controls_of(world)

    await controls.delete("wh_one")

    with pytest.raises(NotFound):
        controls.get("wh_one")


async def test_what_configuration_gives_no_longer_cannot_be_enabled() -> None:
    """It is listed again, or deleted; the refusal says where."""
    world = Delivering()
    left = a_webhook(source="env", active=False, disabled_reason="removed")
    await world.add(left)
    controls, _ = controls_of(world)

    with pytest.raises(ReadOnly, match="GATEWAY_WEBHOOKS"):
        await controls.enable("wh_one")

    assert world.roster.get("wh_one") == left


async def test_health_is_as_the_worker_has_it() -> None:
    """What the store kept is older than what the worker knows."""
    world = Delivering()
    await world.add(a_webhook("one"), a_webhook("two"))
    live = {"wh_one": Standing(last_error="busy", failing_since=NOON)}
    controls, _ = controls_of(world)
    controls = replace(controls, standing=live.get, circuit=lambda _: "open")

    known = await controls.health("wh_one")
    unknown = await controls.health("wh_two")

    assert known.standing == live["wh_one"]
    assert unknown.standing == Standing()
    assert controls.circuit("wh_one") == "open"


async def test_health_counts_what_is_owed() -> None:
    """The health of a webhook counts its pending deliveries."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say(times=3)
    controls, _ = controls_of(world)

    health = await controls.health("wh_one")

    assert (health.pending, health.held, health.dead) == (3, 0, 0)


async def test_an_invalid_patch_changes_nothing() -> None:
    """A patch with one wrong member is refused whole."""
    world = Delivering()
    await world.add(a_webhook())
    controls, _ = controls_of(world)

    with pytest.raises(Invalid):
        await controls.patch("wh_one", {"description": "new", "timeout_s": 99})

    assert world.roster.get("wh_one") == replace(a_webhook())


async def test_a_webhook_asked_for_again_is_answered_as_then() -> None:
    """Nothing is stored a second time, and another request is none of its repeats."""
    world = Delivering()
    controls, woken = controls_of(world)
    once = Once("key:-:POST /webhooks", "k", "f")

    await controls.create({"url": URL}, once=once, answer=lambda made: made.secret)
    with pytest.raises(AlreadyDone):
        await controls.create({"url": URL}, once=once, answer=lambda made: made.id)

    (webhook,) = world.roster.all()
    assert await controls.repeated(once) == webhook.secret
    assert await controls.repeated(replace(once, key="another")) is None
    assert woken == [webhook.id]
    with pytest.raises(KeyReused):
        await controls.repeated(replace(once, fingerprint="g"))
