"""A sender that answers as it is told."""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextvars import Context, copy_context
from datetime import timedelta

from gateway.delivery.ports import Request
from gateway.domain.model import ErrorClass, Outcome
from tests.fakes.clock import settle

Answer = int | ErrorClass | Outcome | Exception


class ScriptedSender:
    """Answers one after the other, then 200 for ever.

    Args:
        answers: A status, an error class, an outcome, or an exception: a bug of ours.

    Attributes:
        requests: What was sent, in order.
        contexts: The context that each of them was sent in.
        most_at_once: The largest number of requests that were under way together.
    """

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self._answers = deque(answers)
        self._hanging: dict[str, asyncio.Event] = {}
        self.requests: list[Request] = []
        self.contexts: list[Context] = []
        self.flying = 0
        self.most_at_once = 0

    def hang(self, url: str) -> None:
        """Have every request to that URL wait until `release`."""
        self._hanging[url] = asyncio.Event()

    def release(self, url: str) -> None:
        """Let the requests to that URL be answered."""
        self._hanging.pop(url).set()

    async def send(self, request: Request) -> Outcome:
        """Keep the request and give the next answer."""
        self.requests.append(request)
        self.contexts.append(copy_context())
        self.flying += 1
        self.most_at_once = max(self.most_at_once, self.flying)
        try:
            hanging = self._hanging.get(request.url)
            if hanging is not None:
                await hanging.wait()
            await settle(2)  # An answer is never there at once.
            return self._answer()
        finally:
            self.flying -= 1

    def _answer(self) -> Outcome:
        answer = self._answers.popleft() if self._answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Outcome) else an_outcome(answer)


def an_outcome(
    answer: int | ErrorClass, *, body: bytes = b"", **headers: str
) -> Outcome:
    """Return what came of a request; `retry_after="60"` is a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    took = timedelta(milliseconds=20)
    if isinstance(answer, ErrorClass):
        return Outcome(None, answer, took, f"It failed: {answer}.")
    if 200 <= answer < 300:
        return Outcome(answer, None, took, headers=named, body=body)
    redirected = 300 <= answer < 400
    error = ErrorClass.REDIRECT if redirected else ErrorClass.HTTP_STATUS
    return Outcome(answer, error, took, f"It answered {answer}.", named, body)
