"""`python -m visualsearch.serving`: the web process. HOST, PORT, WEB_WORKERS and more come from the environment."""

from __future__ import annotations

import os
import resource
import tempfile

import uvicorn
from uvicorn.supervisors import Multiprocess


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
    # Where prometheus_client adds up the counts of all our processes; of this start, and gone with it.
    with tempfile.TemporaryDirectory(prefix="visualsearch-metrics-") as counts:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
        serve()


def serve() -> None:
    from visualsearch.serving import limits

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = uvicorn.Config(
        "visualsearch.serving.app:application",
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT") or 8000),
        workers=int(os.environ.get("WEB_WORKERS") or 1),
        http="visualsearch.serving.protocol:GuardedProtocol",
        ws="none",
        lifespan="on",
        interface="asgi3",
        proxy_headers=False,  # PROXIES says whom to believe; REMOTE_ADDR stays the reference's
        server_header=False,
        access_log=False,
        log_config=None,  # Django's LOGGING
        timeout_keep_alive=limits.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=limits.STOP_SECONDS,
        timeout_worker_healthcheck=30,
        limit_max_requests=20_000,  # a worker is renewed now and then, so that no slow leak of a decoder matters
        limit_max_requests_jitter=2_000,
        backlog=2048,
    )
    Multiprocess(config, sockets=[config.bind_socket()]).run()  # also with one worker: a dead one is started again


if __name__ == "__main__":
    main()
