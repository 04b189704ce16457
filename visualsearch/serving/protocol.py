"""uvicorn's HTTP protocol with what it leaves open: how long a head may take, how large, how many connections stall."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from visualsearch.serving import limits


class GuardedProtocol(HttpToolsProtocol):
    # Connections whose request is not whole yet, the one that takes longest first.
    _reading: dict[GuardedProtocol, None] = {}

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _chunks = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()
        if len(self.connections) > limits.CONNECTIONS:
            next(iter(self._reading)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._read_whole()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self._head_timer is None:
            self._await_head()
        super().data_received(data)
        if self._head_timer is not None:  # still: the head goes on
            self._head_bytes += len(data)
            if self._head_bytes > limits.HEAD_BYTES:
                self._refuse(431, b"Request Header Fields Too Large", b"The head of this request is too long.")

    def on_headers_complete(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._head_bytes = self._chunks = 0
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks == limits.CHUNKS:
            self._refuse(413, b"Content Too Large", b"This body comes in too many pieces.")

    def on_message_complete(self) -> None:
        self._read_whole()
        super().on_message_complete()

    def _await_head(self) -> None:
        self._reading[self] = None
        self._head_timer = self.loop.call_later(limits.HEAD_SECONDS, self._head_took_too_long)

    def _head_took_too_long(self) -> None:
        self._refuse(408, b"Request Timeout", b"The head of this request took too long to arrive.")

    def _read_whole(self) -> None:
        self._reading.pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, phrase: bytes, sentence: bytes) -> None:
        """Answer where no request reaches the application, and hang up."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = b'{"detail": "%s", "code": "refused"}' % sentence
            head = (
                b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head % (status, phrase, len(body)) + body)
        self.transport.close()

    def __hash__(self) -> int:
        return id(self)
