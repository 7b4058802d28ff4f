/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile: the whole data model on one page. "Absent" is always distinct from "empty".
 */
#ifndef COAMING_PROFILES_PROFILE_H
#define COAMING_PROFILES_PROFILE_H

#include "profiles/filter.h"
#include "profiles/match.h"
#include "profiles/peer.h"

#define PROFILE_NAME_MAX    63 /* as a DNS label: [a-z0-9]([-a-z0-9]*[a-z0-9])? */
#define PROFILE_MAX_BYTES   ((size_t)1 << 20)
#define PROFILE_DIGEST_SIZE 65 /* SHA-256 in hex and NUL */

enum mode { MODE_ENFORCE, MODE_AUDIT };

struct writable {
	char *path;          /* absolute, normalised, not / */
	uint64_t size_bytes; /* 0: no limit given */
};

/*
 * Every section has a mode: its own, or the profile's where it says none.
 */
struct rootfs_section {
	bool present;
	enum mode mode;
	bool read_only;
	struct writable *writable;
	size_t n_writable;
};

struct capability_section {
	bool present;
	enum mode mode;
	uint64_t allowed; /* bit CAP_x set: may be kept */
};

struct seccomp_section {
	bool present;
	enum mode mode;
	struct filter *filters; /* `file`, `allow`, `deny`, each as one filter: all apply */
	size_t n_filters;
	char file_digest[PROFILE_DIGEST_SIZE]; /* of `file`; "" where none is named */
};

enum protocol { PROTOCOL_ANY, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };

struct port {
	enum protocol protocol; /* NetworkPolicy's default is TCP */
	bool any;               /* no `port` given: every port of the protocol */
	uint16_t first, last;   /* `port`, `endPort` */
};

struct cidr {
	bool v6;
	uint8_t address[16]; /* network order; host bits zero */
	uint8_t prefix_len;
};

enum peer_kind {
	PEER_IP_BLOCK, /* cidr, except */
	PEER_LABELS,   /* containers of this host */
	PEER_ZONE,     /* one of the host configuration's "zones" */
};

struct peer {
	enum peer_kind kind;
	struct cidr cidr;
	struct cidr *except;
	size_t n_except;
	struct peer_selector selector;
	char *zone;
};

struct network_rule {
	struct peer *peers; /* none: anybody */
	size_t n_peers;
	struct port *ports; /* none: every protocol and port */
	size_t n_ports;
};

struct direction {
	bool present; /* absent: not constrained; present and empty: nothing passes */
	struct network_rule *rules;
	size_t n_rules;
};

struct network_section {
	bool present;
	enum mode mode;
	struct direction ingress, egress;
};

enum admission_rule {
	DENY_PRIVILEGED,
	DENY_HOST_NETWORK,
	DENY_HOST_PID,
	DENY_HOST_IPC,
	DENY_HOST_UTS,
	DENY_HOST_USER,
	DENY_ROOT_USER,
	DENY_DEVICES,
	DENY_EXEC,
	DENY_EXEC_PRIVILEGED,
	DENY_EXEC_TTY,
	ADMISSION_RULES_,
};

struct admission_section {
	bool present;
	enum mode mode;
	uint32_t denied;   /* bit per enum admission_rule */
	char **host_paths; /* prefixes of "hostPath:PATH" */
	size_t n_host_paths;
};

struct limits_section {
	bool present;
	enum mode mode;
	uint64_t pids, memory_bytes, nofile; /* 0: absent */
};

/* Keys of labels by whose values its containers are kept apart, see profiles/separate.h. */
struct separate_section {
	bool present;
	enum mode mode; /* the profile's */
	char **keys;    /* sorted, unique */
	size_t n_keys;
};

/* What `coaming attest` does of a container that was found to differ from what was admitted. */
struct attest_section {
	bool present;
	bool kills; /* "onDrift": "kill"; where several profiles apply, one that says so suffices */
};

/* A warning of `coaming check` that is not to be given, and why. */
struct silence {
	char *id;
	char *reason;
};

#define EXTENDS_MAX 16

struct profile {
	char *name;
	char *description; /* or NULL */
	char *file;        /* path it was read from */
	char digest[PROFILE_DIGEST_SIZE];
	enum mode mode; /* of the sections that have none of their own, and of what it extends */
	struct match match;
	char **extends; /* names: who gets this profile gets those too */
	size_t n_extends;
	bool selectable; /* may a label name it? */
	struct silence *silences;
	size_t n_silences;
	struct capability_section capabilities;
	struct seccomp_section seccomp;
	struct rootfs_section rootfs;
	struct network_section network;
	struct admission_section admission;
	struct limits_section limits;
	struct separate_section separate;
	struct attest_section attest;
	char **controls;
	size_t n_controls;
};

/*
 * Parse and validate one profile. A pure function of its arguments: a seccomp `file` is fetched
 * through `fetch`, which the store gives (a path relative to the profile's own directory, without
 * "..", read under the same trust rule) and which tests can give from memory.
 *
 * doc     named by its path; the profile's `name` must equal the file's stem
 * fetch   gives a parsed document for a relative path (doc_free()), or an error
 * Errors  -EBADMSG with file, line, column, the offending key and the nearest known one
 */
typedef int profile_fetch_fn(void *arg, const char *relative_path, struct doc **ret,
			     struct err *err);
int profile_parse(const struct doc *doc, profile_fetch_fn *fetch, void *arg, struct profile **ret,
		  struct err *err);
void profile_free(struct profile **profile);
#define _cleanup_profile_ _cleanup_(profile_free)

bool profile_name_is_valid(const char *name);
/* Absolute, not "/", no empty, "." or ".." component, no slash at the end. */
bool path_is_normal(const char *path);
/* May it stand in rootfs.writable? Normal, and nothing of /proc, /sys or /dev. */
bool path_is_grantable(const char *path);
const char *mode_name(enum mode mode); /* "enforce", "audit" */
/* Is there a section of this mode? With no section at all: is this the profile's mode? */
bool profile_has_mode(const struct profile *profile, enum mode mode);
/* Take away the sections of another mode: their `present` becomes false. */
void profile_keep_mode(struct profile *profile, enum mode mode);
const char *admission_rule_name(enum admission_rule rule); /* "hostNetwork"... */
/* "1.5G" style is not accepted: digits and one of K M G T (powers of 1024), or bare bytes. */
int size_parse(const char *text, uint64_t *ret_bytes);
/* The same of a document, where a number means bytes; 0 is no size. */
int size_read(const struct doc *doc, const struct node *node, uint64_t *ret, struct err *err);
/* "10.0.0.0/8", "2001:db8::/32", or one address. Host bits set, or v4-mapped: -EINVAL. */
int cidr_parse(const char *text, struct cidr *ret);
/* The same of a document. */
int cidr_read(const struct doc *doc, const struct node *node, struct cidr *ret, struct err *err);
/* Every address of `inner` is one of `outer`; the same family. */
bool cidr_contains(const struct cidr *outer, const struct cidr *inner);
/* "10.0.0.0/8"; out has CIDR_TEXT_MAX bytes. */
#define CIDR_TEXT_MAX 64
const char *cidr_format(char out[CIDR_TEXT_MAX], const struct cidr *cidr);
/* "10.0.0.0/8 without 10.1.0.0/16", "zone office", "containers with tier=web". */
void peer_describe(const struct peer *peer, struct buf *out);
/* "TCP 80, UDP 53 with zone office", "every port with anybody". */
void network_rule_describe(const struct network_rule *rule, struct buf *out);
/* Its address alone. */
const char *address_format(char out[CIDR_TEXT_MAX], const struct cidr *cidr);

#endif
