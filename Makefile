# Everything a newcomer needs: `make run` and `make test` set up what they need, and can be run again.

PYTHON ?= python3
BIN := .venv/bin
VERSION ?= 24.12

# Tests wait more than they reckon: six files at a time, each process with an ejabberd of its own. In their order, so
# that files of one folder, which share a bridge, mostly meet in one process, and the short ones come last.
PYTEST := $(BIN)/pytest -n 6 --dist loadfile --no-loadscope-reorder

# Debian's python3 comes without venv; others bring it along.
PACKAGES := ejabberd erlang-p1-sqlite3 openssl \
	$(shell $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv)

# What compiles the way of a message.
COMPILER := $(shell command -v cc >/dev/null || echo gcc libc6-dev) \
	$(shell $(PYTHON) -c 'import pathlib, sys, sysconfig; \
		sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' || echo python3-dev)

# The demo page's chat client comes from npm. Without npm there is no page.
NPM := $(shell command -v npm >/dev/null || echo npm)
PAGE := component/demo/node_modules

# What the tests need besides.
TESTED := postgresql erlang-p1-pgsql

# Real clients that some tests drive; those tests are skipped without.
CLIENTS := profanity tmux python3-nbxmpp chromium $(NPM)

# Desktop clients and what drives them, for a look by hand.
DESKTOP := gajim pidgin dino-im psi-plus xvfb openbox xdotool imagemagick dbus-x11 fonts-noto-core fonts-noto-color-emoji iproute2

.DEFAULT_GOAL := help
.PHONY: help deps clients collections page venv compiled uncompiled run clients-look test unit test-compiled test-all test-postgresql test-ejabberd bench lint clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps:  ## Debian packages: installs what is missing as root, else says what is
	@scripts/install-packages $(PACKAGES)

clients: page
	@scripts/install-packages $(TESTED)
	@scripts/install-packages $(CLIENTS) || echo 'Tests with these clients are skipped.'
	@$(MAKE) --no-print-directory tests/clients/node_modules || echo 'Tests with clients from npm are skipped.'

# Attacks on sanitisers that others have collected: source distributions, of which nothing is installed or run but setup.
collections: .venv/test.stamp
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest .cache/collections \
		--requirement tests/unit/richtext/attacks/packages.txt || echo 'Tests with attacks of others are skipped.'

page:
	@scripts/install-packages $(NPM) || true
	@$(MAKE) --no-print-directory $(PAGE) || echo 'There will be no demo page.'

# Without a lock file: npm cannot restore converse.js, which links to a folder of its own, from one.
%/node_modules: %/package.json
	npm install --prefix $* --loglevel=error --no-package-lock --no-audit --no-fund --ignore-scripts
	touch $@

venv: .venv/run.stamp  ## virtual environment with deskbridge in it, which runs from its source

compiled: .venv/test.stamp  ## compile what every message passes through, as `pip install .` does: two to three minutes
	@scripts/install-packages $(COMPILER)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	find component -name '*.so' -exec touch {} +

uncompiled:  ## let the source count again
	find . -maxdepth 1 -name '*.so' -delete
	find component -name '*.so' -delete

run: deps venv page  ## ejabberd, deskbridge and a page to try them on, on loopback; Ctrl-C stops them
	$(BIN)/deskbridge demo

# Which clients, for whom: make clients-look LOOK='gajim=bob@work.acme.test dino-im=sue@cc.acme.test'
clients-look: deps venv  ## Gajim, Pidgin, Dino and Psi+ on the demonstration, for a look by hand (as root)
	@scripts/install-packages $(DESKTOP)
	$(BIN)/python scripts/clients_look.py .cache/clients-look $(LOOK)

test: deps clients .venv/test.stamp  ## the tests, with a real ejabberd
	$(PYTEST) -m 'not long'

unit: .venv/test.stamp  ## the tests that need no server
	$(BIN)/pytest -n 2 tests/unit -m 'not long and not server'

test-compiled: deps clients compiled  ## how messages go, with what they pass through compiled
	$(PYTEST) tests/unit tests/integration/test_compiled.py tests/integration/messages -m "not long"

test-all: deps clients collections .venv/test.stamp  ## the long tests too, and more examples of each property
	$(PYTEST) --hypothesis-profile=many

test-postgresql: deps clients .venv/test.stamp  ## the tests of a whole deskbridge, with everything stored in PostgreSQL
	DESKBRIDGE_TEST_STORAGE=postgresql $(PYTEST) tests/integration -m 'not long'

test-ejabberd: clients .venv/test.stamp  ## the tests on another ejabberd: VERSION=23.01, 24.12 or 26.07 (as root)
	@scripts/install-packages debootstrap
	scripts/unpack-ejabberd $(VERSION) .cache/ejabberd-$(VERSION)
	DESKBRIDGE_TEST_EJABBERD_ROOT=.cache/ejabberd-$(VERSION) $(PYTEST) -m 'not long'

bench: deps compiled  ## speed, memory and load, beside other ways and with targets: twenty minutes
	$(BIN)/python -m benchmarks.bridge
	$(BIN)/python -m benchmarks.ejabberd_database
	$(BIN)/python -m benchmarks.presence
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.overload
	$(BIN)/python -m benchmarks.store
	$(BIN)/python -m benchmarks.archive --peers
	$(BIN)/python -m benchmarks.morning

lint: .venv/lint.stamp  ## style and types, without ejabberd
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: uncompiled  ## removes what make made, the demonstration's data included
	rm -rf .venv .cache build run $(PAGE) tests/clients/node_modules .pytest_cache .hypothesis .mypy_cache .ruff_cache *.egg-info
	find component tests -name __pycache__ -prune -exec rm -rf {} +

# What is installed for each purpose, in versions that are known to work together.
.venv/run.stamp: EXTRAS :=
.venv/test.stamp: EXTRAS := [test]
.venv/lint.stamp: EXTRAS := [lint]

.venv/%.stamp: setup.cfg setup.py pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	DESKBRIDGE_COMPILE=0 $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.$(EXTRAS)'
	touch $@
