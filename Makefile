# `make run` starts everything on this machine; `make test` runs all tests. See README.md.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV ?= .venv
# Test files run beside each other; most of their time they wait for servers.
WORKERS ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

PURE := services/router/lifecycle.py,services/router/organisation/cautions.py,services/router/organisation/consistency.py,services/router/organisation/coverage.py,services/router/organisation/reach.py,services/router/rota.py,services/router/rules.py,services/router/presence.py,services/router/assignment.py,services/router/companions.py,services/router/followup.py,services/router/pause.py,services/notifier/audience.py,services/intake/mail/origin.py,services/intake/mail/bounce.py,services/intake/mail/reply.py,services/intake/mail/command.py,services/intake/mail/trust.py,deploy/audit/checks.py,deploy/audit/lane.py,shared/load.py,shared/worktime.py,shared/evidence.py,services/intake/mail/later.py,services/intake/absences.py,services/intake/days.py,services/intake/reasons.py,services/intake/web/offers.py,services/notifier/timing.py,services/notifier/ways.py,services/notifier/reach.py,services/router/undoing.py,services/notifier/digest.py,services/intake/wishes.py,services/router/organisation/channels.py,services/intake/chat/signed.py,services/intake/chat/signs.py,services/metrics/gauges/groups.py,services/metrics/heard.py,services/metrics/helpers.py,services/metrics/ledger.py,services/metrics/load.py,services/metrics/people.py,services/metrics/picture.py,services/metrics/standing.py,services/metrics/teams.py,services/metrics/watch.py,services/metrics/isolation.py,services/metrics/normal.py,services/metrics/traces.py,services/metrics/waits.py,services/metrics/worked.py

.PHONY: run test synapse test-long mutants simulate check format docs messages bench clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@exec $(BIN)/banso up $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m 'not long' -n $(WORKERS) --dist loadfile --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --skip-covered --format=total | sed 's/^/Coverage of branches, in this process alone, %: /'
	$(BIN)/coverage report --show-missing --include=$(PURE) --fail-under=100

test-long: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m long $(ARGS)

# A Matrix server for tests, in a place of its own: it needs other versions of what we need.
synapse: .venv-synapse/.installed

mutants: $(VENV)/.installed-dev
	$(BIN)/python -m tests.mutants $(ARGS)

simulate: $(VENV)/.installed-dev
	$(BIN)/python -m tests.simulation $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache | tail -n 14
	$(BIN)/python -m pytest -q tests/contracts/test_documents.py

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.installed-dev
	$(BIN)/python -m deploy.asyncapi
	$(BIN)/python -m tests.mails.table
	$(BIN)/python -m tests.contracts.lifecycle
	$(BIN)/python -m deploy.audit.document

messages: $(VENV)/.installed-dev
	$(BIN)/python -m tests.browser.messages

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench.journey
	$(BIN)/python -m tests.bench.mail
	$(BIN)/python -m tests.bench.assignment
	$(BIN)/python -m tests.bench.tick
	$(BIN)/python -m tests.bench.notify
	$(BIN)/python -m tests.bench.scrape
	$(BIN)/python -m tests.bench.fold
	$(BIN)/python -m tests.bench.restart

clean:
	rm -rf $(VENV) .venv-synapse build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Banso. This is done once and takes about a minute."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q services shared deploy
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

.venv-synapse/.installed: requirements-synapse.lock
	@$(PYTHON) -m venv .venv-synapse
	@.venv-synapse/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-synapse.lock
	@touch $@

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Banso needs Python 3.11 or newer: install the package python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Banso needs Python 3.11 or newer; this is $$($(PYTHON) --version). Install the package python3.11, then: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing: install the package python3-venv."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
