# make demo: set up the environment and run the main job; offline once installed
# make check: quick feedback while you work, in under a minute
# make test: everything that must pass before a change lands
# make app: the phone app and the review page, built into the package
.PHONY: demo check test lint types contracts docs-check app app-check app-units tests bare container clean

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PIP = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
BIN = .venv/bin
QUICK = $(addprefix tests/,core photo model detect dataset predict)
NPM = PATH="$(CURDIR)/$(BIN):$$PATH" npm

demo: .venv/user
	$(BIN)/keykind demo --out demo-run
	@echo "Open demo-run/report.html in a browser. The command keykind is $(BIN)/keykind."

check: lint types contracts docs-check app-units
	$(BIN)/pytest --numprocesses 2 --dist worksteal -m "not slow and not browser" $(QUICK)

test: lint types contracts docs-check app-check tests bare container

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/dev
	$(BIN)/mypy

contracts: .venv/dev
	$(BIN)/lint-imports

docs-check: .venv/dev
	$(BIN)/python docs/generate.py --check

tests: .venv/dev .venv/debian web/node_modules
	$(BIN)/pytest --numprocesses 2 --dist worksteal --durations 10

# web/ -> src/keykind/web, which is in the wheel, is served by `keykind serve`, and runs on any static host;
# and src/keykind/review/page, which is in the wheel, too, and served by `keykind review`.
app: .venv/dev web/node_modules
	$(BIN)/python web/scripts/generate.py
	$(NPM) run --prefix web --silent build
	$(NPM) run --prefix web --silent review

app-check: app-units
	$(BIN)/python web/scripts/constants.py --check
	$(NPM) run --prefix web --silent lint
	$(NPM) run --prefix web --silent types

app-units: .venv/dev web/node_modules
	$(NPM) run --prefix web --silent unit

web/node_modules: web/package-lock.json .venv/dev
	$(NPM) ci --prefix web --silent
	touch $@

# The wheel alone, in a fresh environment: what `pip install keykind` gives.
bare: .venv/dev app
	rm -rf .venv-bare dist
	$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	$(PYTHON) -m venv .venv-bare
	.venv-bare/bin/python $(PIP) dist/*.whl
	.venv-bare/bin/python tests/installs/bare_install.py

# What the Dockerfile does, without Docker: the same wheel, constraints, entry point and health check.
container: bare
	rm -rf .venv-serve
	$(PYTHON) -m venv .venv-serve
	.venv-serve/bin/python $(PIP) "$$(echo dist/*.whl)[serve,heif]"
	.venv-serve/bin/python tests/installs/serve_install.py

.venv/user: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || (echo "keykind needs Python 3.11 or newer: install it, or give make PYTHON=..." && false)
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) --upgrade pip
	$(BIN)/python $(PIP) --editable '.[train,serve]'
	touch $@

.venv/dev: .venv/user
	$(BIN)/python $(PIP) --editable '.[train,heif,render,onnx,scale,serve,video]' --group dev
	touch $@

# Debian packages, if we may install them. Without a browser its tests skip with a reason; without libllvm19
# rendering is slower.
.venv/debian: .ci/debian-packages .venv/user
	.ci/debian-packages
	touch $@

clean:
	rm -rf .venv .venv-bare .venv-serve dist demo-run web/node_modules web/build web/generated src/keykind/web src/keykind/review/page
