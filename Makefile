# Two commands for a fresh machine: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PY36   ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.6*/bin/python) $(shell command -v python3.6))
WORKERS ?= 2

.PHONY: demo test test-all conformance docs check format setup setup36 clean

demo: setup
	$(BIN)/python examples/quickstart.py

test: setup setup36
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist worksteal tests

test-all: setup setup36
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests

# Operator x back end x awkward input, then thousands of random formulas, printed as a matrix; minutes.
conformance: setup setup36
	$(BIN)/python -W ignore -m tests.conformance.matrix --long

docs: setup
	$(BIN)/python tools/operator_table.py
	$(BIN)/python tools/support_matrix.py
	$(BIN)/python -m sdk.emulator.rules_page
	$(BIN)/python -m sdk.training.settings_page

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/size_budget.py

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip -c constraints.txt
	$(BIN)/pip install -q torch -c constraints.txt
	$(BIN)/pip install -q -e '.[dev]' -c constraints.txt
	touch $@

# The platform's Python with numpy and pandas of its era; tests that need it skip loudly where it is absent.
setup36: .venv36/.ready

.venv36/.ready: constraints36.txt
	@if [ -x "$(PY36)" ]; then \
	  $(PY36) -m venv .venv36 && \
	  .venv36/bin/pip install -q -r constraints36.txt && \
	  touch $@; \
	else echo "CPython 3.6 not found: tests of the exported file on 3.6 will be skipped"; fi

clean:
	rm -rf $(VENV) .venv36 demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
