"""What is to go wrong, counted."""

import pytest

from gateway.emulator.faults import Faults, Uses


@pytest.mark.parametrize(
    ("times", "taken"),
    [(0, [False] * 3), (2, [True, True, False]), (None, [True] * 3)],
)
def test_uses_are_counted(times: int | None, taken: list[bool]) -> None:
    """None is without end."""
    uses = Uses(times)

    assert [uses.take() for _ in range(3)] == taken


def test_all_is_well_at_first() -> None:
    """Nothing goes wrong unasked."""
    faults = Faults()

    assert faults.refusal_status() is None
    assert not faults.stalls()
    assert not faults.swallows("send")
    assert not faults.cuts("send")
    assert faults.refusal("enable") is None
    assert faults.message_delay_s == faults.acknowledgement_delay_s == 0


def test_refusals_count_down() -> None:
    """Two refused upgrades, then none."""
    faults = Faults()

    faults.refuse(503, times=2)

    assert [faults.refusal_status() for _ in range(3)] == [503, 503, None]


@pytest.mark.parametrize("status", [101, 200, 399, 600])
def test_only_errors_refuse(status: int) -> None:
    """A status below 400 is no refusal."""
    with pytest.raises(ValueError, match="does not refuse"):
        Faults().refuse(status)


def test_speech_is_swallowed_unless_tools_are_named() -> None:
    """Enabling is acknowledged by default, or nobody would ever be ready."""
    faults = Faults()

    faults.swallow()
    by_default = [faults.swallows(tool) for tool in ("send", "broadcast", "enable")]
    faults.swallow("enable", times=1)
    named = [faults.swallows(tool) for tool in ("send", "enable", "enable")]

    assert by_default == [True, True, False]
    assert named == [False, True, False]


def test_only_enabling_is_refused() -> None:
    """The refusal has the code and text that were asked for."""
    faults = Faults()

    faults.refuse_enable(code=1008, text="not now", times=1)

    assert faults.refusal("send") is None
    refusal = faults.refusal("enable")
    assert refusal is not None
    assert (refusal.code, refusal.text) == (1008, "not now")
    assert faults.refusal("enable") is None


def test_clearing_ends_everything() -> None:
    """After `clear` all is well again."""
    faults = Faults()
    faults.refuse(503)
    faults.stall()
    faults.swallow()
    faults.cut_before_acknowledging(times=None)
    faults.refuse_enable()
    faults.delay(acknowledgements_s=1, messages_s=2)

    faults.clear()

    assert faults.refusal_status() is None
    assert not faults.stalls()
    assert not faults.swallows("send")
    assert not faults.cuts("send")
    assert faults.refusal("enable") is None
    assert faults.message_delay_s == faults.acknowledgement_delay_s == 0


def test_nobody_is_met_in_an_empty_room() -> None:
    """Acting on links says how many there were."""
    faults = Faults()

    assert faults.cut() == faults.close(1000) == faults.freeze(name="alice") == 0
