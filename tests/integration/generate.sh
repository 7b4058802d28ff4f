#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming generate: every model that ships is recognised by the config of an image of its kind
# (tests/models), what is written passes "coaming check --strict", a compose file becomes one set,
# and real programs run under what was made for them. tests/golden/generate holds a compose file
# and what becomes of it.

. "$(dirname "$0")/lib.sh"
if [ -z "${COAMING_TEST_CG:-}" ] && [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null; then
	# Here, since the sandbox has no way to Debian's mirror.
	COAMING_TEST_TREE=$(O=$B bash "$here/rootfs.sh" bookworm) || COAMING_TEST_TREE=
	export COAMING_TEST_TREE
fi
sandbox "$@"
need runc crun podman jq nft ip busybox /usr/bin/python3 "$B/coaming" "$B/coaming-runtime" "$B/coaming-hook"
tree=${COAMING_TEST_TREE:-}
probe=$B/tests/integration/probe

# --config: the host's own would do as well, and may not be there.
generate() {
	run coaming generate --models "$top/profiles/models" "$@"
}

# A file of JSON in $W, its name printed.
given() { # NAME JSON
	echo "$2" >"$W/$1"
	echo "$W/$1"
}

# --- models --------------------------------------------------------------------------------------

models_are_valid() {
	run /usr/bin/python3 "$top/tests/validate.py" "$top/profiles/model.schema.json" \
		"$top"/profiles/models/*.json
	assert_status 0
	run coaming generate --models "$top/profiles/models" --list-models
	assert_status 0
	assert_eq "$(($(wc -l <"$W/out") - 1))" "$(ls "$top/profiles/models" | wc -l)" 'models listed'
	[ "$(wc -l <"$W/out")" -gt 40 ] || fail 'fewer than 40 models'
}

# Every function that one talks to is one that another has.
functions_exist() {
	jq -r .function "$top"/profiles/models/*.json | sort -u >"$W/functions"
	jq -r '.talksTo[]' "$top"/profiles/models/*.json | sort -u >"$W/talked"
	assert_eq "$(comm -13 "$W/functions" "$W/talked")" '' 'functions that no model has'
}

# Without its name from the image's config alone, with it for certain.
models_are_recognised() {
	local model name image bad=0

	for model in "$top"/profiles/models/*.json; do
		name=$(basename "$model" .json)
		[ -s "$top/tests/models/$name.json" ] || { echo "$name: no image"; bad=1; continue; }
		"$B/coaming" generate --config "$W/coaming.json" --models "$top/profiles/models" --json \
			--image-config "$top/tests/models/$name.json" >"$W/one"
		jq -e --arg m "$name" '.profiles[0] | .model == $m and .points >= 20' "$W/one" \
			>/dev/null || { echo "$name: $(jq -c '.profiles[0] | [.model, .points]' "$W/one")"; bad=1; }
		image=$(jq -r '.recognise.images[0]' "$model" | sed 's,^\*/,registry.example.com/,; s/\*/x/g')
		"$B/coaming" generate --config "$W/coaming.json" --models "$top/profiles/models" --json \
			--image "$image:1" --image-config "$top/tests/models/$name.json" >"$W/one"
		jq -e --arg m "$name" '.profiles[0] | .model == $m and .points >= 40' "$W/one" \
			>/dev/null || { echo "$name as $image: $(jq -c '.profiles[0] | [.model, .points]' "$W/one")"; bad=1; }
	done
	[ "$bad" -eq 0 ] || fail 'some are not recognised'
}

# What clients are told of a server makes none of them one; names of images as they are in use.
names_and_clients() {
	local image name n=0

	compose 'name: t' 'services:' \
		'  a: {image: shop, environment: {POSTGRES_HOST: x, POSTGRES_USER: x, POSTGRES_PASSWORD: x, POSTGRES_DB: x, PGHOST: x}}' \
		'  b: {image: shop, environment: {REDIS_HOST: x, REDIS_URL: x, REDIS_PORT: 1, MYSQL_HOST: x, MYSQL_USER: x, MYSQL_DATABASE: x}}' \
		'  c: {image: shop, environment: {RABBITMQ_HOST: x, RABBITMQ_USER: x, KAFKA_BROKERS: x, KAFKA_TOPIC: x, OTEL_SERVICE_NAME: x, OTEL_EXPORTER_OTLP_ENDPOINT: x}}' \
		'  d: {image: shop, environment: {KEYCLOAK_URL: x, KEYCLOAK_REALM: x, VAULT_ADDR: x, VAULT_TOKEN: x, MINIO_ENDPOINT: x, MINIO_BUCKET: x, LDAP_HOST: x}}'
	assert_json "$W/by" '[.[].model] | all(. == null)'
	while read -r image name; do
		printf '  s%s: {image: "%s"}\n' "$n" "$image" >>"$W/services"
		echo "s$n $name" >>"$W/wanted"
		n=$((n + 1))
	done <<-'END'
		nginx nginx
		nginx:1.27-alpine nginx
		nginxinc/nginx-unprivileged nginx
		docker.io/library/httpd:2.4 httpd
		bitnami/postgresql:16 postgres
		timescale/timescaledb-ha:pg16 postgres
		mysql:8 mysql
		bitnami/mariadb mariadb
		mongo:7 mongodb
		bitnami/redis:7.2 redis
		valkey/valkey:8 valkey
		rabbitmq:3-management rabbitmq
		confluentinc/cp-kafka:7.6.0 kafka
		bitnami/zookeeper zookeeper
		eclipse-mosquitto:2 mosquitto
		python:3.12-slim python
		node:20 node
		eclipse-temurin:21-jre java
		php:8-fpm php
		mcr.microsoft.com/dotnet/aspnet:8.0 dotnet
		prom/prometheus:v2.54.0 prometheus
		quay.io/prometheus/node-exporter node-exporter
		grafana/grafana-oss:11.0.0 grafana
		grafana/loki:3.1.0 loki
		fluent/fluent-bit:3.1 fluentd
		jaegertracing/all-in-one:1.60 jaeger
		otel/opentelemetry-collector-contrib otel-collector
		docker.elastic.co/elasticsearch/elasticsearch:8.15.0 elasticsearch
		docker.elastic.co/kibana/kibana:8.15.0 kibana
		opensearchproject/opensearch:2 opensearch
		jenkins/jenkins:lts jenkins
		gitlab/gitlab-runner:latest gitlab-runner
		codeberg.org/forgejo/forgejo:8 gitea
		registry:2 registry
		quay.io/keycloak/keycloak:25.0 keycloak
		ghcr.io/dexidp/dex:v2.41.0 dex
		osixia/openldap:1.5.0 openldap
		hashicorp/vault:1.17 vault
		minio/minio:RELEASE.2024-08-17T01-24-54Z minio
		quay.io/coreos/etcd:v3.5.15 etcd
		hashicorp/consul:1.19 consul
		traefik:v3.1 traefik
		envoyproxy/envoy:v1.31.0 envoy
		haproxy:3.0 haproxy
		axllent/mailpit mailhog
	END
	{ echo 'name: t'; echo 'services:'; cat "$W/services"; } >"$W/compose.yaml"
	generate --json --compose "$W/compose.yaml"
	assert_status 0
	jq -r '.profiles[] | "\(.of) \(.model)"' "$W/out" >"$W/seen"
	assert_file_is "$W/seen" "$W/wanted"
}

# With the library around them, so that what they extend is looked at too.
profiles_are_right() {
	local file

	cp -r "$top/profiles/library" "$W/all"
	for file in "$top"/tests/models/*.json; do
		"$B/coaming" generate --config "$W/coaming.json" --models "$top/profiles/models" --quiet \
			--image "example.com/$(basename "$file" .json):1" --output "$W/generated" \
			--name "g-$(basename "$file" .json)" --image-config "$file"
	done
	[ "$(ls "$W/generated" | wc -l)" -eq "$(ls "$top/tests/models" | wc -l)" ] || fail 'some are missing'
	run "$B/coaming" check --strict "$W"/generated/*.json
	assert_status 0
	cp "$W"/generated/*.json "$W/all"
	run "$B/coaming" check --strict "$W/all"
	assert_status 0
	run /usr/bin/python3 "$top/tests/validate.py" "$top/profiles/profile.schema.json" \
		"$W"/generated/*.json
	assert_status 0
	cat "$W"/generated/*.json >"$W/texts"
	assert_has "$W/texts" '"syscalls-service"'
	assert_has "$W/texts" '"syscalls-program"'
}

# The sentence beside each bad model; schema and parser say the same of all.
bad_models() {
	local file name bad=0

	for file in "$top"/tests/bad/model/*.json; do
		name=$(basename "$file" .json)
		mkdir -p "$W/m/$name"
		cp "$file" "$W/m/$name/"
		run coaming generate --models "$W/m/$name" --list-models
		assert_status 2
		sed "s,^coaming: generate: $W/m/$name/,," "$W/err" | diff "${file%.json}.error" - || bad=1
	done
	for file in "$top"/tests/good/model/*.json; do
		mkdir -p "$W/good"
		cp "$file" "$W/good/"
	done
	run coaming generate --models "$W/good" --list-models
	assert_status 0
	[ "$bad" -eq 0 ] || fail 'other sentences than those beside the files'
	# What no schema can see: the name of the file, and keys that are there twice.
	/usr/bin/python3 "$top/tests/validate.py" --verdicts "$top/profiles/model.schema.json" \
		"$top"/tests/bad/model/*.json >"$W/verdicts"
	paste -d ' ' "$W/verdicts" <(printf '%s\n' "$top"/tests/bad/model/*.json) |
		grep -v '^rejected' | sed 's,.*/,,' | sort | xargs >"$W/unseen"
	assert_eq "$(cat "$W/unseen")" 'name-other.json not-json.json' 'what no schema sees'
}

# A model of the user's takes the place of the one that ships.
override() {
	mkdir "$W/own"
	jq '.description = "our own" | .writable = []' "$top/profiles/models/nginx.json" \
		>"$W/own/nginx.json"
	run coaming generate --models "$W/own" --models "$top/profiles/models" --json \
		--image-config "$top/tests/models/nginx.json"
	assert_status 0
	assert_json "$W/out" '.profiles[0].profile | (.description | contains("our own"))
		and .rootfs.writable == []'
	run coaming generate --models "$top/profiles/models" --models "$W/own" --json \
		--image-config "$top/tests/models/nginx.json"
	assert_json "$W/out" '.profiles[0].profile.rootfs.writable | length == 3'
}

# --- images and containers -----------------------------------------------------------------------

image_forms() {
	local config

	config=$(jq -c '.config' "$top/tests/models/redis.json")
	for form in "{\"config\": $config}" "[{\"Config\": $config, \"RepoTags\": [\"redis:7\"]}]" \
		"{\"Config\": $config, \"RepoTags\": []}"; do
		generate --json --image-config "$(given image.json "$form")"
		assert_status 0
		assert_json "$W/out" '.profiles[0].model == "redis"'
	done
	generate --json --image-config "$(given image.json \
		"[{\"Config\": $config, \"RepoTags\": [], \"RepoDigests\": [\"quay.io/a/redis@sha256:$(printf '%064d' 1)\"]}]")"
	assert_json "$W/out" '.profiles[0].profile.match.image == ["quay.io/a/redis"]'
	generate --image-config "$(given image.json "[{\"Config\": $config, \"RepoTags\": [\"redis:7\"]}]")"
	assert_json "$W/out" '.match.image == ["docker.io/library/redis"] and .extends == ["syscalls-service"]
		and .network.egress == []'
	assert_has "$W/err" 'model redis'
	generate --quiet --image-config "$W/image.json"
	assert_eq "$(cat "$W/err")" '' 'what --quiet says'
	"$B/coaming" generate --config "$W/coaming.json" --models "$top/profiles/models" -q \
		--image-config - <"$W/image.json" >"$W/piped"
	assert_file_is "$W/piped" "$W/out"
}

# Nothing of the sort is known: little is taken, and it is said.
unknown_image() {
	generate --image-config "$(given image.json '{"config": {"User": "app", "ExposedPorts": {"80/tcp": {}, "9/udp": {}}}}')"
	assert_status 0
	assert_json "$W/out" '.extends == ["syscalls-program"] and (has("rootfs") | not)
		and .capabilities.allow == ["NET_BIND_SERVICE"] and (.admission.deny | index("rootUser"))
		and (.network.ingress[0].from | length) == 4
		and ([.network.ingress[0].ports[] | "\(.port)\(.protocol)"] | sort) == ["80TCP", "9UDP"]'
	assert_has "$W/out" 'Guessed: extends, network.ingress'
	assert_has "$W/err" 'is like no model'
	assert_has "$W/err" 'guess  extends'
	assert_has "$W/err" 'io.coaming.profile=generated'
	run "$B/coaming" check --strict "$(given generated.json "$(cat "$W/out")")"
	assert_status 0
}

config_json() {
	mkdir -p "$W/bundles/c1"
	bundle_config c1 '.annotations["io.coaming.app"] = "Shop_Cache"
		| .process.user = {uid: 999, gid: 999} | .root.readonly = true
		| .mounts += [{destination: "/scratch", type: "tmpfs", source: "tmpfs",
			options: ["nosuid", "size=3m"]}]' redis-server
	generate --json --config-json "$W/bundles/c1/config.json"
	assert_status 0
	assert_json "$W/out" '.profiles[0] | .model == "redis" and .points == 30 and .name == "shop-cache"
		and .profile.match.labelSelector.matchLabels == {"io.coaming.app": "Shop_Cache"}
		and .profile.rootfs.readOnly and .profile.capabilities.allow == []
		and (.profile.rootfs.writable | index({path: "/scratch", size: "3M"}))
		and (.notes | map(select(test("/data"))) | length == 1)'
	bundle_config c1 '.linux.namespaces |= map(select(.type != "network"))' nginx
	generate --json --config-json "$W/bundles/c1/config.json"
	assert_json "$W/out" '.profiles[0] | (.profile | has("network") | not)
		and (.notes | map(select(test("network"))) | length == 1)'
}

# Two that run: one names the other. Neither has a label but of its profile, so that they get one.
containers() {
	journal_start
	profile p '{capabilities: {allow: ["CHOWN"]}}'
	bundle c1 "$(labelled p) | .process.env += [\"REDIS_VERSION=7\"]" \
		sh -c 'exec sleep 1000; redis-server --port 6399'
	bundle c2 "$(labelled p) | .annotations[\"io.coaming.app\"] = \"shop\"
		| .process.env += [\"CACHE_URL=redis://c1/0\"]" sleep 1000
	confined run --detach --bundle "$W/bundles/c1" c1
	confined run --detach --bundle "$W/bundles/c2" c2
	generate --json --container c1
	assert_status 0
	assert_json "$W/out" '.profiles[0] | .name == "c1" and .model == "redis"
		and (.profile | has("match") | not) and .profile.capabilities.allow == ["CHOWN"]
		and (.notes | map(select(test("io.coaming.profile=c1"))) | length == 1)'
	generate --container c1 --container c2 --output "$W/set"
	assert_status 0
	assert_json "$W/set/c2.json" '.match.labelSelector.matchLabels == {"io.coaming.app": "shop"}
		and (.network.egress[1] | .to[0].labelSelector.matchLabels == {"io.coaming.profile": "c1"}
			and (.ports | map(.port) | index(6379)))'
	assert_json "$W/set/c1.json" '.network.ingress[0].from[0].labelSelector.matchLabels
		== {"io.coaming.app": "shop"}'
	assert_has "$W/err" 'c2: CACHE_URL names c1'
	run coaming check --strict "$W/set/c1.json" "$W/set/c2.json"
	assert_status 0
	run confined delete --force c1
	run confined delete --force c2
	generate --container c1
	assert_status 2
	assert_has "$W/err" 'no container "c1" is known that runs'
}

# --- compose files -------------------------------------------------------------------------------

# GOLDEN=1 writes what is seen, to be read before it is committed.
golden() {
	local dir=$top/tests/golden/generate/shop file

	generate --compose "$dir/compose.yaml" --output "$W/shop"
	assert_status 0
	if [ -n "${GOLDEN:-}" ]; then
		cp "$W"/shop/*.json "$dir/"
		cp "$W/err" "$dir/reasons"
	fi
	assert_file_is "$W/err" "$dir/reasons"
	assert_eq "$(ls "$W/shop")" "$(cd "$dir" && ls -- *.json)" 'profiles'
	for file in "$W"/shop/*.json; do assert_file_is "$file" "$dir/${file##*/}"; done
	cp -r "$top/profiles/library/." "$W/shop"
	run "$B/coaming" check --strict "$W/shop"
	assert_status 0
}

compose() { # YAML...: a file of these lines becomes profiles as JSON
	printf '%s\n' "$@" >"$W/compose.yaml"
	generate --json --compose "$W/compose.yaml"
	assert_status 0
	jq '[.profiles[] | {key: .of, value: .}] | from_entries' "$W/out" >"$W/by"
}

# who TALKS: "a>b" for every rule of a's egress that names b, and the same as b's ingress has it.
rules() {
	jq -r '.[] as $p | $p.profile.network.egress[]? | .ports as $ports | .to[]?.labelSelector
		| select(.) | .matchLabels["com.docker.compose.service"] // .matchExpressions[0].values[0]
		| "\($p.of)>\(.):\($ports | map(.port) | join(","))"' "$W/by" | sort >"$W/egress"
	jq -r '.[] as $p | $p.profile.network.ingress[]? | .ports as $ports | .from[]?.labelSelector
		| select(.) | .matchLabels["com.docker.compose.service"] // .matchExpressions[0].values[0]
		| "\(.)>\($p.of):\($ports | map(.port) | join(","))"' "$W/by" | sort >"$W/ingress"
	assert_file_is "$W/egress" "$W/ingress"
	xargs <"$W/egress"
}

who_talks() {
	compose 'name: t' 'services:' \
		'  a: {image: x, environment: {DB_URL: "postgres://u:p@db/n", CACHE: "redis:6380", NAME: db}}' \
		'  b: {image: x, environment: ["PEERS_HOSTS=a,redis"], command: "run --target db --name redis"}' \
		'  c: {image: x, links: ["db:store"], expose: [7]}' \
		'  d: {image: x, environment: {S_HOST: store, PATHS: /a/b, X: a.example.com, U: "http://c:9/x"}}' \
		'  e: {image: x, depends_on: [c], environment: {DIR: "/srv/redis:/x"}}' \
		'  f: {image: x, depends_on: {c: {condition: service_completed_successfully}}}' \
		'  db: {image: postgres}' '  redis: {image: redis}'
	assert_eq "$(rules)" \
		'a>db:5432 a>redis:6380 b>a: b>db:5432 b>redis:6379 c>db:5432 d>c:9 d>db:5432 e>c:7' 'rules'
	# No port of a is known: all of TCP, a guess.
	assert_json "$W/by" '.b.reasons | map(select(.guessed and (.value == "all of TCP of a"))) | length == 1'
	assert_json "$W/by" '.e.reasons | map(select(.guessed and (.line | startswith("network.egress")))) | length == 1'
	assert_json "$W/by" '.f.profile.network.egress == []'
}

# "--bind 0.0.0.0:8000", "--port 5", PORT=3000; not an address of one's own, nor another's port.
told_to_listen() {
	compose 'name: t' 'services:' \
		'  a: {image: x, command: "gunicorn --bind 0.0.0.0:8000 --bind=[::]:8001 -b :8002 app"}' \
		'  b: {image: x, command: [x, --port, "5", "--http-port=6", --timeout, "7", "127.0.0.1:8"]}' \
		'  c: {image: x, environment: {PORT: 3000, DB_PORT: 5432, HTTP_PORT: x}}' \
		'  z: {image: x, environment: {H_HOSTS: "a,b,c"}}'
	assert_eq "$(rules)" 'z>a:8000,8001,8002 z>b:5,6 z>c:3000' 'rules'
}

networks_apart() {
	compose 'name: t' 'services:' \
		'  a: {image: x, networks: [one], environment: {H_HOST: c, I_HOST: b}}' \
		'  b: {image: postgres, networks: {one: {aliases: [main]}, two: }}' \
		'  c: {image: postgres, networks: [two], environment: {M_HOST: main}}' \
		'  d: {image: x, network_mode: host, environment: {H_HOST: b}}' \
		'  e: {image: x, network_mode: none}'
	assert_eq "$(rules)" 'a>b:5432 c>b:5432' 'rules'
	assert_json "$W/by" '.a.notes | map(select(test("shares no network"))) | length == 1'
	assert_json "$W/by" '(.d.profile | has("network") | not)
		and .e.profile.network == {ingress: [], egress: []}'
}

shared_network() {
	compose 'name: t' 'services:' \
		'  pod: {image: x, expose: [80]}' \
		'  side: {image: x, network_mode: "service:pod", expose: [90], environment: {D_HOST: db}}' \
		'  web: {image: x, environment: {P_HOST: pod}}' '  db: {image: postgres}'
	assert_eq "$(rules)" 'pod>db:5432 web>pod:80,90' 'rules'
	assert_json "$W/by" '(.side.profile | has("network") | not)
		and (.db.profile.network.ingress[0].from[0].labelSelector
			| .matchExpressions[0].values == ["pod", "side"]
			and .matchLabels == {"com.docker.compose.project": "t"})'
}

classes_apart() {
	compose 'name: t' 'services:' \
		'  a: {image: x, labels: {data-class: pci}, environment: {B_HOST: b, C_HOST: c}}' \
		'  b: {image: postgres, labels: [io.coaming.data-class=pci]}' \
		'  c: {image: postgres}'
	assert_eq "$(rules)" 'a>b:5432' 'rules'
	assert_json "$W/by" '.a.notes | map(select(test("c: their data classes differ"))) | length == 1'
	host_config '.taxonomy = {"data-class": ["example.com/class"]}'
	compose 'name: t' 'services:' \
		'  a: {image: x, labels: {example.com/class: x}, environment: {B_HOST: b}}' \
		'  b: {image: postgres}'
	assert_eq "$(rules)" '' 'rules between classes of a label of the host'
	host_config '.separate = ["team"]'
	compose 'name: t' 'services:' \
		'  a: {image: x, labels: {io.coaming.team: x}, environment: {B_HOST: b, C_HOST: c}}' \
		'  b: {image: postgres, labels: {io.coaming.team: y}}' '  c: {image: redis, labels: {io.coaming.team: x}}'
	assert_eq "$(rules)" 'a>c:6379' 'rules between what the host keeps apart'
}

details() {
	# shellcheck disable=SC2016  # for compose
	compose 'name: T_1' 'services:' '  a:' '    image: ${IMAGE:-nginx}' '    user: "5:5"' \
		'    ports: ["${PORT:-8080}:80", "127.0.0.1:53:53/udp", {target: 443, published: 8443}]' \
		'    tmpfs: /t:size=1.5m,mode=1777' '    devices: ["/dev/x:/dev/x"]' \
		'    cap_add: [chown, NET_ADMIN]' '    deploy: {resources: {limits: {memory: 1g, pids: 9}}}' \
		'    volumes: ["v:/var/cache/nginx:rw", {type: tmpfs, target: /u, tmpfs: {size: 4096}}]' \
		'    environment: {A_URL: "https://api.example.com/$$x", B_URL: "http://127.0.0.1:1", C: null}' \
		'    env_file: .env'
	assert_json "$W/by" '.a | .name == "t-1-a" and .model == "nginx" and (.profile
		| .limits == {pids: 9, memory: 1073741824, nofile: 65536}
		and .capabilities.allow == ["CHOWN", "NET_BIND_SERVICE"]
		and (.admission.deny == ["rootUser"])
		and (.rootfs.writable | map({(.path): .size}) | add)
			== {"/t": 1572864, "/u": 4096, "/run": "16M", "/tmp": "64M"}
		and ([.network.ingress[0].ports[] | "\(.port)\(.protocol)"] == ["53UDP", "80TCP", "443TCP"])
		and ([.network.egress[] | .ports[] | .port] == [53, 53, 443]))
		and (.notes | map(select(test("env_file"))) | length == 1)'
}

# The form that "docker compose config" gives everything, as YAML and as JSON.
resolved() {
	compose 'name: shop' 'services:' '  app:' '    command: null' '    depends_on:' '      db:' \
		'        condition: service_started' '        required: true' '    deploy:' '      resources:' \
		'        limits:' '          memory: "268435456"' '    entrypoint: null' '    environment:' \
		'      DB_DSN: tcp(db:5432)/x' '      EMPTY: ""' '      DEBUG: "true"' '    image: example.com/app' \
		'    networks:' '      default: null' '    ports:' '      - mode: ingress' '        target: 8000' \
		'        published: "80"' '        protocol: tcp' '        host_ip: 127.0.0.1' '  db:' \
		'    image: postgres:16' '    networks:' '      default: null' '    volumes:' '      - type: volume' \
		'        source: data' '        target: /var/lib/postgresql/data' '        volume: {}' \
		'networks:' '  default:' '    name: shop_default' 'volumes:' '  data:' '    name: shop_data'
	assert_eq "$(rules)" 'app>db:5432' 'rules'
	assert_json "$W/by" '.app.profile.limits.memory == 268435456 and .db.notes == []
		and .app.profile.network.ingress == [{ports: [{protocol: "TCP", port: 8000}]}]'
	cp "$W/by" "$W/from.yaml"
	/usr/bin/python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, indent=2)' \
		<"$W/compose.yaml" >"$W/compose.json"
	generate --json --compose "$W/compose.json"
	assert_status 0
	jq -S '[.profiles[] | del(.where)]' "$W/out" >"$W/a"
	jq -S '[.[] | del(.where)]' "$W/from.yaml" >"$W/b"
	assert_file_is "$W/a" "$W/b"
}

# Variables without a default, words of YAML 1.1, the bridge of the engine.
odds() {
	# shellcheck disable=SC2016  # for compose
	compose 'name: t' 'services:' \
		'  a: {image: nginx, user: "${UID}:${GID}", read_only: on, network_mode: bridge}' \
		'  b: {image: "${B_IMAGE}", read_only: no, environment: {A_HOST: a}}'
	assert_json "$W/by" '(.a.profile | .rootfs.readOnly and (.capabilities.allow | length > 1)
			and .admission.deny == ["devices"])
		and (.b | .model == null and (.profile | has("rootfs") | not)
			and (.notes | map(select(test("A_HOST names a, with which it shares no network"))) | length == 1))'
}

names_collide() {
	printf '%s\n' 'name: t' 'services: {a_b: {image: x}, a-b: {image: x}}' >"$W/compose.yaml"
	generate --json --compose "$W/compose.yaml"
	assert_status 2
	assert_has "$W/err" '"a_b" and "a-b" would both become the profile t-a-b'
}

# Nothing is written where one file is there already.
all_or_none() {
	local dir=$top/tests/golden/generate/shop

	mkdir "$W/out.d"
	echo mine >"$W/out.d/shop-web.json"
	generate --compose "$dir/compose.yaml" --output "$W/out.d"
	assert_status 2
	assert_has "$W/err" "shop-web.json is there already in \"$W/out.d\" (--replace writes over it)"
	assert_eq "$(ls "$W/out.d")" shop-web.json 'files'
	assert_eq "$(cat "$W/out.d/shop-web.json")" mine 'the file that was there'
	generate --compose "$dir/compose.yaml" --output "$W/out.d" --replace
	assert_status 0
	assert_eq "$(ls "$W/out.d" | wc -l)" 5 'files'
}

# Profiles override each other by their names.
name_is_taken() {
	profile redis '{capabilities: {allow: []}}'
	generate --json --image redis --image-config "$top/tests/models/redis.json"
	assert_json "$W/out" '.profiles[0].notes | map(select(test("is installed, .*/profiles/redis.json"))) | length == 1'
	generate --json --image redis --name other --image-config "$top/tests/models/redis.json"
	assert_json "$W/out" '.profiles[0] | .notes == [] and .profile.name == "other"'
}

# What an environment holds is nobody's to read.
secrets_stay() {
	generate --json --compose "$top/tests/golden/generate/shop/compose.yaml"
	assert_status 0
	assert_has_not "$W/out" secret
	assert_has_not "$W/err" secret
}

# The labels are those that compose gives. Each container listens on every port; the rules alone say
# who gets through.
set_in_force() {
	local services='web app db cache stats' ports='80 443 5432 6379 8000 9090' n=2 from to port serve=

	RUNTIME=crun library
	generate --quiet --compose "$top/tests/golden/generate/shop/compose.yaml" --output "$W/library" --replace
	assert_status 0
	bridge
	for port in $ports; do serve="$serve serve $port --"; done
	for to in $services; do
		net "$to" "$n"
		# shellcheck disable=SC2086  # words
		bundle "$to" ".annotations = {\"com.docker.compose.project\": \"shop\",
			\"com.docker.compose.service\": \"$to\"} | $(netns_path "/run/netns/$to")
			| if \"$to\" == \"app\" then .process.user = {uid: 1000, gid: 1000} else . end" probe $serve wait
		run confined run --detach --bundle "$W/bundles/$to" "$to"
		assert_status 0
		n=$((n + 1))
	done
	for from in $services; do asks "$from" ip netns exec "$from" & done
	asks host &
	wait
	cat "$W"/asked.* | sort >"$W/passed"
	printf '%s\n' 'app>cache:6379' 'app>db:5432' 'host>web:80' 'web>app:8000' |
		awk '{ print $0 " v4"; print $0 " v6" }' | sort >"$W/wanted"
	assert_file_is "$W/passed" "$W/wanted"
}

# asks FROM [COMMAND...]: every port of every service, over IPv4 and IPv6; what answered.
asks() {
	local from=$1 n=2 to port
	shift

	for to in $services; do
		for port in $ports; do
			[ "$to" != "$from" ] || continue
			! "$@" "$probe" tcp "10.7.0.$n" "$port" | grep -q ': ok' || echo "$from>$to:$port v4"
			! "$@" "$probe" tcp "fd07::$n" "$port" | grep -q ': ok' || echo "$from>$to:$port v6"
		done
		n=$((n + 1))
	done >"$W/asked.$from"
}

# What podman says of an image, and of a container with the labels that podman-compose gives; and
# the profile finds it.
podmans() {
	RUNTIME=crun library
	journal_start
	podman_setup
	sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
	generate --quiet --compose "$top/tests/golden/generate/shop/compose.yaml" --output "$W/library" --replace
	assert_status 0
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	tar -C "$T/rootfs" -c . | podman import -q --change 'ENV PG_VERSION=16' --change 'ENV PG_MAJOR=16' \
		--change 'EXPOSE 5432' --change 'USER 70' --change 'CMD ["postgres"]' - registry.example.com/db:16
	podman image inspect registry.example.com/db:16 >"$W/inspected.json"
	generate --json --image-config "$W/inspected.json"
	assert_status 0
	assert_json "$W/out" '.profiles[0] | .model == "postgres" and .points >= 40 and (.profile
		| .match.image == ["registry.example.com/db"] and .capabilities.allow == []
		and .admission.deny == ["devices", "rootUser"])'
	run podman run -d --name shop_db_1 --label com.docker.compose.project=shop \
		--label com.docker.compose.service=db --label io.podman.compose.project=shop \
		registry.example.com/db:16 probe serve 5432 -- mkdir /x -- mkdir /tmp/x -- status -- wait
	assert_status 0
	run coaming ps --json
	assert_json "$W/out" '.containers[0].profiles | index("shop-db") and index("syscalls-service")'
	wait_for 8 'its output' sh -c 'podman logs shop_db_1 2>&1 | grep -q "mkdir /tmp/x"'
	podman logs shop_db_1 >"$W/logs" 2>&1
	assert_has "$W/logs" 'mkdir /x: EROFS'
	assert_has "$W/logs" 'mkdir /tmp/x: ok'
	generate --json --container shop_db_1
	assert_status 0
	assert_json "$W/out" '.profiles[0] | .model == "postgres" and .image == "registry.example.com/db:16"
		and .profile.match.labelSelector.matchLabels
			== {"com.docker.compose.project": "shop", "com.docker.compose.service": "db"}'
	run podman rm -f -t 0 shop_db_1
	assert_clean
}

# On a network of an engine, where names are those of containers: the profiles let names through, and
# who is named.
names_of() { # ENGINE
	local engine=$1 network=(--network shop --label com.docker.compose.project=t)

	RUNTIME=crun library
	journal_start
	compose 'name: t' 'services:' '  app: {image: x, environment: {DB_HOST: db}}' '  db: {image: postgres}' \
		'  other: {image: x, environment: {API_URL: "https://api.example.com"}}'
	generate --quiet --compose "$W/compose.yaml" --output "$W/library"
	assert_status 0
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	"$engine"_with_coaming
	"$engine" network create --subnet 10.77.0.0/24 shop
	run "$engine" run -d --name db "${network[@]}" --label com.docker.compose.service=db busybox \
		probe serve 5432 -- wait
	assert_status 0
	for from in app other; do
		"$engine" run --name "$from" "${network[@]}" --label "com.docker.compose.service=$from" busybox \
			sh -c 'nc -w 2 db 5432 </dev/null; echo "$?"' >"$W/$from" 2>&1 </dev/null || true
	done
	head "$W/app" "$W/other"
	assert_has "$W/app" open
	assert_has_not "$W/other" open
	# It was refused by the profile, not for want of the name.
	assert_has "$W/other" 'timed out'
	"$engine" image inspect busybox >"$W/inspected.json"
	generate --json --image-config "$W/inspected.json"
	assert_status 0
	assert_json "$W/out" '.profiles[0].profile.match.image[0] | test("/busybox$")'
	generate --json --container db
	assert_status 0
	assert_json "$W/out" '.profiles[0].profile.match.labelSelector.matchLabels
		== {"com.docker.compose.project": "t", "com.docker.compose.service": "db"}'
	run "$engine" rm -f db app other
	assert_status 0
	assert_clean
}

podman_with_coaming() {
	podman_setup
	sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
}

dock_with_coaming() {
	command -v dockerd >/dev/null || skip_check 'dockerd is not there'
	dockerd_start "$(jq -n --arg path "$B/coaming-runtime" '{"default-runtime": "coaming",
		runtimes: {coaming: {path: $path}}}')"
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | dock import - busybox >/dev/null
}

# --- wrong input: each its sentence ---------------------------------------------------------------

says() { # SENTENCE OPTION FILE_TEXT
	printf '%b' "$3" >"$W/in"
	generate "--$2" "$W/in"
	assert_status 2
	sed "s,$W/,," "$W/err" >"$W/sentence"
	assert_eq "$(cat "$W/sentence")" "coaming: generate: $1" "what is said of $3"
}

# shellcheck disable=SC2016  # for compose
bad_compose() {
	says 'in: nothing is in it' compose ''
	says 'in:1:1: no compose file: it needs "services"' compose 'version: 3\n'
	says 'in:1:1: expected an object, not an array' compose '- a\n'
	says 'in:1:11: "services": expected an object, not an array' compose 'services: [a]\n'
	says 'in:1:11: "services": expected at least one service' compose 'services: {}\n'
	says 'in:1:15: "a": expected an object, not a string' compose 'services: {a: x}\n'
	says 'in:2:1: key "services" stands twice in one object' compose \
		'services: {a: {}, b: {}}\nservices: {}\n'
	says 'in:3:1: a second document begins here' compose 'services: {a: {}}\n---\nb: c\n'
	says 'in:1:26: key "image" stands twice in one object' compose \
		'services: {a: {image: x, image: y}}\n'
	says 'in:2:5: "a": expected an object, not null' compose 'services:\n  a:\n  image: x\n'
	says 'in:2:1: while parsing a flow node: did not find expected node content' compose \
		'services: {a: [\n'
	says 'in:1:23: there is no anchor "x" before this alias' compose 'services: {a: {image: *x}}\n'
	says 'in:1:23: the tag "!reset" is not known here' compose 'services: {a: {image: !reset null}}\n'
	says 'in:1:23: "image": expected a text' compose 'services: {a: {image: [x]}}\n'
	says 'in:1:16: "extends" is for compose to resolve: give what docker compose config prints' compose \
		'services: {a: {extends: b}}\n'
	says 'in:1:1: "include" is for compose to resolve: give what docker compose config prints' compose \
		'include: [a]\nservices: {a: {}}\n'
	says 'in:2:28: "1:80x" is no port: such as 80, 8080:80 or 127.0.0.1:53:53/udp' compose \
		'name: t\nservices: {a: {ports: [80, "1:80x"]}}\n'
	says 'in:2:23: "ports": expected a list of ports' compose \
		'name: t\nservices: {a: {ports: {80: 80}}}\n'
	says 'in:2:24: "${P}:${Q}" is no port: such as 80, 8080:80 or 127.0.0.1:53:53/udp' compose \
		'name: t\nservices: {a: {ports: ["${P}:${Q}"]}}\n'
	says 'in:2:24: "${P:80" has a "${" without its end' compose \
		'name: t\nservices: {a: {ports: ["${P:80"]}}\n'
	says 'in:2:24: a port needs "target"' compose \
		'name: t\nservices: {a: {ports: [{published: 80}]}}\n'
	says 'in:2:24: "80-70" is no port: such as 80, 8080:80 or 127.0.0.1:53:53/udp' compose \
		'name: t\nservices: {a: {ports: ["80-70"]}}\n'
	says 'in:2:25: "70000" is no port: such as 80 or 53/udp' compose \
		'name: t\nservices: {a: {expose: [70000]}}\n'
	says 'in:2:29: "environment": expected a map, or a list of "KEY=value"' compose \
		'name: t\nservices: {a: {environment: x}}\n'
	says 'in:2:33: "A": expected a text' compose 'name: t\nservices: {a: {environment: {A: [x]}}}\n'
	says 'in:2:25: expected a text' compose 'name: t\nservices: {a: {labels: [[a]]}}\n'
	says 'in:2:29: there is no service "b"' compose 'name: t\nservices: {a: {depends_on: [b]}}\n'
	says 'in:2:28: "depends_on": expected services' compose 'name: t\nservices: {a: {depends_on: b}}\n'
	says 'in:2:24: there is no service "b"' compose 'name: t\nservices: {a: {links: [b:c]}}\n'
	says 'in:2:30: there is no service "b"' compose \
		'name: t\nservices: {a: {network_mode: "service:b"}}\n'
	says 'in:2:30: "network_mode": expected a service with a network of its own' compose \
		'name: t\nservices: {a: {network_mode: "service:a"}}\n'
	says 'in:2:26: unknown capability "NET_ADMEN"' compose \
		'name: t\nservices: {a: {cap_add: [NET_ADMEN]}}\n'
	says 'in:2:27: "mem_limit": expected a size such as 512m, and 6m at least' compose \
		'name: t\nservices: {a: {mem_limit: lots}}\n'
	says 'in:2:28: "pids_limit": expected a number of processes' compose \
		'name: t\nservices: {a: {pids_limit: many}}\n'
	says 'in:2:27: "read_only": expected true or false' compose \
		'name: t\nservices: {a: {read_only: 5}}\n'
	says 'in:2:24: "/x:size=big" has no size of compose'\''s: such as 64m' compose \
		'name: t\nservices: {a: {tmpfs: ["/x:size=big"]}}\n'
	says 'in:2:25: "volumes": expected a list of volumes' compose \
		'name: t\nservices: {a: {volumes: {a: b}}}\n'
	says 'in:2:26: a volume needs "target"' compose \
		'name: t\nservices: {a: {volumes: [{type: tmpfs}]}}\n'
	says 'the project has no name: give it with --name' compose 'name: "--"\nservices: {a: {}}\n'
	says 'in:1:1: while scanning for the next token: found character that cannot start any token' compose \
		'\tservices: a\n'
	says 'in:1:4: not UTF-8' compose 'a: \xff\n'
}

bad_documents() {
	says 'in:1:2: a key in quotes is expected here' image-config '{'
	says 'in:1:1: no image'\''s config: it needs "config"' image-config '{}'
	says 'in:1:1: a list of 0 images: give one' image-config '[]'
	says 'in:1:1: a list of 2 images: give one' image-config '[{"Config": {}}, {"Config": {}}]'
	says 'in:1:1: no image'\''s config: it needs "config"' image-config '{"config": []}'
	says 'in:1:28: an element of "Env": expected a string, not a number' image-config \
		'{"config": {"Env": ["A=b", 5]}}'
	says 'in:1:30: "http" is no port: such as 80/tcp' image-config \
		'{"config": {"ExposedPorts": {"http": {}}}}'
	says 'in:1:29: "ExposedPorts": expected an object, not an array' image-config \
		'{"config": {"ExposedPorts": ["80"]}}'
	says 'in:1:29: "a": expected a string, not a number' image-config \
		'{"config": {"Labels": {"a": 1}}}'
	says 'in:1:21: "User": expected a string, not a number' image-config '{"config": {"User": 5}}'
	says 'in:1:16: key "config" stands twice in one object' image-config '{"config": {}, "config": {}}'
	says 'in:1:1: this is a container'\''s config.json: give it to --config-json' image-config \
		'{"ociVersion": "1.0.2", "process": {}}'
	says 'in:1:2: this is a container'\''s: inspect its image instead' image-config \
		'[{"State": {}, "HostConfig": {}, "Config": {}}]'
	says 'in:1:1: no config.json of a container: it needs "process"' config-json '{"config": {}}'
	says 'in:1:13: "process": expected an object, not an array' config-json '{"process": []}'
	says 'in:1:22: "args": expected an array, not a string' config-json '{"process": {"args": "x"}}'
	says 'in:1:59: unknown capability "CAP_X"' config-json \
		'{"process": {"args": ["x"], "capabilities": {"bounding": ["CAP_X"]}}}'
	says 'in:1:41: a mount needs "destination"' config-json \
		'{"process": {"args": ["x"]}, "mounts": [{}]}'
	says 'in:1:51: "readonly": expected true or false, not a number' config-json \
		'{"process": {"args": ["x"]}, "root": {"readonly": 1}}'
	says 'in:1:51: "a": expected a string, not a number' config-json \
		'{"process": {"args": ["x"]}, "annotations": {"a": 5}}'
}

bad_options() {
	local sentence words

	while IFS='|' read -r words sentence; do
		# shellcheck disable=SC2086  # words
		generate $words
		assert_status 2
		assert_eq "$(cat "$W/err")" "coaming: generate: $sentence" "what is said of $words"
	done <<-END
		|give one of --image-config, --config-json, --container and --compose
		--compose x --image-config y|give one of --image-config, --config-json, --container and --compose
		--compose $top/tests/golden/generate/shop/compose.yaml|these are 5 profiles: say where to with --output, or --json
		--compose x --image y|--image is for --image-config and --config-json: here it is known
		--compose x --model nginx|--model is for one container
		--image-config x --model ngnix|there is no model "ngnix" (did you mean nginx?)
		--image-config x --name A_b|--name "A_b" is no profile's name
		--compose /nowhere|cannot open "/nowhere": No such file or directory
		--container nosuch|no container "nosuch" is known that runs (see coaming ps)
		--container a --container b --name x|--name is for one container, or for a project
		--model nginx --list-model|unknown option "--list-model" (did you mean --list-models?)
		--image-config x y|"y" is one word too many
	END
	run coaming generate --models /nowhere --list-models
	assert_has "$W/err" 'no model is in "/nowhere"'
}

# --- real programs -------------------------------------------------------------------------------

# As in programs.sh: the tree under an overlay, joined to a network namespace with a veth.
root() { # NAME
	[ -x "$tree/usr/sbin/nginx" ] || skip_check "debootstrap made no root file system"
	root=$W/bundles/$1/rootfs
	mkdir -p "$root" "$W/upper.$1" "$W/work.$1"
	mount -t overlay -o "lowerdir=$tree,upperdir=$W/upper.$1,workdir=$W/work.$1" overlay "$root"
	cp "$probe" "$root/usr/bin/probe"
}

# The library and what was generated for c1 (from its config.json, and MODEL's image).
confined_by() { # NAME
	local name=$1

	library
	generate --name "$name" --output "$W/generated" --config-json "$W/bundles/c1/config.json"
	assert_status 0
	cp "$W/generated/$name.json" "$W/library/"
	run coaming check --strict "$W/generated/$name.json"
	assert_status 0
	confined run --detach --bundle "$W/bundles/c1" c1 >"$W/program" 2>&1 </dev/null ||
		fail "does not start: $(tail -n 1 "$W/program")"
	# Under runc and crun, who executes is root unless it is said.
	run confined exec --user "$(jq -r '.process.user | "\(.uid):\(.gid)"' "$W/bundles/c1/config.json")" \
		c1 probe mkdir /etc/x -- mkdir /srv/x -- ptrace -- mount -- tcp 10.9.0.1 22 -- status
	cp "$W/out" "$W/inside"
	assert_has "$W/inside" 'mkdir /etc/x: EROFS'
	assert_has "$W/inside" 'ptrace: EPERM'
	assert_has "$W/inside" 'mount: EPERM'
	assert_matches "$W/inside" '^tcp 10.9.0.1 22: E'
	assert_eq "$(field "$W/inside" Seccomp)" 2 Seccomp
}

answers() { # TEXT COMMAND...
	local text=$1 end=$((SECONDS + 30))
	shift

	until timeout 5 "$@" 2>&1 </dev/null | grep -qF -- "$text"; do
		[ "$SECONDS" -lt "$end" ] || { tail "$W/program"; fail "not '$text' from $*"; }
		sleep 0.1
	done
}

gets() { # PORT TEXT [PATH]
	# shellcheck disable=SC2016  # for that shell
	answers "$2" bash -c 'exec 3<>"/dev/tcp/10.9.0.2/$1" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 && cat <&3' - "$1" "${3:-/}"
}

ends() {
	run confined delete --force c1
	assert_status 0
	assert_clean
}

# The labels by which a profile finds its container.
app() {
	echo ".annotations[\"io.coaming.app\"] = \"$1\" | $(netns_path "/run/netns/c$seq")"
}

# nginx_root [LOCATION]: as in its image; logs go to the standard output.
nginx_root() {
	ln -sf /dev/stdout "$root/var/log/nginx/access.log"
	ln -sf /dev/stderr "$root/var/log/nginx/error.log"
	mkdir -p "$root/var/cache/nginx" "$root/srv/www"
	echo 'from nginx' >"$root/srv/www/index.html"
	cat >"$root/etc/nginx/nginx.conf" <<-'END'
		user www-data;
		worker_processes 2;
		pid /run/nginx.pid;
		error_log /var/log/nginx/error.log notice;
		events { worker_connections 64; }
		http {
			access_log /var/log/nginx/access.log;
			client_body_temp_path /var/cache/nginx/body;
			proxy_temp_path /var/cache/nginx/proxy;
			fastcgi_temp_path /var/cache/nginx/fastcgi;
			uwsgi_temp_path /var/cache/nginx/uwsgi;
			scgi_temp_path /var/cache/nginx/scgi;
			server { listen 80; root /srv/www; LOCATION }
		}
	END
	sed -i "s|LOCATION|${1:-}|" "$root/etc/nginx/nginx.conf"
}

nginx() {
	veth
	root c1
	nginx_root
	bundle_config c1 "$(app site)" nginx -g 'daemon off;'
	confined_by site
	gets 80 'from nginx'
	assert_eq "$(field "$W/inside" CapBnd)" \
		"$(cap_mask CHOWN DAC_OVERRIDE KILL NET_BIND_SERVICE SETGID SETUID)" CapBnd
	ends
}

redis_root() {
	printf '%s\n' 'set -e' 'cd /data' "find . ! -user redis -exec chown redis '{}' +" \
		'exec setpriv --reuid=redis --regid=redis --clear-groups redis-server --bind 0.0.0.0 --protected-mode no --dir /data' \
		>"$root/usr/bin/redis-start"
}

redis() {
	veth
	root c1
	redis_root
	mkdir "$W/data"
	bundle_config c1 "$(app store) | .mounts += [{destination: \"/data\", type: \"bind\",
		source: \"$W/data\", options: [\"bind\", \"rw\"]}]" sh /usr/bin/redis-start redis-server
	confined_by store
	answers OK chroot "$tree" redis-cli -h 10.9.0.2 set answer 42
	answers 42 chroot "$tree" redis-cli -h 10.9.0.2 get answer
	answers OK chroot "$tree" redis-cli -h 10.9.0.2 save
	[ -s "$W/data/dump.rdb" ] || fail 'nothing was saved on the volume'
	assert_eq "$(field "$W/inside" CapBnd)" "$(cap_mask CHOWN DAC_OVERRIDE SETGID SETUID)" CapBnd
	ends
}

bin=/usr/lib/postgresql/15/bin
postgres_root() {
	cat >"$root/usr/bin/postgres-start" <<-END
		set -e
		mkdir -p /run/postgresql
		chown postgres /var/lib/postgresql/data /run/postgresql
		chmod 0700 /var/lib/postgresql/data
		drop='setpriv --reuid=postgres --regid=postgres --init-groups'
		\$drop $bin/initdb -N -A trust -D /var/lib/postgresql/data
		echo 'host all all 10.0.0.0/8 trust' >>/var/lib/postgresql/data/pg_hba.conf
		exec \$drop $bin/postgres -D /var/lib/postgresql/data -c 'listen_addresses=*'
	END
	mkdir -p "$root/var/lib/postgresql/data"
}

postgres() {
	veth
	root c1
	postgres_root
	mkdir "$W/data"
	bundle_config c1 "$(app pg) | .mounts += [{destination: \"/var/lib/postgresql/data\", type: \"bind\",
		source: \"$W/data\", options: [\"bind\", \"rw\"]}]" sh /usr/bin/postgres-start postgres
	confined_by pg
	answers 42 chroot "$tree" $bin/psql -h 10.9.0.2 -U postgres -Atc 'select 42'
	assert_eq "$(field "$W/inside" CapBnd)" \
		"$(cap_mask CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID)" CapBnd
	ends
}

python() {
	veth
	root c1
	bundle_config c1 "$(app py) | .process.env += [\"PYTHON_VERSION=3.11\", \"PORT=8000\"] |
		.process.user = {uid: 1000, gid: 1000}" python3 -m http.server 8000 --directory /tmp
	confined_by py
	assert_json "$W/library/py.json" '.capabilities.allow == [] and .extends == ["syscalls-program"]
		and (.network.ingress | length == 1 and .[0].ports == [{protocol: "TCP", port: 8000}])'
	gets 8000 '200 OK'
	assert_eq "$(field "$W/inside" CapBnd)" "$(cap_mask)" CapBnd
	ends
}

# Three tiers: nginx before a Python program, which asks PostgreSQL and Redis. What the compose file
# says is all that the profiles are made of.
app_root() {
	cat >"$root/srv/app.py" <<-END
		import http.server, os, socket, subprocess
		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        n = subprocess.run(["$bin/psql", os.environ["DATABASE_URL"], "-Atc", "select 6 * 7"],
		                           capture_output=True, text=True).stdout.strip()
		        with socket.create_connection((os.environ["REDIS_HOST"], 6379)) as cache:
		            cache.sendall(b"PING\\r\\n")
		            pong = cache.recv(100).decode().strip()
		        self.send_response(200)
		        self.end_headers()
		        self.wfile.write(f"{n} {pong}".encode())
		http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
	END
}

tier() { # NAME N JQ_EDIT ARG...
	local name=$1 n=$2 edit=$3
	shift 3

	printf '%s\n' '127.0.0.1 localhost' '10.7.0.2 web' '10.7.0.3 app' '10.7.0.4 db' '10.7.0.5 cache' \
		>"$root/etc/hosts"
	net "$name" "$n"
	bundle_config "$name" ".annotations = {\"com.docker.compose.project\": \"tiers\",
		\"com.docker.compose.service\": \"$name\"} | $(netns_path "/run/netns/$name") | $edit" "$@"
	confined run --detach --bundle "$W/bundles/$name" "$name" >"$W/program" 2>&1 </dev/null ||
		fail "$name does not start: $(tail -n 1 "$W/program")"
}

mounted() { # SOURCE DESTINATION
	mkdir -p "$1"
	echo ".mounts += [{destination: \"$2\", type: \"bind\", source: \"$1\", options: [\"bind\", \"rw\"]}]"
}

three_tiers() {
	library
	cat >"$W/compose.yaml" <<-'END'
		name: tiers
		services:
		  web: {image: "nginx:1.27", ports: ["8080:80"], environment: {UPSTREAM: "app:8000"}, networks: [front]}
		  app:
		    image: example.com/app
		    command: python3 /srv/app.py
		    user: "1000:1000"
		    environment: {PORT: 8000, DATABASE_URL: "postgres://postgres@db/postgres", REDIS_HOST: cache}
		    networks: [front, back]
		  db: {image: "postgres:15", volumes: ["data:/var/lib/postgresql/data"], networks: [back]}
		  cache: {image: "redis:7", volumes: ["cache:/data"], networks: [back]}
	END
	generate --quiet --compose "$W/compose.yaml" --output "$W/library" --replace
	assert_status 0
	bridge
	root db && postgres_root
	tier db 4 "$(mounted "$W/data" /var/lib/postgresql/data)" sh /usr/bin/postgres-start
	root cache && redis_root
	tier cache 5 "$(mounted "$W/cache" /data)" sh /usr/bin/redis-start
	root app && app_root
	tier app 3 '.process.user = {uid: 1000, gid: 1000} | .process.env += ["PORT=8000",
		"DATABASE_URL=postgres://postgres@db/postgres", "REDIS_HOST=cache"]' python3 /srv/app.py
	root web && nginx_root 'location /app { proxy_pass http://app:8000/; }'
	tier web 2 . nginx -g 'daemon off;'
	answers '42 +PONG' bash -c 'exec 3<>/dev/tcp/10.7.0.2/80 && printf "GET /app HTTP/1.0\r\n\r\n" >&3 && cat <&3'
	# And nothing else: each is there, and takes the connections of those who may.
	connects yes web app 8000
	connects yes app db 5432
	connects yes app cache 6379
	connects yes host web 80
	for pair in 'web db 5432' 'web cache 6379' 'cache db 5432' 'db cache 6379' 'db app 8000' 'cache web 80' \
		'app web 80' 'host app 8000' 'host db 5432' 'host cache 6379'; do
		# shellcheck disable=SC2086  # words
		connects no $pair
	done
}

# None of the programs speaks first: a connection is one on which nothing comes (EAGAIN).
connects() { # yes|no FROM TO PORT
	local number wanted=EINPROGRESS

	number=$(awk -v name="$3" '$2 == name { print $1 }' "$root/etc/hosts")
	[ "$1" = no ] || wanted=EAGAIN
	if [ "$2" = host ]; then
		run "$probe" tcp "$number" "$4"
	else
		run ip netns exec "$2" "$probe" tcp "$number" "$4"
	fi
	assert_eq "$(cat "$W/out")" "tcp $number $4: $wanted" "$2 to $3"
}

node() {
	veth
	root c1
	cat >"$root/usr/share/server.js" <<-'END'
		const { Worker } = require("worker_threads"), http = require("http"), fs = require("fs");
		http.createServer((request, response) => {
			const thread = new Worker('require("worker_threads").parentPort.postMessage(6 * 7)', { eval: true });
			thread.on("message", (n) => { fs.writeFileSync("/tmp/n", "" + n); response.end("says " + n); });
		}).listen(3000);
	END
	bundle_config c1 "$(app js) | .process.env += [\"NODE_ENV=production\", \"PORT=3000\"] |
		.process.user = {uid: 1000, gid: 1000}" node /usr/share/server.js
	confined_by js
	gets 3000 'says 42'
	assert_json "$W/library/js.json" '.extends == ["syscalls-program"] and .capabilities.allow == []'
	ends
}

haproxy() {
	veth
	root c1
	cat >"$root/etc/haproxy/haproxy.cfg" <<-'END'
		global
			log stdout format raw local0
			user haproxy
			group haproxy
			chroot /var/lib/haproxy
		defaults
			mode http
			timeout connect 1s
			timeout client 5s
			timeout server 5s
		frontend statistics
			bind *:8404
			stats enable
			stats uri /
	END
	bundle_config c1 "$(app lb)" haproxy -W -db -f /etc/haproxy/haproxy.cfg
	confined_by lb
	gets 8404 'Statistics Report'
	ends
}

node_exporter() {
	veth
	root c1
	bundle_config c1 "$(app ne) | .process.user = {uid: 65534, gid: 65534}" \
		prometheus-node-exporter --web.listen-address=:9100
	confined_by ne
	gets 9100 'node_load1 ' /metrics
	assert_json "$W/library/ne.json" '.network.egress == [] and .extends == ["syscalls-service"]'
	ends
}

check 'every model is right by schema and parser' models_are_valid
check 'every function that is talked to is some model'"'"'s' functions_exist
check 'every model is recognised from the config of an image of its kind' models_are_recognised
check 'images are known by their names, and clients are not taken for servers' names_and_clients
check 'what is made of each passes coaming check --strict' profiles_are_right
check 'a bad model is refused with its sentence' bad_models
check 'a model of the user takes the place of one that ships' override
check 'an image is read as the OCI has it, and as docker and podman print it' image_forms
check 'of an unknown image little is taken, and guesses are named' unknown_image
check 'a container is read from its config.json' config_json
check 'of containers that run a set is made' containers
check 'a compose file of three tiers becomes the set that is in the tree' golden
check 'under the set exactly what it says gets through, IPv4 and IPv6' set_in_force
check 'what podman says of images and containers is read, and profiles find their containers' podmans
check 'names of a network of podman are asked for, and who is named is reached' names_of podman
check 'names of a network of Docker are asked for, and who is named is reached' names_of dock
check 'who talks to whom is seen in addresses, links and dependencies' who_talks
check 'where a program is told to listen it is reached' told_to_listen
check 'services that share no network have no rule' networks_apart
check 'a service in the network of another is a part of it' shared_network
check 'between data classes there is no rule' classes_apart
check 'ports, limits, capabilities and files are taken from the compose file' details
check 'what docker compose config prints is read, as YAML and as JSON' resolved
check 'what is not known is not taken for something' odds
check 'two services of one name are refused' names_collide
check 'all profiles are written, or none' all_or_none
check 'a name that is taken is told of' name_is_taken
check 'no value of an environment is shown' secrets_stay
check 'wrong compose files are refused with a sentence' bad_compose
check 'wrong images and containers are refused with a sentence' bad_documents
check 'wrong use is refused with a sentence' bad_options
for RUNTIME in crun runc; do
	check "nginx runs under the profile that is made for it, $RUNTIME" nginx
	check "Redis runs under the profile that is made for it, $RUNTIME" redis
	check "PostgreSQL runs under the profile that is made for it, $RUNTIME" postgres
	check "a Python program runs under the profile that is made for it, $RUNTIME" python
	check "an application of three tiers works under what its compose file becomes, $RUNTIME" three_tiers
	check "a program of Node runs under the profile that is made for it, $RUNTIME" node
	check "HAProxy runs under the profile that is made for it, $RUNTIME" haproxy
	check "the node exporter runs under the profile that is made for it, $RUNTIME" node_exporter
done
finish
