"""How a message came as far as it did."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column; messages of before have no steps."""
    op.add_column("message", sa.Column("steps", sa.Text()))
