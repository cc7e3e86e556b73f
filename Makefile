# `make dags` and `make test` need git, make and a Python; the rest they set up themselves, in .venv and .envs.

PYTHON ?= python3
# The number of concurrent tests. Many wait for a process, so one more than the number of cores is faster.
JOBS ?= 3

# Without byte code, every command would compile its imports every time.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# .venv belongs to one Python: it is recreated for another version or installation.
PYTHON_ID := $(shell $(PYTHON) -c 'import hashlib, platform, sys; print(platform.python_version() + "-" + hashlib.md5(sys.base_prefix.encode()).hexdigest()[:8])')
ifeq ($(PYTHON_ID),)
$(error $(PYTHON) does not run: choose another with PYTHON=...)
endif
VENV := .venv/venv-$(PYTHON_ID)
TOOL := .venv/tool-$(PYTHON_ID)
SERVE := .venv/serve-$(PYTHON_ID)
DEV := .venv/dev-$(PYTHON_ID)
PYTEST := $(BIN)/pytest -n $(JOBS) --dist worksteal
# The tests of a file share processes and fixtures, so they stay on one worker while both workers are busy.
FAST := $(PYTEST) -m "not slow"
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --no-header $(UPGRADE) --python-version
# The oldest Python of a requirement file: 3.10, unless the file names another.
OLDEST_PYTHON = awk '/^. Python 3\.[0-9]+ or newer\.$$/ { oldest = $$3 } END { print oldest ? oldest : "3.10" }' $$name.in

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

##@ Daily

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: dags
dags: $(TOOL) ## Generate the DAG files from the schedules
	@$(BIN)/dagpress generate

.PHONY: serve
serve: $(SERVE) ## Serve the Pipelines page; ARGS="--port 9000" passes options
	@$(BIN)/dagpress serve $(ARGS)

.PHONY: check
check: lint types layers workflows docs $(TOOL) ## Run the linters and type checks, and check that the DAG files are up to date
	$(BIN)/dagpress check

.PHONY: test
test: environments ## Run the whole suite, with real Airflow 2 and 3 and a real Meltano
	HYPOTHESIS_PROFILE=ci $(PYTEST)

.PHONY: test-fast
test-fast: $(DEV) ## Run the tests that start no Airflow, Meltano or other program
	$(FAST)

.PHONY: test-thorough
test-thorough: $(DEV) ## Run the fast tests with many more examples of each property
	HYPOTHESIS_PROFILE=thorough $(FAST)

.PHONY: test-versions
test-versions: $(DEV) ## Load the generated files in the Airflow versions that CI does not run
	for versions in "3.0 2.10" 3.1 3.2 3.4; do \
		set -- $$versions; export DAGPRESS_AIRFLOW_3=$$1 $${2:+DAGPRESS_AIRFLOW_2=$$2}; \
		$(BIN)/python tests/environments.py airflow-3 $${2:+airflow-2} && $(PYTEST) -k "(airflow-3$${2:+ or airflow-2}) and not a_run_succeeds and not every_valid_schedule" \
			tests/real/test_import.py tests/real/test_airflow_arguments.py tests/real/test_airflow_facts.py || exit; \
	done

##@ Checks, one by one

.PHONY: lint
lint: $(DEV) ## Lint the code and the words, and check the format
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python tools/plain_words.py

.PHONY: types
types: $(DEV) ## Check the types
	$(BIN)/mypy

.PHONY: layers
layers: $(DEV) ## Check the imports between modules
	$(BIN)/lint-imports

.PHONY: workflows
workflows: $(DEV) ## Check the GitHub workflows and the pre-commit hooks
	$(BIN)/zizmor --offline --quiet .
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/pre-commit validate-config
	$(BIN)/pre-commit validate-manifest

.PHONY: docs
docs: $(DEV) ## Build the manual as a site in docs/_build, and check its links
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "The manual: docs/_build/index.html"

##@ Changing things

.PHONY: format
format: $(DEV) ## Format the code and apply the linter's fixes
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

.PHONY: goldens
goldens: $(DEV) ## Update the expected files of the tests
	$(BIN)/dagpress generate
	$(BIN)/dagpress --project examples generate
	HYPOTHESIS_PROFILE=ci $(FAST) --quiet --regen-all
	$(FAST)

.PHONY: lock
lock: $(DEV) ## Compile the requirement files, keeping compatible versions
	$(LOCK) 3.10 requirements/uv.in -o requirements/uv.txt
	$(LOCK) 3.10 pyproject.toml requirements/dagpress.in -o requirements/dagpress.txt
	$(LOCK) 3.10 pyproject.toml --extra serve -c requirements/dagpress.txt -o requirements/serve.txt
	$(LOCK) 3.10 pyproject.toml --extra serve requirements/dev.in -o requirements/dev.txt
	for name in $(basename $(wildcard requirements/airflow-*.in)) requirements/meltano \
		requirements/soak requirements/soak-meltano requirements/dag-factory requirements/examples-2 requirements/examples-3 \
		demo/requirements/tap-jsonfile demo/requirements/target-duckdb; do \
		$(LOCK) $$($(OLDEST_PYTHON)) $$name.in -o $$name.txt || exit; \
	done

.PHONY: upgrade
upgrade: UPGRADE := --upgrade --exclude-newer "7 days"
upgrade: lock ## Compile the requirement files with the newest versions that are at least a week old

.PHONY: facts
facts: $(DEV) ## Update codegen/airflow_facts from each Airflow
	for version in $(patsubst requirements/airflow-%.txt,%,$(wildcard requirements/airflow-*.txt)); do \
		$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .envs/facts/$$version && \
		$(BIN)/uv pip sync --quiet --python .envs/facts/$$version/bin/python --require-hashes \
			requirements/airflow-$$version.txt && \
		AIRFLOW_HOME=$(CURDIR)/.envs/facts/home .envs/facts/$$version/bin/python tools/airflow_facts.py \
			> .envs/facts/$$version.json 2>.envs/facts/$$version.log && \
		mv .envs/facts/$$version.json codegen/airflow_facts/ || exit; \
	done
	$(BIN)/python tools/croniter_facts.py

.PHONY: kubernetes
kubernetes: $(DEV) ## Update Kubernetes' published definitions of a pod
	$(BIN)/python tools/kubernetes_definitions.py

.PHONY: vendor
vendor: ## Download the vendored files of the Pipelines page from npm
	cd codegen/web/static/vendor && npm install --package-lock-only --ignore-scripts --no-audit --no-fund \
		--omit-lockfile-registry-resolved
	$(PYTHON) tests/vendored.py

.PHONY: pictures
pictures: $(DEV) ## Update the screenshots of the manual
	$(BIN)/python tests/pictures.py

.PHONY: changelog
changelog: $(DEV) ## Show the changelog of the next release
	$(BIN)/towncrier build --draft

.PHONY: dist
dist: $(DEV) ## Build the wheel and the sdist, check them, and generate a DAG with each
	rm -rf dist
	$(BIN)/pyproject-build --no-isolation
	$(BIN)/twine check --strict dist/*
	DAGPRESS_DIST=dist $(BIN)/pytest --quiet tests/real/test_distributions.py

.PHONY: release
release: $(DEV) ## Set the version, write the changelog, and commit both: VERSION=1.2.3
	@test -n "$(VERSION)" || { echo "name the version: make release VERSION=1.2.3" >&2; exit 2; }
	@test -z "$$(git status --porcelain)" || { echo "commit or remove what git status shows first" >&2; exit 2; }
	$(BIN)/uv version --quiet --frozen "$(VERSION)"
	$(BIN)/towncrier build --yes --version "$(VERSION)"
	git commit --quiet --all --message "Release $(VERSION)"
	@echo "After this is on main and CI has passed: git tag v$(VERSION) && git push origin v$(VERSION)"

.PHONY: bench
bench: $(DEV) ## Measure the speed of Dagpress; ARGS="--picture" passes options
	$(BIN)/python benchmarks/bench.py --airflow "$$($(BIN)/python -c 'import sys; sys.path.insert(0, "tests"); import environments as e; print(e.ENVIRONMENTS["airflow-3"].folder / "venv/bin/airflow")')" $(ARGS)

.PHONY: bench-airflow
bench-airflow: $(DEV) ## Measure the cost of DAG files in Airflow; ARGS="--schedules 60 1000" passes options
	@PYTHONPATH=tests:benchmarks $(BIN)/python -m airflow_cost $(ARGS)

##@ Environments

.PHONY: environments
environments: $(DEV) ## Build missing or outdated environments of the tests
	@$(BIN)/python tests/environments.py
	@$(BIN)/python tests/example_environments.py

.PHONY: soak
soak: $(DEV) ## Run DAGs on a Celery cluster with injected faults; ARGS="--minutes 4 --keep" passes options
	@PYTHONPATH=tests $(BIN)/python -m soak $(ARGS)

.PHONY: races
races: $(DEV) ## Run concurrent writers on one project, for 60 rounds; ARGS="--rounds 9" passes options
	$(BIN)/python tests/races.py $(ARGS)

.PHONY: clean
clean: ## Remove everything that make has created, except the DAG files
	rm -rf .venv .envs dist docs/_build docs/rules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo/.meltano demo/*.duckdb
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so an interrupted build is repeated.
$(VENV): requirements/dagpress.txt
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dagpress.txt
	@touch $@

$(TOOL): $(VENV) pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(SERVE): $(TOOL) requirements/serve.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/serve.txt
	@touch $@

$(DEV): $(TOOL) requirements/uv.txt requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/dev.txt
	@touch $@
