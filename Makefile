# Every target is one script; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help audit bench bench-full bench-scroll model-smoke screenshots run test stack test-slow lint format lock setup corpus faults

help: ## Lists these targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 18

run: ## Installs what is missing and runs the site with a demo project, until Ctrl-C. PORT and DATA_DIR are respected.
	@scripts/run

stack: ## Runs the site as docker-compose.yml describes it, without a container engine, until Ctrl-C: nginx, workers, PostgreSQL, Redis, S3.
	@scripts/stack

test: ## Installs what is missing, then runs the checks and all tests: on SQLite, on PostgreSQL and Redis, in a browser.
	@scripts/test

test-slow: ## Runs the tests that take minutes: bombs, a thousand kills, large documents.
	@scripts/test slow

lint: ## Runs only the checks: style, types, templates, imports between apps, migrations, Django's own for production.
	@scripts/lint

format: ## Rewrites the code in the common style.
	@scripts/lint --fix

setup: ## Installs what the site and its tests need, and starts nothing.
	@scripts/setup dev

lock: ## Writes the locks anew from requirements*.txt, the adapters' and the small model's too.
	@scripts/lock

corpus: ## Measures extraction of a folder of documents (ARTIFACTSITE_SHARED): by format, beside others, queued, hostile and cut files.
	@scripts/setup dev
	@.venv/bin/python -m benchmarks.uploads all

faults: ## Injects every fault of docs/testing.md for real (about an hour) and prints what was lost; goes on where it broke off.
	@scripts/setup dev
	@.venv/bin/python -m tests.faults.run $(FAULTS)

audit: ## Before a release: bandit over the code, pip-audit over the locks, schemathesis against a running site.
	@scripts/audit

model-smoke: ## Serves a real small model on this machine and has it stream an answer into the page.
	@scripts/model-smoke

screenshots: ## Takes the README's pictures anew.
	@scripts/screenshots

bench: ## Some ten minutes: lists, searches, the dropdown at 1,000 and 100,000, downloads, start, memory, uploads; beside targets.
	@scripts/setup dev && scripts/static-files && .venv/bin/python -m benchmarks.all

bench-scroll: ## A gallery of 1,000 artifacts scrolled to its end in Chromium: frames, processor time, layout shift.
	@scripts/setup dev && scripts/static-files && .venv/bin/python -m benchmarks.scrolling

bench-full: ## The same at 1,000,000 on PostgreSQL; filling it takes ten minutes or more. LIBRARY and DATABASE_URL: one filled before.
	@scripts/setup dev && scripts/static-files && .venv/bin/python -m benchmarks.all --full $(if $(LIBRARY),--library $(LIBRARY))
