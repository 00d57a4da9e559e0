"""Whether a request of a third party is from whom it should be.

Verifying is total: whatever a stranger puts into headers and body, the request is
verified or `NotVerified` is raised, never anything else. What is not understood, or
not set up, is not verified.
"""

from gateway.domain.verification.headers import secret_headers
from gateway.domain.verification.profiles import verify
from gateway.domain.verification.requirements import check_settings

__all__ = ["check_settings", "secret_headers", "verify"]
