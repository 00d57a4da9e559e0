"""Two changes of one message never cross."""

import pytest

from gateway.bridge.claims import Claims
from gateway.domain.errors import WrongState


def test_a_message_is_changed_by_one_at_a_time() -> None:
    """Who comes second is told what is going on."""
    claims = Claims()

    with (
        claims.claim("msg_1", "retried"),
        pytest.raises(WrongState, match="msg_1 is being retried"),
        claims.claim("msg_1", "retried"),
    ):
        pass


def test_other_messages_can_be_changed_meanwhile() -> None:
    """A claim is on one message."""
    claims = Claims()

    with claims.claim("msg_1", "retried"), claims.claim("msg_2", "retried"):
        pass

    assert not claims._held


def test_what_may_be_shared_is_shared_with_its_like_alone() -> None:
    """Erasing twice at the same time is erasing."""
    claims = Claims()

    with claims.claim("msg_1", "erased", shared=True):
        with claims.claim("msg_1", "erased", shared=True):
            pass
        with (
            pytest.raises(WrongState, match="being erased"),
            claims.claim("msg_1", "retried"),
        ):
            pass

    assert not claims._held


def test_a_change_that_fails_lets_go() -> None:
    """The next may try."""
    claims = Claims()

    with pytest.raises(ZeroDivisionError), claims.claim("msg_1", "retried"):
        raise ZeroDivisionError

    with claims.claim("msg_1", "erased"):
        pass
