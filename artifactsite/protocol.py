"""How the server reads requests: uvicorn's reader in C, which by itself would take a head of any size."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 64 * 1024  # bytes of a request's line and headers


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 with a limit for what comes before the body: beyond it the request is refused and its sender left."""

    _open, _held = False, 0  # whether a head has begun and not ended, and the bytes of it that came so far

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._open, self._held = True, 0

    def on_headers_complete(self) -> None:
        self._open = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._open:
            self._held += len(data)
            if self._held > MOST_HEAD and not self.transport.is_closing():
                self.send_400_response("The request's headers are too large.")
