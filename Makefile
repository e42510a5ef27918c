# Two commands are enough: `make demo` and `make test`. The rest are their parts.
.PHONY: demo test bench setup build check-format clean

demo: build ## build everything and serve the demo; ARGS=--once prints it from headless Chromium
	@node scripts/demo.mjs $(ARGS)

test: ## every check, cheapest first; what CI runs
	@bash scripts/test.sh

bench: build ## measure in headless Chromium beside its peers; writes target/bench/browser.json and docs/benchmarks.md
	@bash scripts/bench.sh $(ARGS)

build: setup ## native tool, wasm module, npm package, model and film catalog, assembled in target/site
	@bash scripts/build-native.sh
	@bash scripts/build-wasm.sh
	@bash scripts/build-artifacts.sh
	@bash scripts/build-www.sh

setup: ## install what is missing
	@bash scripts/setup.sh

clean: ## remove what was built in the checkout; the cache outside it stays
	rm -rf target www/dist www/node_modules
