# Rubato: the few commands there are. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOLANGCI := bin/tools/golangci-lint
GOLANGCI_VERSION := v2.15.0
MVN := mvn -B -ntp -q -f javaagent/pom.xml
AGENT_SRC := $(shell find javaagent -name target -prune -o \( -name '*.java' -o -name 'pom.xml' -o -path '*/src/main/resources/*' \) -type f -print 2>/dev/null)
SPARKS_QUICK := 3.3.4 3.5.7 4.0.0 4.3.0
SPARKS_ALL := 3.3.4 3.3.4@8 3.3.4@11 3.4.4 3.5.7 3.5.7@8 3.5.7@11 3.5.7_2.13 4.0.0 4.0.0@21 4.1.4 4.2.1 4.3.0 4.3.0@25
PYSPARKS := pyspark-3.3.4 pyspark-3.4.4 pyspark-3.5.7 pyspark-4.0.0
EMBEDDED := $(shell grep -r --include='*.go' --exclude-dir=javaagent '^//go:embed ' . | sed 's|[^/]*\.go://go:embed ||')
GO_SRC := $(shell find . -path ./javaagent -prune -o -name '*.go' -print) $(EMBEDDED) go.mod go.sum

.PHONY: help
help: ## list the commands
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: tools-go tools-java
tools-go:
	@command -v go >/dev/null || { echo "rubato: go is missing: install Go 1.26 or newer and put it on the PATH" >&2; exit 1; }
	@command -v gcc >/dev/null || [ "$(CGO_ENABLED)" = 0 ] || echo "rubato: gcc is missing: the race detector of 'make test' needs it" >&2
tools-java:
	@command -v javac >/dev/null || { echo "rubato: javac is missing: install a JDK 17 and put it on the PATH" >&2; exit 1; }
	@command -v mvn >/dev/null || { echo "rubato: mvn is missing: install Maven 3.8 or newer and put it on the PATH" >&2; exit 1; }

.PHONY: build
build: bin/rubato bin/rubato-agent.jar ## build bin/rubato and bin/rubato-agent.jar

bin/rubato: $(GO_SRC) | tools-go
	@echo "building bin/rubato" >&2
	@mkdir -p bin
	@go build -trimpath -ldflags "-X main.version=$(VERSION)" -o $@ ./cmd/rubato

bin/rubato-agent.jar bin/rubato-jobs.jar &: $(AGENT_SRC) | tools-java
	@echo "building the agent and the sample jobs (the first time Maven fetches Spark, about 220 MB)" >&2
	@mkdir -p bin
	@$(MVN) -DskipTests package
	@cp javaagent/jobs/target/classpath.txt bin/rubato-jobs.classpath
	@cp javaagent/jobs/target/jvm.args bin/rubato-jobs.args
	@cp javaagent/jobs/target/rubato-jobs.jar bin/rubato-jobs.jar
	@cp javaagent/agent/target/rubato-agent.jar bin/rubato-agent.jar

bin/kafka.classpath: javaagent/broker/pom.xml javaagent/pom.xml | tools-java
	@echo "resolving a Kafka broker (the first time Maven fetches it, about 43 MB)" >&2
	@mkdir -p bin
	@mvn -B -ntp -q -f javaagent/broker/pom.xml package
	@cp javaagent/broker/target/classpath.txt $@

.PHONY: broker
broker: bin/bench-broker bin/kafka.classpath ## run a real Kafka broker on 127.0.0.1:9092 until Ctrl-C
	@exec bin/bench-broker --port 9092

.PHONY: demo
demo: bin/rubato bin/rubato-agent.jar ## tune a real Spark job for four minutes and print the figures
	@bin/rubato demo --minutes 4

.PHONY: test
test: lint test-go test-java ## everything that must hold: formatting, lint, Go under -race, Java, real Spark

.PHONY: lint
lint: tools-go $(GOLANGCI)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt wants these:" >&2; gofmt -l $$(git ls-files '*.go') >&2; exit 1; }
	go vet ./...
	$(GOLANGCI) run ./...

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION) (about 100 s)" >&2
	@GOBIN=$(CURDIR)/bin/tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: test-go
test-go: bin/rubato bin/rubato-agent.jar bin/kafka.classpath
	go test -race -timeout 20m ./...

.PHONY: test-java
test-java: tools-java
	javaagent/it/sparks/fetch.sh $(SPARKS_QUICK)
	mvn -B -ntp -f javaagent/pom.xml verify -Dsparks="$(SPARKS_QUICK)"

# The tests that run on each Spark, without the others.
MATRIX := mvn -B -ntp -f javaagent/pom.xml verify -Dskip.unit=true -Dgroups=matrix

.PHONY: it it-all
it: tools-java ## the agent in four real Sparks, 3.3 to 4.3 (about 8 minutes; part of make test)
	javaagent/it/sparks/fetch.sh $(SPARKS_QUICK)
	$(MATRIX) -Dsparks="$(SPARKS_QUICK)"

it-all: tools-java ## the agent in every Spark that can be had (about 40 minutes; fetches 3 GB), and the table in README.md
	javaagent/it/sparks/fetch.sh $(SPARKS_ALL) $(PYSPARKS)
	rm -f javaagent/it/target/matrix.tsv
	ok=0; $(MATRIX) -Dsparks="$(SPARKS_ALL)" || ok=$$?; \
		java javaagent/it/src/test/java/io/rubato/it/Table.java javaagent/it/target/matrix.tsv README.md && exit $$ok

.PHONY: it-java8
it-java8: tools-java ## logins, outages, faults, changed Sparks and attaching, with the driver on Java 8 (about 8 minutes)
	javaagent/it/sparks/fetch.sh 3.5.7@8
	mvn -B -ntp -f javaagent/pom.xml verify -Dskip.unit=true -Ddriver.java=8 -Dfailsafe.failIfNoSpecifiedTests=false \
		-Dit.test='AttachIT,AttachRefusalIT,BrokerOutageIT,ChangedSparkIT,DemoJobIT,FaultsIT,RotatedSecretsIT,SecuredKafkaIT'

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
	find javaagent -name target -type d -prune -exec rm -rf {} +

# The measurements; bench/README.md leads to their figures. Leave the machine alone meanwhile.
.PHONY: bench
bench: tools-go ## measure decisions: time, allocations, throughput
	go test -run '^$$' -bench . -benchtime 3s -count 3 -cpu 2 ./bench

bin/bench-%: $(GO_SRC) | tools-go
	@mkdir -p bin
	@go build -o $@ ./bench/$*

.PHONY: bench-wire
bench-wire: bin/bench-wire bin/rubato-agent.jar ## measure metric sent to interval applied, on a real Spark
	@bin/bench-wire

.PHONY: bench-agent
bench-agent: tools-java ## measure the agent in real drivers: wake, stop, attach, CPU, start (about 45 minutes)
	@javaagent/bench/run.sh

.PHONY: calibration
calibration: bin/bench-calibration bin/rubato-agent.jar ## record real Sparks for half an hour, and fit the simulator to them
	@bin/bench-calibration

.PHONY: bench-spark
bench-spark: bin/rubato bin/rubato-agent.jar bin/kafka.classpath ## play rivals on a real Spark and a real Kafka for three hours; goes on where it was stopped
	@bin/rubato bench spark

.PHONY: bench-memory
bench-memory: bin/bench-memory bin/rubato ## measure resident memory with 100 queries (Linux)
	@bin/bench-memory

.PHONY: bench-start
bench-start: bin/bench-start bin/rubato ## measure the start of the daemon
	@bin/bench-start

.PHONY: tune-rules
tune-rules: tools-go ## tune the rules of the tournament on random and typical drivers (half an hour of two busy cores)
	@go run ./bench/tuning/rules

.PHONY: bench-learners
bench-learners: tools-go ## try other networks, histories and critics on top of the line (about 12 CPU minutes)
	@go run ./bench/tuning/learners --csv bench/results/learners.csv

.PHONY: pretrain
pretrain: bin/rubato ## train the policy that ships with the binary, again from its seed (about 30 minutes of two cores)
	@bin/rubato pretrain line --seed 1 --out policy/prior.json
	@$(MAKE) bin/rubato
	@bin/rubato pretrain --seed 1 --rounds 0 --out policy/pretrained/prior.policy

.PHONY: tournament
tournament: bin/rubato ## play the policy and every rule on the traces, and write bench/results
	@bin/rubato tournament --traces bench/traces --csv bench/results/tournament.csv \
		--html bench/results/tournament.html --svg bench/results/tournament.svg

.PHONY: forecast
forecast: bin/rubato ## train the LSTM that forecasts (about 5 minutes of one core) and judge it
	@bin/rubato forecast train --seed 1 --out env/forecast/lstm.bin
	@bin/rubato forecast bench --weights env/forecast/lstm.bin --traces bench/traces --seeds 10 \
		--json bench/results/forecast.json --csv bench/results/forecast.csv
