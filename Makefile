# Everything that people do here. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := gateway connectors tests migrations
REGO := $(addprefix policies/,agreement disclosure ferpa modules never_shared state catalog)

.DEFAULT_GOAL := help
.PHONY: help demo test lint types policies bundle bench soak requirements clean

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(VENV)/run: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(VENV)/run ## Walk the whole road with two fictional institutions, then serve (ONCE=1: end after the walk; PORT=8090: another port)
	$(BIN)/gateway demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

test: $(VENV)/dev ## Run the tests; what needs PostgreSQL or OPA is skipped where they are missing
	$(BIN)/python -m pytest -q --numprocesses auto --dist worksteal

lint: $(VENV)/dev ## Check style and the import contracts
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check --quiet $(SOURCES)
	$(BIN)/lint-imports

types: $(VENV)/dev ## Check types
	$(BIN)/mypy

policies: $(VENV)/dev ## Format, check, lint and test the Rego, and rebuild the bundle to compare (needs opa and regal)
	opa fmt --list --fail policies tests/policies/state
	opa check --strict $(REGO)
	regal lint policies
	opa test $(REGO)
	$(BIN)/python -m gateway.pdp.bundle check

bundle: $(VENV)/run ## Build policies/bundle from the Rego (needs opa)
	$(BIN)/python -m gateway.pdp.bundle build

bench: $(VENV)/dev ## Measure against the floor; writes tests/benchmarks/results.json
	$(BIN)/python -m tests.benchmarks

soak: $(VENV)/dev ## Run the campaigns whole; writes tests/soak/results.json
	$(BIN)/python -m tests.soak

requirements: ## Pin the requirements again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.txt pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean: ## Remove what make made
	rm -rf $(VENV) gateway-demo dist
