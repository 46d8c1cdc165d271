"""Structured log lines on stderr: for people on a terminal, as JSON elsewhere. Secrets never get there."""

import logging
import sys
from typing import Any

import structlog

_HIDDEN = frozenset({"token", "secret", "authorization", "cookie", "password", "database_url", "redis_url"})


def hide_secrets(_logger: object, _method: str, event: Any) -> Any:
    """Blank the values whose keys say that they are nobody's business."""
    for key in _HIDDEN & event.keys():
        event[key] = "(hidden)"
    return event


def configure(level: str, log_format: str) -> None:
    """Set up structlog, and send what libraries log the same way.

    Args:
        level: "debug", "info", "warning" or "error".
        log_format: "console", "json" or "auto", which asks whether stderr is a terminal.
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    renderer: list[structlog.types.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if console
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    # Libraries tell us what surprises them, not what they do.
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[handler], force=True)
