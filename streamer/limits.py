"""From the settings, what each part of the server is held to."""

from ipaddress import ip_network

from chat.limits import ChatLimits
from chat.networks import Network
from streamer.chat_settings import read_limits
from streamer.server import DoorLimits
from streamer.settings import Settings
from streamer.uploads import UploadLimits
from streamer.worker import WorkerLimits

_ANY_BODY = 1 << 50


def door_limits(settings: Settings) -> DoorLimits:
    """What the front door lets in. Only uploads have bodies that are read; they are measured there."""
    return DoorLimits(
        max_head_bytes=settings.max_head_bytes,
        max_header_count=settings.max_header_count,
        head_timeout_s=settings.head_timeout_s,
        idle_timeout_s=settings.idle_timeout_s,
        max_body_bytes=_ANY_BODY,
        max_connections=settings.max_connections,
    )


def chat_limits(settings: Settings) -> ChatLimits:
    """Raises ValueError: `chat_limits` has one that can't be; `streamer.settings.load` has seen to that."""
    return ChatLimits(
        messages_per_s=settings.messages_per_s,
        messages_burst=settings.messages_burst,
        accepts_per_s=settings.accepts_per_s,
        accepts_burst=settings.accepts_burst,
        **read_limits(settings.chat_limits),  # type: ignore[arg-type]  # each has the type of its default
    )


def trusted_networks(settings: Settings) -> list[Network]:
    """The networks of our own proxies. Raises ValueError: one of them is none."""
    return [ip_network(network, strict=False) for network in settings.trusted_proxies]


def worker_limits(settings: Settings) -> WorkerLimits:
    return WorkerLimits(
        max_workers=settings.max_workers,
        memory_bytes=settings.worker_memory_bytes,
        cpu_s=settings.worker_cpu_s,
        stall_s=settings.worker_stall_s,
        max_duration_s=settings.max_duration_s,
        max_output_bytes=settings.max_output_bytes,
    )


def upload_limits(settings: Settings) -> UploadLimits:
    return UploadLimits(
        max_upload_bytes=settings.max_upload_bytes,
        max_uploads=settings.max_uploads,
        idle_s=settings.upload_idle_s,
        min_free_bytes=settings.min_free_bytes,
    )
