"""What must hold of a Redis before a node relies on it, and what its operator should know."""

import asyncio
from collections.abc import Mapping

import structlog

from streamer.broker_redis.line import Line, LineBroken, LineRefused, Refusal

MIN_VERSION = (7, 0)  # scripts that are refused as a whole when memory is full
_PATIENCE_S = 5.0
_PAUSE_S = 0.2

log = structlog.get_logger()


async def inspect(line: Line) -> bool:
    """Connect, and warn of what may lose messages.

    Returns:
        whether it is a node of a Redis Cluster.

    Raises:
        LineBroken: it does not answer within `_PATIENCE_S`, or can't do what is needed.
    """
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + _PATIENCE_S
    while True:
        try:
            await line.open()
            facts = await _read_facts(line)
            break
        except LineBroken as error:
            if isinstance(error, LineRefused) or loop.time() > give_up_s:
                raise
        finally:
            await line.close()
        await asyncio.sleep(_PAUSE_S)
    version = facts.get("redis_version", "0.0")
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_VERSION:
        raise LineBroken(f"it is Redis {version}, and 7.0 or newer is needed")
    for warning in warnings(facts):
        log.warning(warning)
    return facts.get("redis_mode") == "cluster"


def warnings(facts: Mapping[str, str]) -> list[str]:
    """What is worth a word, from the fields of INFO."""
    found = []
    if facts.get("aof_enabled") == "0" and facts.get("connected_slaves") == "0":
        found.append(
            "Redis writes nothing to disk at once (appendonly no) and has no replica: if it dies together"
            " with a node, messages that were acknowledged in the last second may be lost"
        )
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        found.append(f"Redis may drop what it must not (maxmemory-policy {policy}): set it to noeviction")
    return found


async def _read_facts(line: Line) -> dict[str, str]:
    sections = ("server", "persistence", "replication", "memory")
    answers = await line.ask([("INFO", section) for section in sections])
    facts: dict[str, str] = {}
    for answer in answers:
        if isinstance(answer, Refusal):
            raise LineBroken(answer.text)
        facts |= dict(row.split(":", 1) for row in answer.decode().splitlines() if ":" in row)
    return facts
