# make demo: the whole system on this machine. make test: the whole suite. Everything else is below.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
export PORT ?= 8000

.PHONY: install demo test lint format bench requirements clean

install: $(VENV)/serving

demo: $(VENV)/serving
	@exec $(BIN)/python manage.py demo

test: $(VENV)/everything
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

lint: $(VENV)/everything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/everything
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/everything
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py bench_embed
	$(BIN)/python manage.py bench_search
	$(BIN)/python manage.py bench_serve

# Pin and hash what the two .in files ask for.
requirements: $(VENV)/serving
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 --upgrade requirements-serve.in -o requirements-serve.txt
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 --upgrade requirements.in -o requirements.txt

clean:
	rm -rf $(VENV) var

# Only what serving needs: a newcomer does not wait for TensorFlow.
$(VENV)/serving: requirements-serve.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-serve.txt
	@touch $@

# The whole, for training and tests.
$(VENV)/everything: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@ $(VENV)/serving

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
