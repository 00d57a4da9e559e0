"""An answer, read from bytes within bounds; there is no I/O in here.

httptools reads the bytes, and so decides what is HTTP. Where one answer ends must be
beyond doubt: two lengths, or a length and chunks, are not HTTP as we read it.
"""

import re
from dataclasses import dataclass, field
from http import HTTPStatus

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gateway.egress.faults import BROKEN_OFF, NO_ANSWER, NOT_HTTP, Failed, Fault

MAX_ANSWER_BYTES = 16_384  # of the body; what is over is not read
MAX_HEADER_BYTES = 8_192  # of one header
MAX_HEADERS = 100
MAX_HEAD_BYTES = 65_536  # before the body, interim answers included
MAX_FRAMING_BYTES = 262_144  # of all that is not body: head, chunk sizes, trailers
MAX_INTERIM = 16  # answers 1xx, such as 100 Continue, before the one that counts

_CONTROL = re.compile(r"[\0-\x08\n-\x1f\x7f]")
_KEPT_HEADERS = {b"content-type": "content-type", b"retry-after": "retry-after"}


@dataclass(slots=True)
class Answer:
    """As much of an answer as has come.

    Attributes:
        headers: Those that matter, under their names in lower case.
        body: Its beginning, as it was sent: not unpacked.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class AnswerReader:
    """Reads the answers of one connection, one after the other."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        # A header may be folded (RFC 9112 §5.2), a line may end with LF alone, and a
        # chunk's size with a space: none leaves a doubt where the answer ends.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self.begin(Answer())

    def begin(self, answer: Answer) -> None:
        """Have what comes from now on put into an answer."""
        self._answer = answer
        self._received_bytes = 0
        self._head_bytes = 0
        self._headers = 0
        self._interim = 0
        self._has_end = False  # Whether the head says where the body ends.
        self._is_read = False
        self._is_whole = False
        self._keeps_alive = False

    @property
    def has_heard(self) -> bool:
        """Whether any byte of the answer has come."""
        return self._received_bytes > 0

    @property
    def is_reusable(self) -> bool:
        """Whether the answer was read to its very end and another may follow it."""
        return self._is_whole and self._keeps_alive

    def feed(self, data: bytes) -> bool:
        """Take bytes, and say whether the answer is read as far as it will be.

        Raises:
            Failed: They are not HTTP, or too much.
        """
        self._received_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._keeps_alive = False
            if not self._is_read:
                raise Failed(self._nonsense) from error
        if not self._is_read:
            self._bound()
        return self._is_read

    def end(self) -> None:
        """Return if the end of the stream is a good end of the answer.

        Raises:
            Failed: There is no answer, or part of it is missing.
        """
        if self._is_read:
            return
        if not self.has_heard:
            raise Failed(NO_ANSWER)
        if self._answer.status is None or self._has_end:
            raise Failed(BROKEN_OFF)
        self._is_read = True

    # httptools calls these, by these names.

    def on_message_begin(self) -> None:
        """Note an answer that nobody asked for."""
        if self._is_read:
            self._keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header that matters, in the head as in the trailers of chunks.

        Raises:
            OverflowError: It is too long, or one too many.
            ValueError: It matters, and has a control character.
        """
        size_bytes = len(name) + len(value)
        self._headers += 1
        self._head_bytes += size_bytes
        if (
            size_bytes > MAX_HEADER_BYTES
            or self._headers > MAX_HEADERS
            or self._head_bytes > MAX_HEAD_BYTES
        ):
            detail = "the headers are too large"
            raise OverflowError(detail)
        name = name.lower()
        if self._answer.status is None:
            if name in _KEPT_HEADERS:
                self._keep(_KEPT_HEADERS[name], value.decode("latin-1"))
            elif name == b"content-length":
                self._has_end = True
            elif name == b"transfer-encoding":
                self._has_end = value.lower().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        """Take the status, unless the answer is only an interim one.

        Raises:
            OverflowError: There are too many interim answers.
            ValueError: We asked for no other protocol, or it is no status.
        """
        if self._is_read:
            return
        status = self._parser.get_status_code()
        if status >= HTTPStatus.OK:
            self._answer.status = status
            return
        self._interim += 1
        if self._interim > MAX_INTERIM:
            detail = "interim answers without end"
            raise OverflowError(detail)
        if status < HTTPStatus.CONTINUE or status == HTTPStatus.SWITCHING_PROTOCOLS:
            detail = f"{status} is no answer to a POST"
            raise ValueError(detail)

    def on_body(self, data: bytes) -> None:
        """Keep what there is room for."""
        if self._is_read:
            return
        body = self._answer.body
        missing = MAX_ANSWER_BYTES - len(body)
        body += data[:missing]
        self._is_read = len(data) > missing

    def on_message_complete(self) -> None:
        """End the answer; after an interim one begin again."""
        if self._answer.status is None:
            self._answer.headers.clear()
            self._headers = 0
            self._has_end = False
        elif not self._is_read:
            self._is_read = self._is_whole = True
            self._keeps_alive = self._parser.should_keep_alive()

    def _keep(self, name: str, value: str) -> None:
        if _CONTROL.search(value):
            detail = f"{name} has a control character"
            raise ValueError(detail)
        self._answer.headers.setdefault(name, value)

    @property
    def _nonsense(self) -> Fault:
        return NOT_HTTP if self._answer.status is None else BROKEN_OFF

    def _bound(self) -> None:
        size_bytes = len(self._answer.body)
        if size_bytes >= MAX_ANSWER_BYTES:
            self._is_read = True
        elif self._answer.status is None:
            if self._received_bytes > MAX_HEAD_BYTES:
                raise Failed(NOT_HTTP)
        elif self._received_bytes - size_bytes > MAX_FRAMING_BYTES:
            raise Failed(BROKEN_OFF)
