"""What may be done once."""

from gateway.domain.once import AlreadyDone, Done, Once


def test_one_thing_stays_one_whoever_asks_for_it() -> None:
    """The fingerprint tells requests apart, not what they use up."""
    first, second = Once("link", "dlv_1", "a"), Once("link", "dlv_1", "b")

    assert first == second
    assert hash(first) == hash(second)


def test_what_is_done_names_its_first_message() -> None:
    """Most things are done by one message alone."""
    done = AlreadyDone(Done(("msg_1", "msg_2")))

    assert done.message_id == "msg_1"
    assert str(done) == "('msg_1', 'msg_2')"
