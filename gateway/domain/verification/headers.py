"""The headers that prove something, by their names in lower case."""

from collections.abc import Mapping

from gateway.domain.model.sources import Verification

AUTHORIZATION = "authorization"
GITHUB = "x-hub-signature-256"
GITLAB = "x-gitlab-token"
MESHAGENT = "meshagent-signature"
SHOPIFY = "x-shopify-hmac-sha256"
SLACK = "x-slack-signature"
SLACK_TIME = "x-slack-request-timestamp"
STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")
STRIPE = "stripe-signature"
SVIX = ("svix-id", "svix-timestamp", "svix-signature")

# Whatever the profile: a sender may send more than its source asks for.
ALWAYS_SECRET = frozenset(
    {
        AUTHORIZATION,
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "x-hub-signature",
        GITHUB,
        GITLAB,
        MESHAGENT,
        SHOPIFY,
        SLACK,
        STANDARD[2],
        STRIPE,
        SVIX[2],
    }
)


def secret_headers(verification: Verification) -> frozenset[str]:
    """Return the headers whose values prove something and are not to be shown."""
    if verification.header is None:
        return ALWAYS_SECRET
    return ALWAYS_SECRET | {verification.header.lower()}


def of_standard(given: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the names of id, time and signature in a Standard Webhooks request.

    They are those of Svix if none of the standard's own is there. One kind counts,
    never a mixture of both: what is not signed must not pass for what is.
    """
    own = any(name in given for name in STANDARD)
    return SVIX if not own and any(name in given for name in SVIX) else STANDARD
