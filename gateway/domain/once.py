"""What may be done once: a request with a key, a reply by a link or to an event."""

from dataclasses import dataclass, field

from gateway.domain.errors import KeyReused, MessageGone


@dataclass(frozen=True, slots=True)
class Once:
    """Something that only one message, batch, webhook or source may ever use up.

    Attributes:
        scope: What kind of thing, such as `link`.
        key: Which one of them.
        fingerprint: Of the request that uses it up; two that differ are not the same
            request, though their scope and key are.
    """

    scope: str
    key: str
    fingerprint: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What has used something up.

    Attributes:
        message_ids: The messages that did, in the order in which they were given.
        fingerprint: That of the `Once` it was done with.
        answer: What was answered, if that is kept.
    """

    message_ids: tuple[str, ...] = ()
    fingerprint: str | None = None
    answer: str | None = field(default=None, repr=False)


class AlreadyDone(Exception):
    """It was used up before; nothing was stored now.

    Attributes:
        done: What used it up.
    """

    def __init__(self, done: Done) -> None:
        super().__init__(*done.message_ids)
        self.done = done

    @property
    def message_id(self) -> str:
        """The first, and nearly always only, message that used it up."""
        return self.done.message_ids[0]


def kept_answer(once: Once, done: Done | None, noun: str) -> str | None:
    """Return what was answered when something was used up; `None` if it was not.

    Args:
        once: What is asked for again.
        done: What used it up, if anything has.
        noun: What was made by it, such as `webhook`.

    Raises:
        KeyReused: It was used up by another request.
        MessageGone: The answer is not to be had any more.
    """
    if done is None:
        return None
    if done.fingerprint != once.fingerprint:
        detail = f"Another {noun} was asked for with this key; take a new one."
        raise KeyReused(detail)
    if done.answer is None:
        detail = (
            f"A {noun} was made with this key, and the answer cannot be opened any"
            f" more: the master key that sealed it is gone. GET /{noun}s lists it."
        )
        raise MessageGone(detail)
    return done.answer
