"""A breaker opens when it should, tries again with care, and never for ever."""

from hypothesis import given, strategies as st

from gateway.delivery.breaker import (
    LONGEST_OPEN_S,
    OPEN_S,
    PROBES,
    Breaker,
    Circuit,
)

MOST = 8


class Traffic:
    """A breaker, its clock, and one request after the other."""

    def __init__(self) -> None:
        self.breaker = Breaker()
        self.now_s = 1000.0

    def succeed(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.succeed(self.breaker.era, MOST, now_s=self.now_s)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.fail(self.breaker.era, now_s=self.now_s)

    def open(self) -> None:
        """Have it open, from whatever it is."""
        self.fail(10)

    def reopen(self) -> float:
        """Let it try again and fail; return for how long it opens."""
        self.now_s += self.wait_s
        self.fail()
        return self.wait_s

    def close(self) -> None:
        """Let it try again, with success."""
        self.now_s += self.wait_s
        self.succeed(PROBES)

    @property
    def width(self) -> int:
        return self.breaker.width(MOST, now_s=self.now_s)

    @property
    def wait_s(self) -> float:
        return self.breaker.wait_s(now_s=self.now_s)

    @property
    def circuit(self) -> Circuit:
        return self.breaker.circuit(now_s=self.now_s)


def test_ten_failures_in_a_row_open_it() -> None:
    """Nine let everything through, the tenth nothing for 30 s."""
    traffic = Traffic()

    traffic.fail(9)
    before = (traffic.circuit, traffic.width)
    traffic.fail()

    assert before == (Circuit.CLOSED, MOST)
    assert (traffic.circuit, traffic.width) == (Circuit.OPEN, 0)
    assert traffic.wait_s == OPEN_S


def test_a_success_between_failures_starts_the_row_anew() -> None:
    """Nine failures, a success and nine more leave it closed, if most succeed."""
    traffic = Traffic()
    traffic.succeed(30)

    traffic.fail(9)
    traffic.succeed()
    traffic.fail(9)

    assert traffic.circuit is Circuit.CLOSED


def test_half_of_twenty_within_a_minute_open_it() -> None:
    """Ten failures between ten successes open it, though never two in a row."""
    traffic = Traffic()

    for _ in range(9):
        traffic.succeed()
        traffic.fail()
    traffic.succeed()
    before = traffic.circuit
    traffic.fail()

    assert (before, traffic.circuit) == (Circuit.CLOSED, Circuit.OPEN)


def test_what_is_over_a_minute_ago_is_forgotten() -> None:
    """Failures of the minute before do not add up with those of now."""
    traffic = Traffic()
    for _ in range(9):
        traffic.succeed()
        traffic.fail()
    traffic.now_s += 61

    traffic.succeed()
    traffic.fail()

    assert traffic.circuit is Circuit.CLOSED


def test_one_request_at_a_time_tries_again() -> None:
    """After 30 s the circuit is half open, and one may be in flight."""
    traffic = Traffic()
    traffic.open()

    traffic.now_s += OPEN_S

    assert (traffic.circuit, traffic.width) == (Circuit.HALF_OPEN, 1)


def test_each_opening_is_twice_as_long_up_to_ten_minutes() -> None:
    """30, 60, 120, 240, 480, 600, 600 s."""
    traffic = Traffic()
    traffic.open()

    waits_s = [traffic.reopen() for _ in range(6)]

    assert waits_s == [60, 120, 240, 480, 600, 600]


def test_three_successes_in_a_row_close_it() -> None:
    """Two do not, and the third does."""
    traffic = Traffic()
    traffic.open()
    traffic.now_s += OPEN_S

    traffic.succeed(2)
    before = traffic.circuit
    traffic.succeed()

    assert (before, traffic.circuit) == (Circuit.HALF_OPEN, Circuit.CLOSED)


def test_it_starts_slowly_once_closed() -> None:
    """1, 2, 4, 8 in flight, each step after as many successes as it is wide."""
    traffic = Traffic()
    traffic.open()
    traffic.close()

    widths = []
    for _ in range(8):
        widths.append(traffic.width)
        traffic.succeed()

    assert widths == [1, 2, 2, 4, 4, 4, 4, 8]


def test_a_failure_in_the_slow_start_begins_it_anew() -> None:
    """At 4 in flight a failure leads back to 1, and the circuit stays closed."""
    traffic = Traffic()
    traffic.open()
    traffic.close()
    traffic.succeed(3)
    before = traffic.width

    traffic.fail()

    assert (before, traffic.width, traffic.circuit) == (4, 1, Circuit.CLOSED)


def test_only_a_slow_start_that_ends_shortens_the_next_opening() -> None:
    """Failing within it opens for longer; failing after it for 30 s again."""
    within, after = Traffic(), Traffic()
    for traffic in (within, after):
        traffic.open()
        traffic.reopen()
        traffic.close()

    after.succeed(1 + 2 + 4 + 8)
    within.open()
    after.now_s += 61
    after.open()

    assert (within.wait_s, after.wait_s) == (120, OPEN_S)


def test_what_was_sent_before_it_opened_changes_nothing() -> None:
    """Late answers neither lengthen an opening nor end it."""
    traffic = Traffic()
    era = traffic.breaker.era
    traffic.open()

    traffic.breaker.fail(era, now_s=traffic.now_s)
    for _ in range(9):
        traffic.breaker.succeed(era, MOST, now_s=traffic.now_s)

    assert (traffic.circuit, traffic.wait_s) == (Circuit.OPEN, OPEN_S)


def test_a_breaker_set_back_lets_everything_through() -> None:
    """After a reset nothing is remembered, nor counted of what is still under way."""
    traffic = Traffic()
    traffic.open()
    traffic.reopen()
    era = traffic.breaker.era

    traffic.breaker.reset()
    for _ in range(10):
        traffic.breaker.fail(era, now_s=traffic.now_s)

    assert (traffic.width, traffic.breaker.is_careful) == (MOST, False)


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["send", "succeed", "fail", "shrug"]),
        st.floats(0.01, 400.0),
    ),
    max_size=200,
)


@given(STEPS, st.integers(1, 20))
def test_never_more_than_it_allows_and_always_again(
    steps: list[str | float], most: int
) -> None:
    """Whatever happens, one probe flies at a time, and in the end one may."""
    breaker, now_s = Breaker(), 5.0
    flying: list[tuple[int, Circuit]] = []
    for step in steps:
        if isinstance(step, float):
            now_s += step
        elif step == "send":
            if len(flying) < breaker.width(most, now_s=now_s):
                flying.append((breaker.era, breaker.circuit(now_s=now_s)))
        elif flying:
            era, _ = flying.pop(0)
            if step == "succeed":
                breaker.succeed(era, most, now_s=now_s)
            elif step == "fail":
                breaker.fail(era, now_s=now_s)
        probes = [sent for _, sent in flying if sent is Circuit.HALF_OPEN]
        assert len(probes) <= 1
        assert len(flying) <= most
        assert 0 <= breaker.width(most, now_s=now_s) <= most
        assert breaker.wait_s(now_s=now_s) <= LONGEST_OPEN_S

    assert breaker.width(most, now_s=now_s + LONGEST_OPEN_S) >= 1
