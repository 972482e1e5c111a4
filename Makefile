# Fournil. `make help` lists what there is; `make run` and `make test` do all set-up by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVICES_READY := $(VENV)/.services-ready
DEV_READY := $(VENV)/.dev-ready
BENCH_READY := $(VENV)/.bench-ready
TRAIN := .venv-train
PEERS := .venv-peers
QUOTA_PEERS := .venv-quota-peers
MODERATOR_PEERS := .venv-moderator-peers
LISTS := .cache/naughty-words-1.2.0

.DEFAULT_GOAL := help
.PHONY: help setup run demo test conformance lint protos models bench bench-model bench-generator bench-peers bench-quota bench-quota-peers bench-moderator bench-moderator-peers bench-surge clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEV_READY) ## everything needed to run, test and lint, in .venv

run: $(SERVICES_READY) ## the whole mesh on this machine, until Ctrl-C
	@$(BIN)/python -m services.local_mesh $(ARGS)

demo: $(SERVICES_READY) ## draws the crab beside the boat (on a running mesh, or on one of its own)
	@$(BIN)/python -m examples.demo

test: $(DEV_READY) ## unit, contract, integration and end-to-end tests
	$(BIN)/python -m pytest $(ARGS)

conformance: $(DEV_READY) ## installs real clients of OpenAI's form, runs all against a mesh, writes docs/clients.md
	@$(BIN)/python -m tests.conformance.environments
	$(BIN)/python -m pytest tests/conformance $(ARGS)
	@$(BIN)/python -m tests.conformance.report

lint: $(DEV_READY) ## ruff, mypy, import contracts, buf, fresh stubs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint protos
	@fresh=$$(mktemp -d) && PYTHON=$(BIN)/python sh protos/generate.sh $$fresh && \
	    for stub in $$(cd $$fresh && find fournil -name '*_pb2*'); do \
	        cmp -s $$fresh/$$stub $$stub || { echo "stale stub: $$stub (make protos)"; exit 1; }; \
	    done && rm -rf $$fresh && echo "stubs are fresh"

protos: $(DEV_READY) ## remakes the committed stubs from protos/
	PYTHON=$(BIN)/python sh protos/generate.sh .

models: $(TRAIN)/.ready ## remakes the shipped models (hours on a CPU)
	$(TRAIN)/bin/python -m models.recipe $(ARGS)

bench: $(BENCH_READY) ## every benchmark, as ratios in one run; writes bench/out/ and bench/RESULTS.md
	$(BIN)/python -m bench.edge
	$(BIN)/python -m bench.model
	$(BIN)/python -m bench.oven
	$(BIN)/python -m bench.fleet
	$(BIN)/python -m bench.serving
	$(BIN)/python -m bench.quota
	$(BIN)/python -m bench.moderator
	$(BIN)/python -m bench.surge
	$(BIN)/python -m bench.appeals
	$(BIN)/python -m bench.report

bench-model: $(BENCH_READY) ## the drawing model in onnxruntime and OpenVINO, float32 and int8
	$(BIN)/python -m bench.model

bench-generator: $(DEV_READY) ## the oven beside four peers on an emulated accelerator (those in .venv-peers)
	$(BIN)/python -m bench.oven $(ARGS)

bench-surge: $(DEV_READY) ## fifty times the capacity: simulated, and on loopback with a killed desk; plots in docs/surge/
	$(BIN)/python -m bench.surge $(ARGS)

bench-peers: $(PEERS)/.ready ## installs those peers into .venv-peers, apart from everything of ours

$(PEERS)/.ready: bench/peers/requirements.txt
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r bench/peers/requirements.txt
	@touch $@

bench-quota: $(DEV_READY) ## the desk: decisions, CPU, memory, outages; beside peers (those in .venv-quota-peers)
	$(BIN)/python -m bench.quota $(ARGS)

bench-quota-peers: $(QUOTA_PEERS)/.ready ## installs those peers, from PyPI and, where there is one, by npm

$(QUOTA_PEERS)/.ready: bench/quota/peers.txt bench/quota/peer.mjs
	@$(PYTHON) -m venv $(QUOTA_PEERS)
	@$(QUOTA_PEERS)/bin/pip install --quiet --disable-pip-version-check -r bench/quota/peers.txt
	@if command -v npm >/dev/null; then cp bench/quota/peer.mjs $(QUOTA_PEERS)/ && \
	    npm install --silent --prefix $(QUOTA_PEERS) rate-limiter-flexible@11 ioredis@6; fi
	@touch $@

bench-moderator: $(DEV_READY) ## the prompt's screening beside word lists and trained baselines (those in .venv-moderator-peers)
	$(BIN)/python -m bench.moderator $(ARGS)

bench-moderator-peers: $(MODERATOR_PEERS)/.ready ## installs those, from PyPI and npm

$(MODERATOR_PEERS)/.ready: bench/moderator/peers.txt
	@$(PYTHON) -m venv $(MODERATOR_PEERS)
	@$(MODERATOR_PEERS)/bin/pip install --quiet --disable-pip-version-check -r bench/moderator/peers.txt
	@mkdir -p $(LISTS) && cd .cache && npm pack --silent naughty-words@1.2.0 && \
	    tar -xzf naughty-words-1.2.0.tgz -C ../$(LISTS) --strip-components=1
	@touch $@

bench-%: $(DEV_READY) ## one service's benchmark, for example bench-edge
	$(BIN)/python -m bench.$* $(ARGS)

clean: ## removes what make made, but no data of the local mesh
	rm -rf $(VENV) $(TRAIN) $(PEERS) $(QUOTA_PEERS) $(MODERATOR_PEERS) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Fournil needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	    { echo "python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(SERVICES_READY): pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "Installing the services into $(VENV) (the first time takes a minute or two) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[services]'
	@touch $@

# One run of pip for the services and what tests and lint need beside them.
$(DEV_READY): pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "Installing what services, tests and lint need into $(VENV) (the first time takes a minute or two) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(SERVICES_READY) $@

$(BENCH_READY): $(DEV_READY)
	@echo "Installing what the benchmarks run beside us into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

$(TRAIN)/.ready: pyproject.toml
	@$(PYTHON) -m venv $(TRAIN)
	@echo "Installing torch and what training needs into $(TRAIN) ..."
	@$(TRAIN)/bin/pip install --quiet --disable-pip-version-check -e '.[train]'
	@touch $@
