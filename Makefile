.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install run test check browser stack stack-stop stack-status stack-tools lock contracts chaos bench clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

install: .venv/installed ## the environment alone, tools included, in .venv

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: install ## load the demo on first start, then serve its pages: make run PORT=8000
	$(BIN)/ketnap demo
	$(BIN)/ketnap up $(if $(PORT),--port $(PORT))

check: install ## style, types, the import rules, contracts that have not drifted, the compose file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ketnap contracts --check
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

browser: ## Debian's Chromium, which the tests of the pages need
	@command -v chromium >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium; } \
	  || echo "No chromium, so the pages are not tested. As root: apt-get install chromium"

stack: install stack-tools ## Postgres, Kafka and Prometheus on loopback, data and logs in var/stack
	$(BIN)/python -m deploy.local.stack start

stack-stop: install ## stop them; the data stays
	$(BIN)/python -m deploy.local.stack stop

stack-status: install ## say which of them answer
	$(BIN)/python -m deploy.local.stack status || true

stack-tools: ## Debian's Java, Maven, PostgreSQL and Prometheus, which the stack needs
	@deploy/local/tools.sh

test: check browser stack-tools ## everything, on a stack of its own, ending with pytest's closing line
	$(BIN)/python -m tests.with_stack $(BIN)/pytest --numprocesses 2 --dist loadscope --cov --cov-report term

chaos: check stack-tools ## the long share of the fault suite: 200 real schedules, 20,000 simulated
	$(BIN)/python -m tests.chaos --real 200 --simulated 20000

bench: install ## ratios measured side by side in one run; JSON in var/bench
	$(BIN)/python -m tests.bench

lock: ## pin every dependency with its hashes, for all platforms; the image's without the tools
	uv pip compile --universal --no-strip-extras --generate-hashes --no-header --python-version 3.11 --extra dev --quiet --output-file requirements.lock pyproject.toml
	uv pip compile --universal --no-strip-extras --generate-hashes --no-header --python-version 3.11 --constraint requirements.lock --quiet --output-file deploy/requirements.lock pyproject.toml

clean: ## forget the environment and the caches, but not the data
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
