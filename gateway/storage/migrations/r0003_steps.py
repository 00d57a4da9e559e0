"""How a message came as far as it did, and up to where the log was trimmed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


_HEAD = sa.text("SELECT seq FROM log_head")
_LAST = sa.text("SELECT max(seq) FROM event")
# Places are dense: what is missing before an event was trimmed.
_GAP = sa.text(
    "SELECT max(later.seq) - 1 FROM event AS later WHERE NOT EXISTS "
    "(SELECT 1 FROM event AS earlier WHERE earlier.seq = later.seq - 1)"
)
_TRIMMED = sa.text("INSERT INTO fact (name, value) VALUES ('trimmed', :place)")


def upgrade() -> None:
    """Add a column, of which messages of before have nothing; find what was trimmed."""
    op.add_column("message", sa.Column("steps", sa.Text()))
    connection = op.get_bind()
    head = connection.execute(_HEAD).scalar_one_or_none() or 0
    last = connection.execute(_LAST).scalar_one() or 0
    place = head if last < head else connection.execute(_GAP).scalar_one() or 0
    if place:
        connection.execute(_TRIMMED, {"place": str(place)})
