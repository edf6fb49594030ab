"""The shared cache in Redis."""

from functools import lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangosCache
from django.core.cache.backends.redis import RedisCacheClient

# Django asks whether there is a number and then adds to it: two ways, and one that expired between the two would begin
# anew without an end.
_COUNT = "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('INCRBY', KEYS[1], ARGV[1])"


class _Client(RedisCacheClient):
    """Django's makes a client for every call: one is enough, and it knows the script."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept = super().get_client(write=True)
        self._count = self._kept.register_script(_COUNT)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._kept

    def incr(self, key: Any, delta: int) -> int:
        count = self._count([key], [delta])
        if count is None:
            raise ValueError(f"Key {key!r} not found.")
        return int(count)


class RedisCache(DjangosCache):
    """Django keeps a cache, and so its connections, for a context (`asgiref.local`), and here each request has its own:
    it would connect anew each time. The process keeps them.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _of_this_process


def _of_this_process(servers: list[str], **options: Any) -> _Client:
    return _client(tuple(servers), **options)


@lru_cache
def _client(servers: tuple[str, ...], **options: Any) -> _Client:
    return _Client(list(servers), **options)
