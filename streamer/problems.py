"""What can go wrong at the API, as RFC 9457 problem details. One table says which status each has."""

import msgspec

from streamer.store import StoreError, StoreFailed


class Problem(Exception):
    """A request that can't be granted. The text is for who sent it: the wrong value, and the limit."""


class RequestInvalid(Problem):
    """The request breaks the protocol or the parameters' bounds."""


class TokenMissing(Problem):
    """This server takes uploads only with a bearer token that it issued."""


class OriginRefused(Problem):
    """The page that sent this request belongs to a site that may not write here."""


class NotYours(Problem):
    """Only who made it, or who runs the server, may do this."""


class TrackUnknown(Problem):
    """There is no such track, or it has been deleted."""


class AlbumUnknown(Problem):
    """No track that can be played names such an album."""


class PlaylistUnknown(Problem):
    """There is no such playlist, or it has been deleted."""


class EntryUnknown(Problem):
    """The playlist has no such entry, or not any more."""


class PlaylistFull(Problem):
    """There is no room: a playlist has at most 10,000 entries, and a server as many playlists."""


class RevisionWrong(Problem):
    """Somebody else has changed it since: look at it again, and then decide."""


class UploadUnknown(Problem):
    """There is no such upload, or it was terminated."""


class PartMissing(Problem):
    """The track is there, but not this part of it: not yet, not any more, or it never had one."""


class CommentUnknown(Problem):
    """There is no such comment on this track, or it has been deleted."""


class RoomTaken(Problem):
    """There is such a room: it has an owner, or somebody has spoken in it."""


class RoleMissing(Problem):
    """This takes another role in the room, or one above that of whom it concerns."""


class SubjectUnknown(Problem):
    """Nobody is called that, or several are; or there is no such measure, invite or message."""


class ReportUnknown(Problem):
    """There is no such report, or somebody has settled it."""


class OrderFull(Problem):
    """There are as many of these as there may be: docs/protocol.md has the limits."""


class LogAway(Problem):
    """The message can't be stored right now; try again in a moment."""


class CommentRefused(Problem):
    """You are banned or muted, everywhere or in the room it records, or that room does not want it said."""


class CommentsFull(Problem):
    """The track has as many comments as a track may have."""


class PictureInvalid(Problem):
    """It is not a picture that can be a cover."""


class RateLimited(Problem):
    """Too much in too short a time; `Retry-After` says when to go on."""

    def __init__(self, text: str = "", retry_ms: int = 1000) -> None:
        super().__init__(text)
        self.retry_ms = retry_ms


class BodyTooLarge(Problem):
    """The body of the request is larger than what it can be needs."""


class UploadStalled(Problem):
    """The body of the request stopped coming."""


class UploadTakenOver(Problem):
    """A newer request goes on with this upload; what this one brought is kept as far as it came."""


class OffsetWrong(Problem):
    """`Upload-Offset` is not where this upload ends so far; a HEAD request tells where that is."""


class UploadGone(Problem):
    """The upload can't go on: it has expired, or its file can't become a track."""


class TusVersionUnsupported(Problem):
    """`Tus-Resumable` must be there and say 1.0.0."""


class ChecksumWrong(Problem):
    """The bytes do not match `Upload-Checksum`; nothing of this request was kept."""


class TrackDeleted(Problem):
    """The track was deleted while its upload ran."""


class UploadTooLarge(Problem):
    """The recording is larger than this server takes."""


class QuotaExceeded(Problem):
    """The account has no room for it: `detail` says what is used, the quota, and what was to come."""


class MediaTypeUnsupported(Problem):
    """The body is of a kind that is not taken here: `detail` says what is."""


class UploadCut(Problem):
    """The body of the request ended before it was complete."""


class UploadsBusy(Problem):
    """As many uploads as this server takes are running already."""


class StorageFailed(Problem):
    """The disk refused to write."""


class ServerStopping(Problem):
    """The server is about to stop; try again in a moment."""


class StoreUnreachable(Problem):
    """The file is in a store that does not answer now; try again in a moment."""


class StoreBroken(Problem):
    """The store refuses, or does not have what it should; somebody has to look after it."""


class HistoryUnavailable(Problem):
    """What was said in the room can't be read right now; try again in a moment."""


class DiskFull(Problem):
    """There is no room for this recording on the server's disk."""


# type -> status, slug (part of the problem's `type`, a link into /api/docs), title
TABLE: dict[type[Problem], tuple[int, str, str]] = {
    RequestInvalid: (400, "request-invalid", "The request is not valid"),
    UploadCut: (400, "upload-cut", "The upload was cut"),
    UploadTakenOver: (400, "upload-taken-over", "The upload goes on elsewhere"),
    TokenMissing: (401, "token-missing", "A token is needed"),
    OriginRefused: (403, "origin-refused", "Not from that site"),
    NotYours: (403, "not-yours", "Not yours"),
    CommentRefused: (403, "comment-refused", "Not to be said here"),
    RoleMissing: (403, "role-missing", "It takes another role"),
    TrackUnknown: (404, "track-unknown", "No such track"),
    AlbumUnknown: (404, "album-unknown", "No such album"),
    PlaylistUnknown: (404, "playlist-unknown", "No such playlist"),
    EntryUnknown: (404, "entry-unknown", "No such entry"),
    UploadUnknown: (404, "upload-unknown", "No such upload"),
    CommentUnknown: (404, "comment-unknown", "No such comment"),
    PartMissing: (404, "part-missing", "The track has no such part"),
    SubjectUnknown: (404, "subject-unknown", "Nobody and nothing such"),
    ReportUnknown: (404, "report-unknown", "No such report"),
    UploadStalled: (408, "upload-stalled", "The upload stalled"),
    RoomTaken: (409, "room-taken", "There is such a room"),
    OrderFull: (409, "order-full", "No room for more"),
    PlaylistFull: (409, "playlist-full", "No room in the playlist"),
    OffsetWrong: (409, "offset-wrong", "Not where the upload ends"),
    CommentsFull: (409, "comments-full", "No room for more comments"),
    UploadGone: (410, "upload-gone", "The upload can't go on"),
    TrackDeleted: (410, "track-deleted", "The track was deleted"),
    RevisionWrong: (412, "revision-wrong", "It has changed since"),
    TusVersionUnsupported: (412, "tus-version-unsupported", "Another version of tus"),
    UploadTooLarge: (413, "upload-too-large", "The recording is too large"),
    QuotaExceeded: (413, "quota-exceeded", "The account has no room for it"),
    BodyTooLarge: (413, "body-too-large", "The body is too large"),
    MediaTypeUnsupported: (415, "media-type-unsupported", "Unsupported kind of body"),
    PictureInvalid: (422, "picture-invalid", "Not a usable picture"),
    RateLimited: (429, "rate-limited", "Too fast"),
    # tus 1.0, checksum extension: a status of its own.
    ChecksumWrong: (460, "checksum-wrong", "The checksum does not match"),
    UploadsBusy: (503, "uploads-busy", "Too many uploads at once"),
    ServerStopping: (503, "server-stopping", "The server is stopping"),
    LogAway: (503, "log-away", "The log can't be written"),
    StoreBroken: (502, "store-broken", "The store has not what it should"),
    StoreUnreachable: (503, "store-unreachable", "The store can't be reached"),
    HistoryUnavailable: (503, "history-unavailable", "The room can't be read"),
    StorageFailed: (500, "storage-failed", "The disk refused to write"),
    DiskFull: (507, "disk-full", "No room on the disk"),
}

MEDIA_TYPE = "application/problem+json"


def unavailable(error: StoreError) -> Problem:
    """What a client hears of a store that fails. Its name is nobody's business; the log has it."""
    if isinstance(error, StoreFailed) and error.retryable:
        return StoreUnreachable("the store can't be reached; try again in a moment")
    return StoreBroken("the store does not have what it should")


class ProblemDetails(msgspec.Struct, frozen=True):
    """RFC 9457: `type` is a link to what this kind of problem means, `detail` says what happened here."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


def details(problem: Problem, instance: str) -> ProblemDetails:
    """The problem as it goes out. `instance` is the path of the request."""
    status, slug, title = TABLE[type(problem)]
    text = str(problem) or (type(problem).__doc__ or title)
    return ProblemDetails(f"/api/docs#{slug}", title, status, text, instance)


def plain(status: int, title: str, detail: str, instance: str) -> ProblemDetails:
    """A problem that says no more than its status does. RFC 9457 4.2.1: "about:blank"."""
    return ProblemDetails("about:blank", title, status, detail, instance)
