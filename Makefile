# make demo: set up and run the main job, offline but for the installation
# make test: everything that must hold before a change lands
# make app: the phone app, built into the package; needs Node
.PHONY: demo test lint types contracts docs-check app app-check tests bare container clean

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PIP = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
BIN = .venv/bin
NODE := $(shell command -v npm >/dev/null 2>&1 && node -p \
	'const [a, b] = process.versions.node.split("."); 100 * a + +b >= 2019 ? "yes" : ""' 2>/dev/null)
NO_NODE = the app is left out: Node is not installed (20.19 or newer, with npm)

demo: .venv/user
	$(BIN)/keykind demo --out demo-run
	@echo "Open demo-run/report.html in a browser. The command keykind is $(BIN)/keykind."

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

tests: .venv/dev .venv/debian $(if $(NODE),web/node_modules)
	$(BIN)/pytest

# web/ -> src/keykind/web, which the wheel holds, the service sends and any static host takes.
app: .venv/user web/node_modules
	$(BIN)/python web/scripts/golden.py
	npm run --prefix web --silent build

app-check: .venv/dev $(if $(NODE),web/node_modules)
	$(BIN)/python web/scripts/constants.py --check
ifdef NODE
	npm run --prefix web --silent lint
	npm run --prefix web --silent types
else
	@echo "$(NO_NODE)"
endif

web/node_modules: web/package-lock.json
	@test -n "$(NODE)" || (echo "$(NO_NODE)" && false)
	npm ci --prefix web --silent
	touch $@

# The wheel alone, in an environment of its own: what `pip install keykind` gives. The app is in it where Node is.
bare: .venv/dev $(if $(NODE),app)
	rm -rf .venv-bare dist
	$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	$(PYTHON) -m venv .venv-bare
	.venv-bare/bin/python $(PIP) dist/*.whl
	.venv-bare/bin/python tests/bare_install.py $(if $(NODE),--app)

# What the Dockerfile does, without Docker: the same wheel and constraints, its entry point and its health check.
container: bare
	rm -rf .venv-serve
	$(PYTHON) -m venv .venv-serve
	.venv-serve/bin/python $(PIP) "$$(echo dist/*.whl)[serve,heif]"
	.venv-serve/bin/python tests/serve_install.py

.venv/user: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || (echo "keykind needs Python 3.11 or newer: install it, or give make PYTHON=..." && false)
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) --upgrade pip
	$(BIN)/python $(PIP) --editable '.[train,serve]'
	touch $@

.venv/dev: .venv/user
	$(BIN)/python $(PIP) --editable '.[train,heif,render,onnx,scale,serve]' --group dev
	touch $@

# Debian packages, where we may install them; without chromium the browser tests skip, with a reason, and without
# libllvm19 rendering is slower.
.venv/debian: .ci/debian-packages .venv/user
	.ci/debian-packages
	touch $@

clean:
	rm -rf .venv .venv-bare .venv-serve dist demo-run web/node_modules web/build web/generated src/keykind/web
