/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records N [HOSTS [CONTROLS]]: N records of decisions as journald has them, in the export format,
 * for systemd-journal-remote. Always the same for the same arguments.
 *
 * The lives of containers overlap. Of 100 starts one is refused, one would be, one is exempt, four
 * are in audit mode, two in part; most others are attested; some drift. With CONTROLS the
 * framework's prefix is another. Hashes are numbers, but PREV is HASH of the record before.
 */
#include <inttypes.h>

#include "lib/base.h"
#include "tests/unit/random.h"

#define LIVES     32 /* containers that run at a time, on each host */
#define BEGIN     (UINT64_C(1795000000) * 1000000)
#define STEP      2000000 /* microseconds between two records */
#define HOSTS_MAX 16

struct life {
	uint64_t id;
	unsigned kind; /* 0..99 */
	unsigned step;
};

struct host {
	uint64_t seq, prev;
	struct life lives[LIVES];
};

static uint64_t seed = 20261123;
static uint64_t containers, usec = BEGIN;
static const char *framework = "PCI-DSS-4.0";

static const char *const apps[] = { "web", "shop", "db", "cache", "queue", "batch", "api", "auth" };
static const char *const classes[] = { "pci", "phi", "internal", "public" };
static const char *const controls[] = { "1.2.1", "1.3.1", "1.3.2", "1.4.2",
					"2.2.4", "2.2.6", "7.2.1", "10.2.1" };

static void head(unsigned host, const struct host *h, const char *event, uint64_t hash)
{
	uint64_t sec = usec / 1000000, day = sec / 86400, in_day = sec % 86400;
	/* 1795000000 is 2026-11-18; months of 30 days would be wrong, so days are counted on. */
	uint64_t z = day + 719468, era = z / 146097, e = z % 146097;
	uint64_t y = (e - e / 1460 + e / 36524 - e / 146096) / 365;
	uint64_t in_year = e - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;

	printf("__REALTIME_TIMESTAMP=%" PRIu64 "\n__MONOTONIC_TIMESTAMP=%" PRIu64 "\n"
	       "_BOOT_ID=%032x\nCOAMING_BOOT_ID=%032x\nCOAMING_MONOTONIC_USEC=%" PRIu64 "\n",
	       usec, usec - BEGIN + 1, host + 1, host + 1, usec - BEGIN + 1);
	printf("COAMING_TIME=%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64 ":%02" PRIu64
	       ":%02" PRIu64 ".%06" PRIu64 "Z\n",
	       y + era * 400 + (m >= 10), m < 10 ? m + 3 : m - 9, in_year - (153 * m + 2) / 5 + 1,
	       in_day / 3600, in_day / 60 % 60, in_day % 60, usec % 1000000);
	printf("COAMING_SCHEMA=1\nCOAMING_VERSION=0.1.0\nCOAMING_EVENT=%s\n"
	       "COAMING_MACHINE_ID=%032x\nCOAMING_HOSTNAME=host-%u\n_MACHINE_ID=%032x\n"
	       "_HOSTNAME=host-%u\nSYSLOG_IDENTIFIER=coaming\n",
	       event, host + 0xabc, host, host + 0xabc, host);
	printf("COAMING_SEQ=%" PRIu64 "\nCOAMING_PREV=%016" PRIx64
	       "%048d\nCOAMING_KEY_EPOCH=%" PRIu64 "\nCOAMING_HASH=%016" PRIx64
	       "%048d\nCOAMING_MAC=%016" PRIx64 "%048d\n",
	       h->seq, h->prev, 0, h->seq, hash, 0, ~hash, 0);
}

static void identity(const struct life *l)
{
	printf("CONTAINER_NAME=c%" PRIu64 "\nCONTAINER_ID=%012" PRIx64 "\n"
	       "CONTAINER_ID_FULL=%012" PRIx64 "%052d\nIMAGE_NAME=docker.io/library/%s:1\n"
	       "COAMING_ENGINE=podman\nCOAMING_STAGE=create\nCOAMING_RUNTIME=/usr/bin/crun\n",
	       l->id, l->id, l->id, 0, apps[l->id % 8]);
	printf("COAMING_ACTOR_LOGINUID=1000\nCOAMING_ACTOR_UID=1000\nCOAMING_ACTOR_SESSION=3\n"
	       "COAMING_ACTOR_CHAIN=0:podman < 0:sudo < 1000:bash\n");
}

static void decided(const struct life *l, const char *state)
{
	printf("COAMING_LABEL=app=%s\nCOAMING_LABEL=io.coaming.data-class=%s\n"
	       "COAMING_LABEL=io.kubernetes.pod.uid=%016" PRIx64 "\nCOAMING_PROFILE=baseline\n"
	       "COAMING_PROFILE=%s-profile\nCOAMING_PROFILE_WHY=baseline=floor enforce 5c1d0e\n"
	       "COAMING_CHANGE=capabilities: takes CAP_NET_RAW from bounding (baseline)\n"
	       "COAMING_CHANGE=seccomp: denies ptrace (baseline)\n"
	       "COAMING_POLICY_DIGEST=%064d\nCOAMING_CONFIG_DIGEST=%016" PRIx64 "%048d\n"
	       "COAMING_BUNDLE=/var/lib/containers/storage/overlay-containers/%012" PRIx64
	       "%052d/userdata\nCOAMING_DURATION_USEC=%u\n",
	       apps[l->id % 8], classes[l->id % 4], l->id * 77, apps[l->id % 8], 7, l->id * 31, 0,
	       l->id, 0, (unsigned)(500 + l->id % 300));
	/* Of batch jobs no profile claims a control. */
	for (size_t i = 0; state && l->id % 8 != 5 && i < 8; i++)
		if (i < 4 || l->id % 4 == 0)
			printf("COAMING_CONTROL=%s:%s %s\n", framework, controls[i], state);
}

static void tail(const char *message, unsigned uid)
{
	printf("MESSAGE=%s\nPRIORITY=5\n_TRANSPORT=journal\n_UID=%u\n_GID=%u\n_PID=%u\n"
	       "_COMM=coaming-runtime\n_EXE=/usr/libexec/coaming/coaming-runtime\n"
	       "_CAP_EFFECTIVE=1ffffffffff\n_SYSTEMD_SLICE=user.slice\n"
	       "_SOURCE_REALTIME_TIMESTAMP=%" PRIu64 "\n\n",
	       message, uid, uid, (unsigned)(usec / STEP % 30000), usec - 50);
}

/* The start of a container. */
static const char *start(struct life *l)
{
	l->id = ++containers;
	l->kind = (unsigned)random_below(&seed, 100);
	l->step = 1;
	return l->kind == 0 ? "deny" : l->kind == 2 ? "exempt" : "admit";
}

static void started(const struct life *l)
{
	const char *outcome = l->kind == 0   ? "refuse"
			      : l->kind == 1 ? "would-refuse"
			      : l->kind == 2 ? "exempt"
					     : "accept";
	bool audit = l->kind == 1 || (l->kind >= 3 && l->kind < 7);

	decided(l, l->kind == 0 || l->kind == 2 ? NULL
		   : audit                      ? "audited"
		   : l->kind < 9                ? "configured in part"
						: "configured");
	printf("COAMING_OUTCOME=%s\nCOAMING_MODE=%s\n", outcome, audit ? "audit" : "enforce");
	if (l->kind < 3)
		printf("COAMING_REASON=hostPID is denied: c%" PRIu64 " asks for it\n", l->id);
}

/* What comes next in a life. */
static const char *next_event(struct life *l)
{
	if (l->step == 0)
		return start(l);
	l->step++;
	if (l->step == 2 && l->kind >= 9 && l->kind < 80)
		return "attest";
	if (l->step == 3 && l->kind == 50)
		return "drift";
	if (l->step < 4 && l->kind % 3 == 0)
		return "exec";
	l->step = 0;
	return "stop";
}

static void record(unsigned number, struct host *h)
{
	struct life *l = &h->lives[random_below(&seed, LIVES)];
	const char *event;
	uint64_t hash = random_next(&seed);

	if (l->step > 0 && (l->kind == 0))
		l->step = 0; /* a refused one does not end */
	event = next_event(l);
	h->seq++;
	head(number, h, event, hash);
	identity(l);
	if (streq(event, "admit") || streq(event, "deny") || streq(event, "exempt"))
		started(l);
	else if (streq(event, "attest") && l->id % 8 != 5)
		for (size_t i = 0; i < 3; i++)
			printf("COAMING_CONTROL=%s:%s evidenced\n", framework, controls[i]);
	tail("container: accepted under baseline, 4 restrictions", 0);
	h->prev = hash;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
	unsigned hosts = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
	struct host all[HOSTS_MAX] = { 0 };

	if (hosts == 0 || hosts > HOSTS_MAX)
		return 2;
	if (argc > 3)
		framework = argv[3];
	for (uint64_t i = 0; i < n; i++) {
		unsigned number = (unsigned)(i % hosts);

		usec += STEP;
		record(number, &all[number]);
	}
	return fflush(stdout) == 0 ? 0 : 111;
}
