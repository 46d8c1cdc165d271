"""How often the blocks of a track have which loudness, from which an album's loudness is made."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("tracks", sa.Column("loudness_histogram", sa.LargeBinary))


def downgrade() -> None:
    op.drop_column("tracks", "loudness_histogram")
