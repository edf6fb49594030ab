"""How the server reads requests: uvicorn's reader in C, which by itself would take a head of any size."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_HEAD = 64 * 1024  # bytes of a request's line and headers
LAST_SECONDS = 0.5  # that an idle connection is kept for when the server stops


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 with a limit for what comes before the body: beyond it the request is refused and its sender left.

    A server that stops answers what still comes on a connection that it had kept, and says in the answer that this was
    the last: a proxy may just be sending there, and can't ask another server for what it has begun to send.
    """

    _open, _held = False, 0  # whether a head has begun and not ended, and the bytes of it that came so far
    _stopping = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._open, self._held = True, 0

    def on_headers_complete(self) -> None:
        self._open = False
        super().on_headers_complete()
        if self._stopping and not self._is_idle():
            self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._open:
            self._held += len(data)
            if self._held > MOST_HEAD and not self.transport.is_closing():
                self.send_400_response("The request's headers are too large.")

    def shutdown(self) -> None:
        """What uvicorn calls when it is asked to stop; it waits until no connection is left."""
        self._stopping = True
        if self._is_idle():
            self.loop.call_later(LAST_SECONDS, self._leave)
        else:
            super().shutdown()

    def _leave(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _is_idle(self) -> bool:
        # uvicorn's own annotation leaves out that there is none before the first request.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete
