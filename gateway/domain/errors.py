"""What can go wrong, split by whose turn it is.

    GatewayError
    ├── Rejected                     the caller's turn: change the request
    │   ├── MalformedJson            the body is not JSON
    │   ├── Invalid                  JSON that breaks a rule; carries `errors`
    │   │   ├── ReservedType         a message type the room keeps for itself
    │   │   ├── RecipientIsSelf      a message to the gateway's own participant
    │   │   ├── KeyReused            another request with the same Idempotency-Key
    │   │   └── UrlBlocked           a webhook's URL that may not be called
    │   ├── Unauthenticated          no key, or an unknown one
    │   ├── NotVerified              a third party's request that proves nothing
    │   ├── OriginNotAllowed         a page of another origin
    │   ├── HostNotAllowed           a Host that a keyless gateway does not answer to
    │   ├── ProxiedWithoutKey        a proxied request to a keyless gateway
    │   ├── LoopDetected             a delivery of ours that came to ourselves
    │   ├── LinkInvalid              a signed link that is wrong or too old
    │   ├── LinkUsed                 a signed link that was good once, and was used
    │   ├── NotFound                 nothing of that id; carries `what`
    │   │   └── RecipientNotFound    nobody of that name in the room
    │   ├── RecipientAmbiguous       several of that name
    │   ├── MessagingDisabled        names mean nothing while messaging is disabled
    │   ├── WrongState               not in its present state
    │   ├── ReadOnly                 given by configuration
    │   ├── BodyTooSlow              a body that does not come to its end
    │   ├── PayloadTooLarge          over a limit
    │   ├── RangeNotSatisfiable      a part of some bytes that is beyond their end
    │   ├── CursorExpired            a place in the log that is no longer held
    │   ├── MessageGone              a repeat about a message that is no longer held
    │   ├── Gone                     it was here, and was deleted
    │   ├── SourceDisabled           a source that takes nothing at present
    │   ├── MethodNotAllowed         a method that the address does not take
    │   ├── UnsupportedMediaType     a Content-Type we do not read
    │   ├── NotAcceptable            an Accept that we have nothing for
    │   ├── RoomDenied               the room said: not allowed (1001)
    │   └── RoomRejected             the room said no
    └── Unavailable                  try again later; nothing was accepted
        ├── RoomUnavailable          the room is away, and the caller will not wait
        ├── QueueFull                there is no room for more
        ├── StoreUnavailable         the store cannot be written
        ├── QuotaExceeded            more at a time than one caller may have
        └── ShuttingDown             the gateway is stopping

A bug is none of these: it stays a plain exception and becomes a 500.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request.

    Attributes:
        pointer: JSON Pointer to it (RFC 6901), or `?name` for a query parameter.
    """

    pointer: str
    detail: str


class GatewayError(Exception):
    """A failure with a code that callers can rely on.

    Args:
        detail: A sentence that says what is wrong and what to do.
        errors: The places in the request that are wrong.
        facts: Further members of the problem document.
    """

    code: ClassVar[str] = "internal"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.facts: Mapping[str, object] = facts or {}


class Rejected(GatewayError):
    """The caller's turn: the same request will be refused again."""


class MalformedJson(Rejected):
    """The body is not JSON in UTF-8."""

    code = "malformed_json"


class Invalid(Rejected):
    """The request breaks a rule of the contract."""

    code = "validation"


class ReservedType(Invalid):
    """A message type that rooms keep for themselves."""

    code = "reserved_type"


class RecipientIsSelf(Invalid):
    """A message to the gateway's own participant."""

    code = "recipient_is_self"


class KeyReused(Invalid):
    """An Idempotency-Key that another request was made with."""

    code = "idempotency_key_reused"


class UrlBlocked(Invalid):
    """A URL that may not be called; the problem names the rule and the setting."""

    code = "url_blocked"


class Unauthenticated(Rejected):
    """No key, or one that is not known here."""

    code = "unauthenticated"


class NotVerified(Rejected):
    """A request to a source that does not prove whom it is from.

    Args:
        detail: What is wrong with the proof; never what would have been right.
        challenge: The value of `WWW-Authenticate`, where HTTP has a scheme for it.
    """

    code = "not_verified"

    def __init__(self, detail: str, *, challenge: str | None = None) -> None:
        super().__init__(detail)
        self.challenge = challenge


class OriginNotAllowed(Rejected):
    """A browser's page of another origin."""

    code = "origin_not_allowed"


class HostNotAllowed(Rejected):
    """A Host that a gateway without keys does not answer to."""

    code = "host_not_allowed"


class ProxiedWithoutKey(Rejected):
    """A proxied request to a gateway without keys."""

    code = "proxied_without_key"


class LoopDetected(Rejected):
    """A delivery of this gateway, sent to itself by way of somebody else."""

    code = "loop_detected"


class LinkInvalid(Rejected):
    """A signed link that is wrong or no longer valid."""

    code = "link_invalid"


class LinkUsed(Rejected):
    """A signed link that is good for one reply, which was given."""

    code = "link_used"


class NotFound(Rejected):
    """Nothing of that id is held here."""

    code = "not_found"


class RecipientNotFound(NotFound):
    """Nobody of that name, id or role is in the room."""

    code = "recipient_not_found"


class RecipientAmbiguous(Rejected):
    """Several participants have that name."""

    code = "recipient_ambiguous"


class MessagingDisabled(Rejected):
    """Messaging is disabled, so that names cannot be resolved."""

    code = "messaging_disabled"


class WrongState(Rejected):
    """What was asked for cannot be done in the present state."""

    code = "wrong_state"


class ReadOnly(Rejected):
    """It is given by configuration and changed there."""

    code = "read_only"


class BodyTooSlow(Rejected):
    """A request whose body did not come in time; nothing of it was used."""

    code = "request_timeout"


class PayloadTooLarge(Rejected):
    """Over a limit; the problem has `limit`, in bytes."""

    code = "payload_too_large"


class RangeNotSatisfiable(Rejected):
    """A Range that begins beyond the end."""

    code = "range_not_satisfiable"


class CursorExpired(Rejected):
    """A place in the log after which something is missing; go on after `earliest`."""

    code = "cursor_expired"


class MessageGone(Rejected):
    """A repeat of a request whose message was accepted and is no longer held."""

    code = "message_gone"


class Gone(Rejected):
    """It was here, and was deleted; it does not come back."""

    code = "gone"


class SourceDisabled(Rejected):
    """A source that is not active takes nothing."""

    code = "source_disabled"


class MethodNotAllowed(Rejected):
    """A method that this address does not take; `allow` names those that it does."""

    code = "method_not_allowed"


class UnsupportedMediaType(Rejected):
    """A Content-Type or charset that is not read here."""

    code = "unsupported_media_type"


class NotAcceptable(Rejected):
    """An Accept that names none of the forms that there are."""

    code = "not_acceptable"


class RoomDenied(Rejected):
    """The room does not allow it (1001)."""

    code = "room_denied"


class RoomRejected(Rejected):
    """The room refused it; `upstream_code` is its own word for that."""

    code = "room_rejected"


class Unavailable(GatewayError):
    """Try again later: nothing was accepted.

    Args:
        retry_after_s: Whole seconds after which a repeat makes sense.
    """

    def __init__(
        self,
        detail: str,
        *,
        retry_after_s: int = 5,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail, facts=facts)
        self.retry_after_s = retry_after_s


class RoomUnavailable(Unavailable):
    """The room is away and the caller will not wait."""

    code = "room_unavailable"


class QueueFull(Unavailable):
    """There is no room for more, of messages that wait or of bodies that come in."""

    code = "queue_full"


class StoreUnavailable(Unavailable):
    """The store cannot be written at the moment."""

    code = "store_unavailable"


class QuotaExceeded(Unavailable):
    """The caller has as much at a time as one may have."""

    code = "quota_exceeded"


class ShuttingDown(Unavailable):
    """The gateway is stopping."""

    code = "shutting_down"
