"""The shared cache in Redis."""

import os
import threading
from functools import lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangosCache
from django.core.cache.backends.redis import RedisCacheClient
from redis.exceptions import RedisError, ResponseError

# Django asks whether there is a number and then adds to it: two ways, and one that expired between the two would begin
# anew without an end.
_COUNT = "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('INCRBY', KEYS[1], ARGV[1])"


class _Client(RedisCacheClient):
    """Django's makes a client for every call: one is enough, and it knows the script."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept = super().get_client(write=True)
        self._count = self._kept.register_script(_COUNT)
        self._of_thread = threading.local()

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._kept

    def incr(self, key: Any, delta: int) -> int:
        try:
            count = self._counted(key, delta)
        except RedisError:  # a server that was away, or that has forgotten the script
            count = self._count([key], [delta])
        if count is None:
            raise ValueError(f"Key {key!r} not found.")
        return int(count)

    def _counted(self, key: Any, delta: int) -> Any:
        """By a connection that the thread keeps. Every call of the API is counted, and what the client does around
        the command (its pool, whether the connection still stands, retries, its own figures) costs more than it.
        """
        kept = vars(self._of_thread)
        if kept.get("process") != os.getpid():
            pool = self._kept.connection_pool
            kept |= {"connection": pool.connection_class(**pool.connection_kwargs), "process": os.getpid()}
        connection = kept["connection"]
        try:
            connection.send_command("EVALSHA", self._count.sha, 1, key, delta, check_health=False)
            return connection.read_response()
        except BaseException as error:
            if not isinstance(error, ResponseError):
                connection.disconnect()  # an answer that comes later is nobody's
            raise


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
