"""What a client asks for at first, and what it is told that this server can do."""

from typing import Final

from streamer.ingest.rtmp.amf import AmfValue, number, text
from streamer.ingest.rtmp.audio import FOUR_CCS

APP: Final = "live"
MAX_KEY_CHARS: Final = 200

# Enhanced RTMP v2, "Enhancing NetConnection connect Command".
_RECONNECT: Final = 0x01
_MULTITRACK: Final = 0x02
_MOD_EX: Final = 0x04
_CAN_DECODE: Final = 0x01


def refuse_app(app: AmfValue) -> str:
    """Why a client may not connect to an app; empty if it may. Slashes and parameters are not looked at."""
    name = text(app, 100)
    if name.partition("?")[0].strip("/") == APP:
        return ""
    return (
        f"{name!r} is no application of this server: use rtmp://HOST/{APP} with the stream key as stream name"
    )


def read_key(arguments: list[AmfValue]) -> str:
    """The stream key in the arguments of `publish`: its name, without parameters; empty if there is none."""
    name = arguments[0] if arguments else None
    if not isinstance(name, str) or len(name) > MAX_KEY_CHARS * 4:
        return ""
    return name.partition("?")[0].strip("/ ")[:MAX_KEY_CHARS]


def can_reconnect(properties: dict[str, AmfValue]) -> bool:
    """Whether a client understands a request to reconnect."""
    return bool(int(number(properties.get("capsEx"))) & _RECONNECT)


def connected(properties: dict[str, AmfValue]) -> tuple[AmfValue, AmfValue]:
    """The two objects with which `connect` is answered: the server, and the good news.

    A client of Enhanced RTMP is told which audio can be decoded, and that any video may come.
    """
    server: dict[str, AmfValue] = {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31.0, "mode": 1.0}
    info: dict[str, AmfValue] = {
        "level": "status",
        "code": "NetConnection.Connect.Success",
        "description": "connected",
        "objectEncoding": number(properties.get("objectEncoding")),
    }
    enhanced = {"fourCcList", "audioFourCcInfoMap", "videoFourCcInfoMap", "capsEx"} & properties.keys()
    if enhanced:
        audio = [four_cc.decode() for four_cc in FOUR_CCS]
        info["fourCcList"] = [*audio, "avc1", "hvc1", "av01", "vp08", "vp09"]
        info["audioFourCcInfoMap"] = {four_cc: float(_CAN_DECODE) for four_cc in audio}
        info["videoFourCcInfoMap"] = {"*": float(_CAN_DECODE)}
        info["capsEx"] = float(_RECONNECT | _MULTITRACK | _MOD_EX)
    return server, info
