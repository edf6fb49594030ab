"""How often one caller may ask."""

from typing import Any

from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from artifactsite.lib import callers


class CountingThrottle(SimpleRateThrottle):
    """So many calls from the first one on, until the period is over; exact however many come at once.

    DRF's own reads the calls' times, adds one and writes them back: of two at the same moment one is forgotten,
    and for thousands of calls a minute each carries thousands of times to and fro.
    """

    rate: str | None
    num_requests: int
    duration: int

    def allow_request(self, request: Any, view: Any) -> bool:
        if self.rate is None or (key := self.get_cache_key(request, view)) is None:
            return True
        self.began = f"{key}_began"
        count = self._counted(key)
        if count is None:
            self.cache.add(self.began, self.timer(), self.duration)
            self.cache.add(key, 0, self.duration)
            count = self._counted(key)
        if count is None:  # the period ended in this very moment: this call begins the next one
            self.cache.set(key, 1, self.duration)
            return True
        return count <= self.num_requests

    def get_ident(self, request: Any) -> Any:
        return callers.address(request)

    def _counted(self, key: str) -> int | None:
        """Counts the call: how many there are now in the period, or None where none has begun."""
        try:
            count: int = self.cache.incr(key)
        except ValueError:
            return None
        return count

    def wait(self) -> float:
        """Seconds until the period is over."""
        began: float = self.cache.get(self.began) or self.timer()
        return max(0.0, self.duration - (self.timer() - began))


class PerUserThrottle(CountingThrottle, UserRateThrottle):
    """Calls of one signed-in user, whatever token or browser they come from."""

    scope = "user"


class PublicLinkThrottle(CountingThrottle, AnonRateThrottle):
    """Fetches of signed links from one address."""

    scope = "public"
