# `make serve` runs the server, `make test` runs everything that CI runs. Both install what is missing first.
.PHONY: help serve test heard giving-way working lint types unit coverage shell contract integration players conformance fuzz format chaos tests/integration bench clean

PYTEST = .venv/bin/python -m pytest -q
# A test file to a process, for its tests share a server.
PARALLEL = -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Nothing is shared there, and nothing waits.
WORKING = -n logical --maxprocesses 4 --dist worksteal
# Servers and browsers wait for each other, and their tests for them: more processes than cores.
WAITING = -n 4 --dist loadfile --no-loadscope-reorder
BROWSING = -n 3 --dist loadfile --no-loadscope-reorder
# What they play takes as long as it is, and every sample of it is heard: one at a time, and beside them only what
# gives way at once whenever one of them wants a core.
HEARD = $(addprefix tests/players/test_,page_live.py page_live_media.py page_gapless.py firefox.py \
  live_players.py live_opening.py progressive_players.py other_players.py)
# Days and thousands of steps of what others show step by step: three times as long while coverage looks on.
LONG = $(addprefix tests/unit/,hls/test_bridge.py::test_24_hours_on_another_clock \
  hls/test_bridge.py::test_24_hours_of_stalls_bursts_and_jitter \
  chat/test_uplink.py::test_what_is_cut_and_resent_arrives_once_and_in_order)
GIVING_WAY = $(shell chrt --idle 0 true 2>/dev/null && echo chrt --idle 0 || echo nice -n 19)
SETUP = scripts/setup

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: ## run Veza on embedded defaults (settings: config/veza.toml or VEZA_... variables)
	@$(SETUP) serve
	@.venv/bin/veza serve

test: ## lint, types, unit, contract, conformance, fuzz, integration and chaos, players
	@$(SETUP) test
	@$(MAKE) --no-print-directory -j2 --output-sync SETUP=: heard giving-way
	@$(MAKE) --no-print-directory -j2 --output-sync SETUP=: NODES=2 tests/integration chaos
	$(PYTEST) $(BROWSING) tests/players $(addprefix --ignore ,$(HEARD))

heard:
	$(PYTEST) $(HEARD)

giving-way:
	@$(GIVING_WAY) $(MAKE) --no-print-directory -j2 --output-sync SETUP=: types coverage shell lint working

working:
	$(PYTEST) $(WORKING) tests/conformance tests/fuzz

lint: ## ruff: rules and formatting
	@$(SETUP) test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: ## mypy --strict on the packages and the tests
	@$(SETUP) test
	.venv/bin/mypy

unit: ## the pure cores
	@$(SETUP) test
	$(PYTEST) tests/unit

coverage: ## the pure cores alone: every branch of hls and chat is taken by their own tests
	@$(SETUP) test
	.venv/bin/python -m coverage run -m pytest -q tests/unit/hls tests/unit/chat $(addprefix --deselect ,$(LONG))
	.venv/bin/python -m coverage report --fail-under=100

shell: ## the other unit tests
	@$(SETUP) test
	$(PYTEST) $(filter-out %/hls %/chat %/__pycache__,$(wildcard tests/unit/*)) $(LONG)

contract integration players conformance fuzz: ## one suite
	@$(SETUP) test
	$(PYTEST) $(PARALLEL) tests/$@

tests/integration:
	$(PYTEST) $(WAITING) tests/contract $@

chaos: ## break rooms on purpose, and judge what clients saw (SEED=... SECONDS=... NODES=... REDIS=1)
	@$(SETUP) test
	nice .venv/bin/python -m chaos --seconds $(or $(SECONDS),120) --nodes $(or $(NODES),1) \
	  $(if $(SEED),--seed $(SEED)) $(if $(REDIS),--redis)

format: ## rewrite the code the way lint wants it
	@$(SETUP) test
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: ## measure against nginx, nchan, ws, Socket.IO and ffmpeg in the same run
	@$(SETUP) bench
	.venv/bin/python -m bench

clean: ## remove what was installed and built; the data folder stays
	rm -rf .venv node_modules streamer/web/vendor artefacts build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
