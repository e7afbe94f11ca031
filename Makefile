# Everything runs in .venv, made by pip from requirements.lock; only Python 3.11 or later must be there.
PYTHON ?= python3
# So many tests at once; most of their time they wait for servers.
WORKERS ?= 3
BIN := .venv/bin

.PHONY: demo test lint check bench soak big-tables simulate screenshots lock clean

demo: .venv/.ready
	@$(BIN)/rollout-console demo $(ARGS)

test: .venv/.ready
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

check: lint test

bench: .venv/.ready
	$(BIN)/python -m tests.bench $(ARGS)

# Faults against a real engine for as long as asked: make soak ARGS="--seed 1 --minutes 30"
soak: .venv/.ready
	$(BIN)/python -m tests.faults $(ARGS)

# Every query over ten million rows, within its timeout: minutes, and some gigabytes of disk
big-tables: .venv/.ready
	$(BIN)/python -m tests.big_tables $(ARGS)

# Canaries whose truth is known, soaked by the thousand, against what is claimed of the evidence: about ten minutes
simulate: .venv/.ready
	$(BIN)/python -m tests.simulate $(ARGS)

screenshots: .venv/.ready
	$(BIN)/python -m tests.screenshots

clean:
	rm -rf .venv

.venv/.ready: pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo "Python cannot make a virtual environment here; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into .venv, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Renew the lock: versions and hashes of everything that runtime, demo and development need.
lock:
	uv pip compile pyproject.toml --group dev --extra demo --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --quiet --output-file requirements.lock
