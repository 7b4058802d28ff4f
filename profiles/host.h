/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's configuration, coaming.json(5).
 */
#ifndef COAMING_PROFILES_HOST_H
#define COAMING_PROFILES_HOST_H

#include "lib/keeping.h"
#include "profiles/profile.h"
#include "profiles/taxonomy.h"
#include "profiles/zone.h"

#define HOST_CONFIG_DEFAULT SYSCONFDIR "/coaming/coaming.json"

enum unknown_profile { UNKNOWN_DENY, UNKNOWN_DEFAULT };
enum unsafe_annotations { UNSAFE_DENY, UNSAFE_STRIP };

struct exemption {
	struct selector selector; /* an empty one is refused at load: it would exempt everything */
	char *reason;
};

/* What root may do for a while with `coaming break-glass`. */
struct break_glass_bounds {
	uint64_t max_minutes; /* 0: it is not to be had */
	bool floor_is_spared; /* the floor stays in its own mode */
};

/* Where an engine keeps its records, for hosts where that is not found. NULL: not said. */
struct engine_places {
	char *docker_data_root;
	char *podman_graph_root;
	char *podman_static_dir;
	char *containerd_root;
};

struct host {
	char *file;                       /* where it was read, NULL: built-in defaults */
	char digest[PROFILE_DIGEST_SIZE]; /* of the file; of "" for the defaults */
	char **profile_dirs; /* highest precedence first; default /etc, /run, /usr/share */
	size_t n_profile_dirs;
	char *state_dir;        /* /run/coaming */
	char *audit_dir;        /* /var/lib/coaming */
	struct keeping keeping; /* of the records, in audit_dir */
	char **floor;           /* profile names */
	size_t n_floor;
	char *default_profile; /* NULL: none */
	bool default_audits;   /* {"name": "baseline", "mode": "audit"} */
	enum unknown_profile unknown_profile;
	enum mode mode;          /* MODE_AUDIT overrides every profile's */
	bool audit_spares_floor; /* but the floor's: never of the file, see hooks/break_glass.h */
	struct break_glass_bounds break_glass;
	char **runtimes;
	size_t n_runtimes;
	struct exemption *exempt;
	size_t n_exempt;
	enum unsafe_annotations unsafe_annotations;
	struct engine_places engines;
	struct zones zones;
	char **separate; /* keys of labels, see profiles/separate.h; sorted, unique */
	size_t n_separate;
	char **separate_ignores; /* paths of the host that all classes may share */
	size_t n_separate_ignores;
	struct taxonomy taxonomy;
};

int host_parse(const struct doc *doc, struct host **ret, struct err *err);
/*
 * Read the host configuration. `path` NULL: HOST_CONFIG_DEFAULT, where a missing file gives the
 * built-in defaults (baseline in audit mode for unlabelled containers); a path that was named must
 * exist. A file that is there and cannot be read, trusted or parsed is always an error.
 */
int host_load(const char *path, struct host **ret, struct err *err);
/* Is what the host itself demands enforced? Not where all is only recorded. */
bool host_enforces(const struct host *host);
/* Are data classes kept apart by it, and enforced? */
bool host_separates(const struct host *host);
void host_free(struct host **host);
#define _cleanup_host_ _cleanup_(host_free)

#endif
