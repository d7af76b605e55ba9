# What is needed: Go, make and git. The first run of `run` or `test` builds a Traefik, once, and shows how far it is.
GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.7.0

.PHONY: run test race soak lint audit vulnerabilities docs

# run is the demo, on http://127.0.0.1:8000 until Ctrl-C; make run ARGS="--listen 127.0.0.1:9000" passes flags on. With BACKEND=ucp a
# UCP cart service stands behind the router and decides what is in a cart.
BACKEND ?=
run:
	@$(GO) build -o polycart-demo/polycart ./cmd/polycart && exec polycart-demo/polycart up $(if $(BACKEND),--backend $(BACKEND)) $(ARGS)

# test is everything. Traefik is built before go test, which would hide how far that is and count it as test time, in both
# editions; POLYCART_TRAEFIK and POLYCART_TRAEFIK_COMPILED name others to test with. The interpreter makes the tests slow: go test's own 10 minutes are too
# few for a busy machine. The tests of carts in Redis want a real server; where they may not install one they use miniredis and say so.
test:
	@command -v redis-server || command -v valkey-server || { [ "$$(id -u)" = 0 ] && command -v apt-get && \
		{ apt-get install -y --no-install-recommends redis-server || { apt-get update && apt-get install -y --no-install-recommends redis-server; }; }; } || \
		echo "there is no redis-server; its tests run against miniredis"
	$(GO) vet ./...
	$(GO) test ./...
	$(GO) vet -tags compiled ./...
	$(GO) test -tags compiled ./store ./identity ./jsonpath ./plugin
	stock="$${POLYCART_TRAEFIK:-$$($(GO) run ./cmd/polycart traefik)}" && \
		compiled="$${POLYCART_TRAEFIK_COMPILED:-$$($(GO) run ./cmd/polycart traefik --edition compiled)}" && cd integration && \
		$(GO) vet ./... && POLYCART_TRAEFIK="$$stock" POLYCART_TRAEFIK_COMPILED="$$compiled" $(GO) test -timeout 30m ./...

# race is the tests of the main module with the race detector, which needs a C compiler.
race:
	$(GO) test -race ./...

# soak is what takes too long for every run (docs/reliability.md); make soak KILLS=100 FAULTS=15 FUZZTIME=10s is a short one.
KILLS ?= 500
FAULTS ?= 120
FUZZTIME ?= 2m
soak:
	# kill -9 of a real Traefik while customers write in every dialect: no acknowledged write is lost, no cart is half written
	stock="$${POLYCART_TRAEFIK:-$$($(GO) run ./cmd/polycart traefik)}" && cd integration && \
		POLYCART_TRAEFIK="$$stock" POLYCART_TEST_KILLS=$(KILLS) $(GO) test -timeout 90m -count 1 -v -run TestNoAcknowledgedWriteIsLostToAKill .
	# several Traefiks on one Redis while each fault comes again and again, FAULTS seconds of load for each: they are one cart
	stock="$${POLYCART_TRAEFIK:-$$($(GO) run ./cmd/polycart traefik)}" && \
		compiled="$${POLYCART_TRAEFIK_COMPILED:-$$($(GO) run ./cmd/polycart traefik --edition compiled)}" && cd integration && \
		POLYCART_TRAEFIK="$$stock" POLYCART_TRAEFIK_COMPILED="$$compiled" POLYCART_TEST_FAULT_SECONDS=$(FAULTS) \
		$(GO) test -timeout 120m -count 1 -v -run '^Test(Replicas|AReplica|ARedis|Connections|AFailover)' .
	# kill -9 while events are written and delivered: none is lost, none is invented
	POLYCART_TEST_KILLS=$(KILLS) $(GO) test -timeout 90m -count 1 -v -run TestNoEventIsLostToAKill ./plugin
	# kill -9 of the store alone, which writes faster than with a Traefik before it
	$(GO) test -timeout 30m -count $(KILLS) -run TestAnAcknowledgedWriteSurvivesAKill ./store
	# every system call fails once: where the background work of the store stands at that moment is another at each run
	$(GO) test -timeout 60m -count $(KILLS) -run TestEachSystemCallFailsOnceUnderEveryDialect ./store
	$(GO) test -timeout 60m -count 5 -run TestAnySystemCallMayFail ./store
	# what comes from outside: catalogue files, answers of a cart service, tokens, and the seams of the two editions, each against a third way
	$(GO) test -run XXX -fuzz FuzzParse -fuzztime $(FUZZTIME) ./catalog
	$(GO) test -run XXX -fuzz FuzzRead -fuzztime $(FUZZTIME) ./ucp
	for target in FuzzToken FuzzClaims FuzzObject; do \
		$(GO) test -run XXX -fuzz $$target -fuzztime $(FUZZTIME) ./identity || exit 1; done
	for target in FuzzClaimPath FuzzSignature; do for edition in stock compiled; do \
		$(GO) test -tags $$edition -run XXX -fuzz $$target -fuzztime $(FUZZTIME) ./identity || exit 1; done; done
	for target in FuzzGet FuzzChange; do for edition in stock compiled; do \
		$(GO) test -tags $$edition -run XXX -fuzz $$target -fuzztime $(FUZZTIME) ./jsonpath || exit 1; done; done

lint:
	@unformatted="$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go'))" && \
		if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(GOLANGCI) run ./...
	cd integration && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./... && $(GO) run $(GOLANGCI) run --config ../.golangci.yml ./...

# audit is what a change must pass beside the tests.
audit: lint race

# vulnerabilities asks vuln.go.dev, so it needs the internet.
vulnerabilities:
	$(GO) run $(GOVULNCHECK) ./...
	$(GO) run $(GOVULNCHECK) -tags compiled ./...

# docs writes docs/configuration.md from the comments in plugin/config.go.
docs:
	$(GO) run ./cmd/polycart docs
