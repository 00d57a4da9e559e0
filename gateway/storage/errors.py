"""Why a store can't be opened.

    StartRefused                 carries `exit_code`, the process's own
    ├── LockHeld                 another gateway has the data directory or database (1)
    ├── StoreUnusable            its files or its database can't be used (2)
    ├── UnsupportedStore         a database URL that can't be served (2)
    ├── SchemaTooNew             written by a later release (2)
    ├── BadMasterKeys            not of the form `id:base64,…` (2)
    └── MasterKeyMismatch        not the keys this store was written with (2)

Failures after that are `StoreUnavailable`, of the domain.
"""

from typing import ClassVar


class StartRefused(Exception):
    """The store can't be opened; its text is one sentence for a person."""

    exit_code: ClassVar[int] = 2


class LockHeld(StartRefused):
    """Another process holds the data directory, or the database.

    Attributes:
        pid: That process, as it wrote it down; `None` if it can't be read.
    """

    exit_code = 1

    def __init__(
        self, pid: int | None, *, waited_s: float, what: str = "data directory"
    ) -> None:
        holder = "Another gateway" if pid is None else f"The gateway with pid {pid}"
        super().__init__(
            f"{holder} holds the {what}; waited {waited_s:g} s for it to stop."
        )
        self.pid = pid


class StoreUnusable(StartRefused):
    """Its files can't be made, read or written, or its server refuses us."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The store cannot be opened: {why}.")


class UnsupportedStore(StartRefused):
    """A database URL that this release can't serve."""

    def __init__(self, backend: str) -> None:
        super().__init__(
            f"GATEWAY_DATABASE_URL names {backend}, which this release cannot use; "
            "a SQLite file and PostgreSQL it can."
        )


class SchemaTooNew(StartRefused):
    """The store was written by a later release.

    Attributes:
        found: The revision of the store.
        known: The newest revision that this release knows.
    """

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The store has schema {found}, newer than {known} of this release; "
            "run the release that wrote it, or restore the copy made before."
        )
        self.found = found
        self.known = known


class BadMasterKeys(StartRefused):
    """Master keys that can't be read; the text never holds a key."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The master keys cannot be used: {why}.")


class MasterKeyMismatch(StartRefused):
    """None of the keys given is the one this store was written with."""

    def __init__(self) -> None:
        super().__init__(
            "None of the master keys is the one this store was sealed with; "
            "give the old key too, after the new one."
        )
