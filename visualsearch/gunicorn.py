"""How gunicorn serves Visualsearch. HOST, PORT, WEB_WORKERS and WEB_THREADS come from the environment."""

import os
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", 1))
threads = int(os.environ.get("WEB_THREADS", 4))
worker_class = "gthread"
timeout = 60
control_socket_disable = True  # one path per user: two checkouts side by side would share it
max_requests = 20_000  # a worker is renewed now and then, so that no slow leak of a decoder matters
max_requests_jitter = 2_000


def post_worker_init(worker: Any) -> None:
    """Load the active model before the first request: no shopper waits for it."""
    from visualsearch.health import warm_up

    warm_up()
