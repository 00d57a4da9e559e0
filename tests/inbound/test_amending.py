"""A source changed by a merge patch, and its secrets replaced."""

from typing import Any

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.model import (
    Address,
    AddressKind,
    OwnResponse,
    Preset,
    Profile,
    Source,
    Verification,
)
from gateway.inbound.amending import amend, rotated
from tests.fakes.inbound import a_source, room_of

ALICE = (Address(AddressKind.ANY, "alice"),)
GITHUB = Verification(Profile.GITHUB, ("old",))


def patched(source: Source, **patch: Any) -> Source:  # noqa: ANN401  # JSON
    """Return a source with a patch applied."""
    return amend(source, patch, room_of).applied_to(source)


def test_what_is_not_named_stays() -> None:
    """Secrets, token, template and all."""
    source = a_source(verify=GITHUB, template='{"text":"x"}', to=ALICE)

    assert patched(source) == source
    assert patched(source, name="new").verify == GITHUB


def test_null_is_the_default_again() -> None:
    """For whatever has one."""
    source = a_source(type="order", filter="a", template='{"text":"x"}', active=False)

    changed = patched(source, type=None, filter=None, template=None, active=None)

    assert changed == a_source()


def test_whoever_says_to_takes_broadcast_back() -> None:
    """And the other way round."""
    assert patched(a_source(), to="alice").to == ALICE
    assert patched(a_source(to=ALICE), broadcast=True).to is None


def test_a_part_of_verify_leaves_the_secrets() -> None:
    """They were given once, and are not shown."""
    changed = patched(a_source(verify=GITHUB), verify={"tolerance": 60})

    assert changed.verify.secrets == ("old",)
    assert changed.verify.tolerance.total_seconds() == 60


def test_secrets_can_be_replaced() -> None:
    """All of them."""
    changed = patched(a_source(verify=GITHUB), verify={"secrets": ["a", "b"]})

    assert changed.verify.secrets == ("a", "b")


def test_another_profile_needs_secrets_of_its_own() -> None:
    """What was GitHub's is not Stripe's."""
    source = a_source(verify=GITHUB)

    with pytest.raises(Invalid):
        patched(source, verify={"profile": "stripe"})
    with pytest.raises(Invalid):
        patched(source, verify={"profile": None})
    changed = patched(source, verify={"profile": "stripe", "secret": "new"})
    assert changed.verify == Verification(Profile.STRIPE, ("new",))


def test_verification_is_not_taken_away_by_null() -> None:
    """That nothing is verified must be written."""
    source = a_source(verify=GITHUB)

    assert patched(source, verify=None).verify == GITHUB
    assert patched(source, verify={"profile": "none"}).verify.profile is Profile.NONE


def test_a_part_of_the_answer_leaves_the_rest() -> None:
    """Null takes the whole of it away."""
    source = a_source(response=OwnResponse(200, "ok"))

    assert patched(source, response={"body": "yes"}).response == OwnResponse(200, "yes")
    assert patched(source, response=None).response is None


def test_the_format_stays_though_it_is_not_the_profiles() -> None:
    """What was chosen is not chosen anew."""
    source = a_source(verify=GITHUB, preset=Preset.JSON)

    assert patched(source, name="new").preset is Preset.JSON


def test_a_new_secret_comes_first_and_the_last_one_stays() -> None:
    """Until the next, or until it is told not to."""
    source = a_source(verify=Verification(Profile.GITHUB, ("two", "one")))

    assert rotated(source, {"secret": "new"}).verify.secrets == ("new", "two")
    assert rotated(source, {"secret": "new", "keep": 0}).verify.secrets == ("new",)
    kept = rotated(source, {"secret": "one", "keep": 9}).verify.secrets
    assert kept == ("one", "two")


@pytest.mark.parametrize(
    ("verify", "body", "pointer"),
    [
        (GITHUB, {}, "/secret"),
        (GITHUB, {"secret": ""}, "/secret"),
        (GITHUB, {"secret": "x", "keep": 10}, "/keep"),
        (GITHUB, {"secret": "x", "more": 1}, "/more"),
        (Verification(Profile.BASIC, ("a:b",)), {"secret": "x"}, "/secret"),
        (Verification(Profile.NONE), {"secret": "x"}, "/secret"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    verify: Verification, body: dict[str, object], pointer: str
) -> None:
    """And nothing is changed."""
    with pytest.raises(Invalid) as caught:
        rotated(a_source(verify=verify), body)

    assert [error.pointer for error in caught.value.errors] == [pointer]
