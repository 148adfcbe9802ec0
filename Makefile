# `make` alone says what there is. Everything is made in .venv and node_modules, data in var.

PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip install -q --disable-pip-version-check
LOCKED := $(PIP) --require-hashes -r
SUPPLY := build/supply
SUPPLY_READY := $(SUPPLY)/.ready
RUN_READY := .venv/.run-ready
TEST_READY := .venv/.test-ready
NATIVE := rtserver/base/send/native.abi3.so
MATRIX := tests/matrix/django.txt
NODE_READY := node_modules/.ready
CHECKED := rtserver tcelib site tests bench soak tools docs/examples docs/tce/examples docs/tce/orders
# More than there are cores: many tests wait for servers that start and stop.
PYTEST_OPTIONS ?= -n 4 --dist worksteal
# A server that a test starts takes a fifth less to start when its modules are compiled already.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run run-cluster test most-tests test-all lint types js pythons django-matrix amqp wheel bench chaos gateway workers failover leak heap market regions codes lock audit sbom release clean system python-types javascript-types

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_READY) $(NATIVE) ## set up what is needed and start the server; ARGS="--port 8000" are its options
	@exec $(PYTHON) -m rtserver $(ARGS)

run-cluster: $(TEST_READY) ## start the example of docs/tce/cluster.md: queues, a server, gateways; ARGS="--type stream --gateways 2 --servers 3"
	@exec $(PYTHON) tools/run_cluster.py $(ARGS)

# Types are checked meanwhile: tests that wait leave enough of the processors.
test: $(TEST_READY) $(NODE_READY) ## set up what is needed and check style, types, and all tests but those of the longer targets
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory --jobs 2 most-tests types

most-tests: $(TEST_READY) $(NODE_READY)
	$(PYTHON) -m pytest $(PYTEST_OPTIONS) -m "not own_site and not failover and not soak"

test-all: test wheel django-matrix amqp ## `make test`, then all that takes longer: the wheel, Django's versions, queues at a broker, the newest Python, a short chaos, two regions, gateways
	$(PYTHON) tools/python_matrix.py newest
	MARKET_DAYS=200 $(PYTHON) -m pytest $(PYTEST_OPTIONS) tests/service/quote/test_same_numbers.py
	$(PYTHON) -m soak.chaos --seconds 60
	$(PYTHON) -m soak.chaos --workers 2 --seconds 60 --only "kill one worker" --only "renew workers" --only "kill servers"
	$(PYTHON) -m soak.chaos --sentinels --seconds 40 --only "kill redis" --only "fail over"
	$(MAKE) --no-print-directory failover
	$(PYTHON) -m soak.regions --rounds 1 --seconds 12
	$(PYTHON) tools/gateway_soak.py --seconds 40
	$(PYTHON) tools/gateway_soak.py --type qpid --seconds 40 --rate 2

lint: $(TEST_READY) ## check style and format
	$(PYTHON) -m ruff check $(CHECKED)
	$(PYTHON) -m ruff format --check $(CHECKED)

types: python-types javascript-types ## check types, Python's and JavaScript's

python-types: $(TEST_READY)
	$(PYTHON) -m mypy

javascript-types: $(NODE_READY)
	npm run --silent check

js: $(NODE_READY) ## test the browser library alone; `make test` does it, too
	npm test --silent

pythons: $(TEST_READY) ## run the tests that need no JavaScript on every Python that is found; ARGS="3.14" names some
	$(PYTHON) tools/python_matrix.py $(ARGS)

django-matrix: $(TEST_READY) ## test sessions, log-ins and pushes with each Python and Django of tests/matrix/django.txt
	$(PYTHON) tools/django_matrix.py

amqp: $(TEST_READY) ## test queues at a broker of AMQP 1.0; builds python-qpid-proton the first time, and needs Java for Broker-J
	$(PYTHON) tools/amqp_check.py

wheel: $(TEST_READY) ## build the wheel, install it beside each Django, and check the types of the examples with it
	$(PYTHON) tools/wheel_check.py

bench: $(TEST_READY) ## measure, on two cores (docs/performance.md)
	$(PYTHON) -m bench $(ARGS)

chaos: $(TEST_READY) ## kill, freeze and cut servers and Redis under traffic for three minutes; ARGS="--workers 4 --sentinels" has a supervisor and failovers; fails for one lost message
	$(PYTHON) -m soak.chaos $(ARGS)

gateway: $(TEST_READY) ## kill, freeze and cut gateways, services and queues under calls for three minutes; ARGS="--type qpid" at a broker; fails for one call lost, late or run twice
	$(PYTHON) tools/gateway_soak.py $(ARGS)

workers: $(TEST_READY) ## kill one of four workers under 10,000 clients; ARGS=renew renews all; fails for one lost message, or clients that are back late
	$(PYTHON) -m soak.workers $(or $(ARGS),kill)

failover: $(TEST_READY) ## kill, freeze, demote and cut off the primary of Sentinels and of a Cluster, one after the other; as root also in a network that is cut
	$(PYTHON) -m pytest -m failover tests/system/test_failover_matrix.py $(if $(filter 0,$(shell id -u)),tests/system/test_cut_network.py)

leak: $(TEST_READY) ## visit a server 100,000 times in every way and look for what is left
	$(PYTHON) -m soak.leak $(ARGS)

heap: $(TEST_READY) ## leave the page of charts open for an hour; fails if its memory grows; ARGS="--minutes 10" is shorter
	$(PYTHON) -m soak.heap $(ARGS)

market: $(TEST_READY) ## bring 5,000 live instruments with years of bars to a server for half an hour; fails if its memory grows or pictures are slow
	$(PYTHON) -m soak.market $(ARGS)

regions: $(TEST_READY) ## cut a core off from two regions of servers, 40 ms away, and mend it; fails for one message lost, doubled or out of order
	$(PYTHON) -m soak.regions $(ARGS)

codes: $(TEST_READY) $(NODE_READY) ## write again what is made from tables: close codes, settings, stubs, the browser's bundle and types
	$(PYTHON) -m rtserver.base.wire.close_code > site/static/js/rtc/codes.js
	sed '/^| key /,$$d' docs/configuration.md > docs/configuration.new
	$(PYTHON) -m rtserver.bootstrap.config.setting >> docs/configuration.new
	mv docs/configuration.new docs/configuration.md
	@mkdir -p var
	$(PYTHON) -m tcelib.tmake.tce2py -i rtserver/idl/rtserver.idl,rtserver/idl/rtserver_low.idl -o rtserver/idl --ifxdef var/ifxdef.txt
	$(PYTHON) -m tcelib.tmake.tce2js -i rtserver/idl/rtserver.idl -o site/static/js/rtc --ifxdef var/ifxdef.txt
	$(PYTHON) -m tcelib.tmake.tce2py -i docs/examples/cart.idl -o docs/examples/stubs --ifxdef var/ifxdef.txt
	npm run --silent bundle
	npm run --silent types

lock: $(SUPPLY_READY) ## choose the versions of all dependencies within their ranges, with hashes; ARGS=--upgrade takes the newest
	for name in requirements-dev "requirements requirements-demo.txt -c requirements-dev.lock" "requirements-amqp -c requirements-dev.lock" requirements-supply requirements-build; do \
		set -- $$name; of=$$1; shift; \
		$(SUPPLY)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--custom-compile-command "make lock" $(ARGS) $$of.txt -o $$of.lock "$$@" || exit 1; \
	done
	for version in $$(awk '/^[^#]/ { print $$2 }' $(MATRIX) | sort -u); do \
		echo "django==$$version.*" | $(SUPPLY)/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate \
			--python-version $$(awk -v django=$$version '$$2 == django { print $$1 == "newest" ? "3.12" : $$1 }' $(MATRIX) | sort | head -n 1) \
			--custom-compile-command "make lock" $(ARGS) - -o tests/matrix/django-$$version.lock || exit 1; \
	done
	npm install --package-lock-only --no-audit --no-fund --silent

audit: $(SUPPLY_READY) ## look up known vulnerabilities of what is locked; fails with 2 where that cannot be done
	@$(SUPPLY)/bin/python tools/audit.py

sbom: $(SUPPLY_READY) ## make the bill of materials (CycloneDX) in build/sbom
	@$(SUPPLY)/bin/python tools/sbom.py build/sbom

release: $(TEST_READY) ## check, run the gate, build wheel and source archive, tag; VERSION=1.2.0 names the version
	@$(PYTHON) tools/release.py $(VERSION)

clean: ## remove what can be made again; var, the data, stays
	rm -rf .venv node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis $(NATIVE)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@sh tools/install_system.sh

$(RUN_READY): requirements.lock
	@sh tools/make_venv.sh
	@echo "Installing what rtserver needs; the first time takes a minute"
	@$(LOCKED) requirements.lock
	@touch $@

# Where there is no compiler, rtserver goes on without it, and the next make tries again.
$(NATIVE): rtserver/base/send/native.c tools/build_native.py | $(RUN_READY)
	@$(PYTHON) tools/build_native.py || echo "Nothing is compiled: flushes stay in Python, which is slower. A C compiler and Python.h are needed." >&2

$(TEST_READY): requirements-dev.lock $(RUN_READY) | system $(NATIVE)
	@$(LOCKED) requirements-dev.lock
	@touch $@

# Apart from the rest: these tools have three times as many dependencies as rtserver.
$(SUPPLY_READY): requirements-supply.lock $(RUN_READY)
	@$(PYTHON) -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-supply.lock
	@touch $@

$(NODE_READY): package.json package-lock.json | system
	@npm ci --no-audit --no-fund --silent
	@touch $@
