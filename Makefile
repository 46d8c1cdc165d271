# `make serve` runs the server, `make test` runs everything that CI runs. Both install what is missing first.
.PHONY: help serve test lint types unit contract integration players conformance fuzz format bench clean

PYTEST = .venv/bin/python -m pytest -q
# A test file to a process, for its tests share a server.
PARALLEL = -n logical --maxprocesses 4 --dist loadfile

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: ## run Veza on embedded defaults (settings: config/veza.toml or VEZA_... variables)
	@scripts/setup serve
	@.venv/bin/veza serve

test: ## lint, types, unit, contract, conformance, fuzz, integration, players
	@scripts/setup test
	@$(MAKE) --no-print-directory lint types
	.venv/bin/python -m coverage run -m pytest -q tests/unit
	.venv/bin/python -m coverage report --fail-under=100
	$(PYTEST) $(PARALLEL) tests/contract tests/conformance tests/fuzz
	$(PYTEST) $(PARALLEL) tests/integration
	$(PYTEST) -n 3 --dist loadfile tests/players  # browsers wait most of the time

lint: ## ruff: rules and formatting
	@scripts/setup test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: ## mypy --strict on the packages and the tests
	@scripts/setup test
	.venv/bin/mypy

unit: ## the pure cores
	@scripts/setup test
	$(PYTEST) tests/unit

contract integration players conformance fuzz: ## one suite
	@scripts/setup test
	$(PYTEST) $(PARALLEL) tests/$@

format: ## rewrite the code the way lint wants it
	@scripts/setup test
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: ## measure against nginx, nchan and ffmpeg in the same run
	@scripts/setup bench
	.venv/bin/python -m bench

clean: ## remove what was installed and built; the data folder stays
	rm -rf .venv node_modules streamer/web/vendor artefacts build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
