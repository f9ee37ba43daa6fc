"""How often somebody may try, over all processes: fixed windows counted in the cache.

A failed login counts against the pair of account and address, and against the address: a stranger who types wrong
passwords locks out nobody but themselves. Where the cache is away, nothing is refused for it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from kernel.problems import Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds."""

    name: str
    limit: int
    seconds: int

    def check(self, *parts: str) -> None:
        """Problem rate_limited where this caller has used the window up; counts nothing."""
        key, left = self._window(parts)
        try:
            used = cache.get(key, 0)
        except RedisError as error:
            log.warning("the throttle can't be read: %s", type(error).__name__)
            return
        if used >= self.limit:
            raise Problem("rate_limited", "too many tries; wait a moment", headers={"Retry-After": str(left)})

    def count(self, *parts: str) -> None:
        """Counts one."""
        key, _ = self._window(parts)
        try:
            if not cache.add(key, 1, timeout=self.seconds + 5):
                cache.incr(key)
        except (RedisError, ValueError) as error:  # ValueError: the window ended in between
            log.warning("the throttle can't count: %s", type(error).__name__)

    def hit(self, *parts: str) -> None:
        """`check`, then `count`."""
        self.check(*parts)
        self.count(*parts)

    def _window(self, parts: tuple[str, ...]) -> tuple[str, int]:
        now = int(time.time())
        who = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        return f"throttle:{self.name}:{who}:{now // self.seconds}", self.seconds - now % self.seconds


LOGIN_OF_ACCOUNT = Rate("login-account", 8, 300)  # failures of one address at one account
LOGIN_OF_ADDRESS = Rate("login-address", 50, 300)  # failures of one address at any account
SIGN_UP_LETTERS = Rate("sign-up-letters", 5, 3600)  # to one mailbox, whoever asks
LEAKS = Rate("leaks", 60, 60)
EXPORTS = Rate("exports", 10, 3600)


def sign_ups(limit: int) -> Rate:
    """New accounts of one address in an hour."""
    return Rate("sign-up", limit, 3600)
