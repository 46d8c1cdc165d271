"""More of what a file says of itself, and what people make of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXTS = ("album_artist", "genre", "edits")
_NUMBERS = ("track_number", "disc_number", "year")


def upgrade() -> None:
    for name in _TEXTS:
        op.add_column("tracks", sa.Column(name, sa.Text))
    for name in _NUMBERS:
        op.add_column("tracks", sa.Column(name, sa.Integer))


def downgrade() -> None:
    for name in (*_NUMBERS, *_TEXTS):
        op.drop_column("tracks", name)
