"""Where a track's cover is, if it has one."""

SIZES = (64, 256, 512, 1024)  # pixels of the longest side


def file_name(hash: str, size: int) -> str:
    """Of one size, in the track's folder of covers."""
    return f"{hash}-{size}.jpg"


COVER = ("user_cover", "file_cover", "cover_type")  # what a link is made of: columns of a track's row


def cover_link(
    track_id: str, *, user_cover: str | None, file_cover: str | None, cover_type: str | None
) -> str | None:
    """The path of the cover that is shown; another cover has another path.

    Args:
        user_cover: hash of the one that somebody chose.
        file_cover: hash of the one made of the recording's picture: None until it is made, empty if that is
            impossible.
        cover_type: media type of the recording's picture; None without one.
    """
    path = f"/api/v1/tracks/{track_id}/cover"
    if shown := user_cover or file_cover:
        return f"{path}?v={shown}"
    return path if cover_type is not None and file_cover is None else None
