"""What the processes write: one JSON object a record, with the request's id, and nothing that opens a door."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from config import logs

KEY = "tsr_live_" + "Ab3" * 12


@pytest.fixture
def lines() -> Iterator[list[str]]:
    made: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            made.append(self.format(record))

    handler = Keep()
    handler.setFormatter(logs.Json())
    logger = logging.getLogger("tests.logs")
    logger.propagate, before = False, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield made
    logger.removeHandler(handler)
    logger.propagate = before


def test_a_record_is_one_object_with_the_request_s_id(lines: list[str]) -> None:
    token = logs.request_id.set("req_1")
    try:
        logging.getLogger("tests.logs").info("done in %s ms\nand more", 12, extra={"model": "sentiment-en", "units": 3})
    finally:
        logs.request_id.reset(token)
    (line,) = lines
    assert "\n" not in line
    entry = json.loads(line)
    assert (entry["message"], entry["level"], entry["logger"]) == ("done in 12 ms\nand more", "info", "tests.logs")
    assert (entry["request_id"], entry["model"], entry["units"]) == ("req_1", "sentiment-en", 3)
    assert entry["at"].endswith("+00:00")


@pytest.mark.parametrize("said", [
    f"called with {KEY}", f"Authorization: Bearer {KEY}", "X-Api-Key: abcdefghijkl", "password=hunter2hunter2",
    '{"password": "hunter2hunter2"}', "redis://:hunter2hunter2@127.0.0.1/0", "postgresql://me:hunter2hunter2@db/x",
    "sk_live_hunter2hunter2", "whsec_hunter2hunter2==", "POST /account/password/reset/key/1-hunter2hunter2/",
    "GET /invite/hunter2hunter2hunter2hunter2/", "Authorization: bearer hunter2hunter2",
])
def test_no_secret_is_written(lines: list[str], said: str) -> None:
    logger = logging.getLogger("tests.logs")
    logger.warning(said)
    logger.warning("words", extra={"detail": said, "token": "hunter2hunter2"})
    try:
        raise ValueError(said)
    except ValueError:
        logger.exception("it failed")
    written = "\n".join([*lines, logs.Line().format(logging.makeLogRecord({"msg": said, "levelname": "INFO"}))])
    for secret in (KEY, "hunter2hunter2", "abcdefghijkl"):
        assert secret not in written
    assert "[hidden]" in written


def test_what_is_no_secret_is_left_alone() -> None:
    for said in ("GET /models/sentiment-en/ 200", "organization 12: 3 tokens left", "https://example.com/a?b=c",
                 "api key 7 of organization 3 was revoked"):
        assert logs.without_secrets(said) == said
