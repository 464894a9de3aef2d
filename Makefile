# Each target makes its own environment in .venv; only the Python package index is needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench parity clean

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "NearDepth needs Python 3.10 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable . --group dev
	touch $@

demo: .venv/ready
	$(BIN)/python tools/demo.py

test: .venv/ready
	$(BIN)/pytest -n auto --dist loadfile

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python benchmarks/run.py

# Compares our networks with PyTorch's; on Linux the package index's PyTorch weighs gigabytes.
parity: .venv/ready
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pytest tests/parity

clean:
	rm -rf .venv build dist out
