"""A pause is as long as the longest that was asked for, and of one URL."""

from datetime import timedelta

from gateway.delivery.pause import Pause

URL = "https://one.example/"


def test_a_pause_runs_out() -> None:
    """What is left of it shrinks to nothing."""
    pause = Pause()

    pause.extend(URL, timedelta(seconds=60), now_s=100.0)

    assert [pause.left_s(URL, now_s=now_s) for now_s in (100, 130, 170)] == [60, 30, 0]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Of two answers the one that asks for more time counts."""
    pause = Pause()
    pause.extend(URL, timedelta(seconds=60), now_s=100.0)

    pause.extend(URL, timedelta(seconds=5), now_s=101.0)

    assert pause.left_s(URL, now_s=101.0) == 59.0


def test_another_url_is_not_paused() -> None:
    """A webhook moved elsewhere need not wait."""
    pause = Pause()

    pause.extend(URL, timedelta(seconds=60), now_s=100.0)

    assert pause.left_s("https://two.example/", now_s=100.0) == 0.0
