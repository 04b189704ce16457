"""What the server runs: Django behind the front."""

from visualsearch.wsgi import application as wsgi  # sets Django up: before what uses it

# isort: split
from visualsearch.health import warm_up
from visualsearch.serving.front import Front

application = Front(wsgi, warm_up)
