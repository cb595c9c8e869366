# Two commands on a fresh machine: make run, make test.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check install clean

run: .venv/core
	$(BIN)/nextclose run sample:AAPL --recipe tutorial --recipe default --out runs/first --force

test: .venv/all
	scripts/test

check: .venv/all
	scripts/check

install: .venv/all

.venv/core: pyproject.toml constraints.txt
	scripts/install core

.venv/all: pyproject.toml constraints.txt
	scripts/install all

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build src/*.egg-info
