# FlowStudio. `make run` starts the studio, `make test` runs every test; both set up what they need in .venv.

PYTHON ?= $(shell scripts/find-python)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Node comes from the environment, ahead of whatever the system has.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export REFLEX_USE_NPM := 1

.DEFAULT_GOAL := help
.PHONY: help run test check format bench soak chaos lock audit docs wheel clean setup setup-dev

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r target text; do printf '%-16s %s\n' "$$target" "$$text"; done

run: setup ## Start the studio on http://127.0.0.1:8000
	@$(BIN)/flowstudio run $(ARGS)

test: setup-dev ## Run every test, the browser's included (ARGS="-k name" to choose)
	@$(BIN)/python -m scripts.run_tests $(ARGS)

check: setup-dev ## Lint, format, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy flowstudio tests scripts bench
	$(BIN)/lint-imports --no-logo

format: setup-dev ## Format and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup-dev ## Measure speed and memory, with the machine's facts
	@$(BIN)/python -m bench $(ARGS)

soak: setup-dev ## Let a server work for 30 minutes; nothing may get lost, run twice or grow (ARGS="--minutes 5")
	@$(BIN)/python -m bench.soak $(ARGS)

chaos: setup-dev ## Kill, freeze and cut off servers, workers and PostgreSQL for 30 minutes; nothing may get lost or run twice (ARGS="--minutes 5")
	@$(BIN)/python -m bench.chaos $(ARGS)

lock: setup-dev ## Pin the dependencies with their hashes (ARGS=--upgrade for newer ones)
	@$(BIN)/python -m scripts.lock $(ARGS)

audit: setup-dev ## Look for weaknesses in the code (bandit) and in what it is built on (pip-audit, npm)
	@$(BIN)/python -m scripts.audit

docs: setup ## Write the pages that are generated from code
	@$(BIN)/python -m scripts.document

wheel: setup ## Build an installable package with the front end in it, in dist/
	@$(BIN)/python -m scripts.wheel

clean: ## Remove everything that was built or installed here
	rm -rf $(VENV) .web .states build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find flowstudio tests scripts bench -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(BIN)/python
	@$(BIN)/python -m scripts.install run

setup-dev: $(BIN)/python
	@$(BIN)/python -m scripts.install dev

$(BIN)/python:
	@python='$(PYTHON)'; [ -n "$$python" ] || exit 1; \
	echo "Making $(VENV) with $$python ($$("$$python" -c 'import platform; print(platform.python_version())')) …"; \
	"$$python" -m venv --clear $(VENV)
