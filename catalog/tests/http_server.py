"""A real HTTP server on loopback that answers as a test tells it and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class TestServer:
    """`answers[path]`: one answer for always, or a list: for one request each, the last for the rest."""

    __test__ = False

    port: int
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # (path, headers in lower case)
    busiest: int = 0  # requests at a time, at most

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _headers in self.asked]


@contextmanager
def http_server() -> Iterator[TestServer]:
    lock = threading.Lock()
    now = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal now
            with lock:
                now += 1
                server.busiest = max(server.busiest, now)
                server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer = server.answers.get(self.path, (404, {}, b""))
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
            try:
                self.answer(answer)
            finally:
                with lock:
                    now -= 1

        def answer(self, answer: Answer) -> None:
            if callable(answer):
                self.close_connection = True
                answer(self)
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that hangs up is what some tests are about

    httpd = Quiet(("127.0.0.1", 0), Handler)
    server = TestServer(httpd.server_address[1])
    threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
