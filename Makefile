# What there is to do: `make help`. Every target sets up what it needs first.

CARGO ?= cargo
PLUGINS := --manifest-path plugins/Cargo.toml --locked
# The gateway and its crates apart from the end-to-end tests: cargo joins the features of what is
# built together, and the tests' own libraries would make it build the gateway's a second time.
OUTSIDE := --exclude tollgate-end-to-end --exclude tollgate-test-upstream --exclude tollgate-test-load \
	--exclude tollgate-tidy
FIXTURES := --features tollgate-components/fixtures

.DEFAULT_GOAL := help
.PHONY: help setup build run test dist bench lint check-conf tidy unit plugins-unit components \
	end-to-end soak-lifecycle slow-clients sdk clients browser oracle conformance conformance-h2 clean

help: ## Show this
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Install what the build needs and this machine lacks
	@ops/setup.sh

build: setup ## Build target/release/tollgate, components embedded
	$(CARGO) build --release --locked

run: build ## Start on the embedded default; ARGS="--config FILE" for another
	@exec target/release/tollgate run $(ARGS)

test: ## Run every test that CI runs
	@ops/setup.sh --dev --test --browser --conformance --clients
	$(MAKE) --no-print-directory tidy
	$(MAKE) --no-print-directory check-conf
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory plugins-unit
	$(MAKE) --no-print-directory end-to-end
	$(MAKE) --no-print-directory sdk
	$(MAKE) --no-print-directory clients
	$(MAKE) --no-print-directory browser
	$(MAKE) --no-print-directory oracle
	$(MAKE) --no-print-directory conformance

lint: setup ## Check the format and every lint, of the gateway and of the plugins
	$(CARGO) fmt --all --check
	$(CARGO) fmt --all --check --manifest-path plugins/Cargo.toml
	$(CARGO) clippy --release --locked --workspace --all-targets $(FIXTURES) -- -D warnings
	$(CARGO) clippy --release $(PLUGINS) --workspace --all-targets \
		--target-dir target/plugins-host -- -D warnings
	cd plugins && $(CARGO) clippy --release --locked --workspace \
		--target wasm32-unknown-unknown --target-dir ../target/plugins -- -D warnings

check-conf: build ## Check that every file in conf/ is a configuration, except the price table
	@for file in $(filter-out conf/prices.yaml,$(wildcard conf/*.yaml)); do \
		OPENAI_API_KEY=sk-check ANTHROPIC_API_KEY=sk-check LITELLM_MASTER_KEY=sk-check-conf DATABASE_URL= \
			target/release/tollgate check --config $$file || exit 1; \
	done

tidy: ## Check the tree itself: who names which library, sizes, the contract's documentation
	$(CARGO) test --release --locked -p tollgate-tidy

unit: setup ## Unit and integration tests of the gateway's crates
	$(CARGO) test --release --locked --workspace $(OUTSIDE) $(FIXTURES)

plugins-unit: setup ## Unit tests of the components' policies, on this machine
	$(CARGO) test --release $(PLUGINS) --workspace --target-dir target/plugins-host

components: setup ## Write every component, those for tests included, to target/components
	$(CARGO) build --release --locked -p tollgate-components $(FIXTURES)

end-to-end: build components ## The built gateway, tried from outside
	$(CARGO) test --release --locked -p tollgate-end-to-end -p tollgate-test-upstream -p tollgate-test-load

soak-lifecycle: build components ## Upgrades, reloads and rotations in ten times their number
	TOLLGATE_SOAK=10 $(CARGO) test --release --locked -p tollgate-end-to-end --test lifecycle -- --nocapture

sdk: build ## OpenAI's Python SDK against the built gateway
	tests/sdk/run.sh

clients: build ## Clients from PyPI and npm against the built gateway
	@ops/setup.sh --clients
	tests/clients/run.sh

slow-clients: build components ## Ten thousand slow clients beside good traffic
	SLOW_CLIENTS=10000 $(CARGO) test --release --locked -p tollgate-end-to-end \
		--test slow_clients -- --nocapture

browser: build ## Frames, cookies and calls across sites, in real Chromium against the built gateway
	@ops/setup.sh --browser
	tests/browser/run.sh

oracle: build ## Ask nginx and the built gateway the same, and compare
	@ops/setup.sh --test
	tests/oracle/run.sh

conformance: build ## sslyze, pebble, certbot and gRPC with the built gateway
	@ops/setup.sh --conformance
	tests/conformance/run.sh

conformance-h2: build ## httpwg against the built gateway; it takes minutes to install, so CI does not
	@ops/setup.sh --conformance
	tests/conformance/h2.sh

dist: setup ## Build target/dist/tollgate with link-time optimisation
	$(CARGO) build --profile dist --locked

bench: ## Compare with nginx and print one table
	@ops/setup.sh --bench
	$(MAKE) --no-print-directory dist components
	tests/bench/bench.sh

clean: ## Delete everything that was built
	$(CARGO) clean
