"""Answers in JSON."""

from gateway.api.replies import reply, reply_text


def test_a_value_is_compact_json_in_utf_8() -> None:
    """Nothing is escaped that need not be."""
    answer = reply({"name": "zoé", "n": None}, 202)

    assert answer.body == '{"name":"zoé","n":null}'.encode()
    assert answer.status_code == 202
    assert answer.media_type == "application/json"


def test_half_a_surrogate_pair_is_escaped() -> None:
    """What a room says cannot break an answer."""
    answer = reply({"name": "\ud800"})

    assert answer.body == b'{"name":"\\ud800"}'


def test_text_goes_out_as_it_is() -> None:
    """It is JSON already."""
    answer = reply_text('{"a":1}', 200, {"Location": "/x"})

    assert answer.body == b'{"a":1}'
    assert answer.headers["location"] == "/x"
