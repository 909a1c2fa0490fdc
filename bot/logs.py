"""Structured logs on standard error, one JSON object a line; colours and columns when a person is watching."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Set up logging once, at the start of a process."""
    number = getattr(logging, level.upper())
    watched = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if watched else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # Bolt prints parts of payloads when nothing matches; docket repeats tracebacks that jobs have logged already.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    logging.getLogger("docket").setLevel(logging.CRITICAL)
