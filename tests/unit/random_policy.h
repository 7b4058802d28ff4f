/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated container configs and profiles: everything that a section governs, present, absent,
 * empty, at its ends.
 */
#ifndef COAMING_TESTS_RANDOM_POLICY_H
#define COAMING_TESTS_RANDOM_POLICY_H

#include "tests/unit/random_filter.h"

static inline bool one_in(uint64_t *seed, size_t n)
{
	return random_below(seed, n) == 0;
}

static const char *const random_caps[] = { "CHOWN",      "KILL",      "NET_ADMIN",
					   "NET_RAW",    "SYS_ADMIN", "SYS_PTRACE",
					   "MKNOD",      "SETUID",    "NET_BIND_SERVICE",
					   "AUDIT_WRITE" };

/* "A","B": each of the words with an even chance. */
static inline void random_words(uint64_t *seed, struct buf *out, const char *prefix,
				const char *const words[], size_t n, bool one_at_least)
{
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		if (random_below(seed, 2) && !(one_at_least && i + 1 == n && !*comma))
			continue;
		buf_addf(out, "%s\"%s%s\"", comma, prefix, words[i]);
		comma = ",";
	}
}

static inline void random_capabilities(uint64_t *seed, struct buf *out)
{
	static const char *const sets[] = { "bounding", "effective", "inheritable", "permitted",
					    "ambient" };
	const char *comma = "";

	buf_adds(out, ",\"capabilities\":{");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		if (one_in(seed, 8))
			continue;
		buf_addf(out, "%s\"%s\":[", comma, sets[i]);
		random_words(seed, out, "CAP_", random_caps, ARRAY_SIZE(random_caps), false);
		buf_addc(out, ']');
		comma = ",";
	}
	buf_addc(out, '}');
}

static const char *const random_limits[] = { "-1", "0", "1", "64", "1024", "65536", "4194304" };

static inline const char *random_limit(uint64_t *seed, size_t first)
{
	return random_limits[first + random_below(seed, ARRAY_SIZE(random_limits) - first)];
}

static inline void random_process(uint64_t *seed, struct buf *out)
{
	buf_addf(out, "\"process\":{\"user\":{\"uid\":%d,\"gid\":0},\"cwd\":\"/\"",
		 one_in(seed, 2) ? 0 : 1000);
	if (!one_in(seed, 8))
		random_capabilities(seed, out);
	if (one_in(seed, 3))
		buf_addf(out, ",\"noNewPrivileges\":%s", one_in(seed, 2) ? "true" : "false");
	if (one_in(seed, 2))
		buf_addf(out,
			 ",\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0},"
			 "{\"type\":\"RLIMIT_NOFILE\",\"soft\":%s,\"hard\":%s}]",
			 random_limit(seed, 1),
			 one_in(seed, 3) ? "18446744073709551615" : random_limit(seed, 2));
	buf_addc(out, '}');
}

static inline void random_mounts(uint64_t *seed, struct buf *out)
{
	static const char *const mounts[] = {
		"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}",
		"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}",
		"{\"destination\":\"/var/lib/data\",\"type\":\"bind\",\"source\":\"/srv/data\","
		"\"options\":[\"rbind\",\"rw\"]}",
		"{\"destination\":\"/run/docker.sock\",\"type\":\"bind\",\"source\":"
		"\"/var/run/docker.sock\",\"options\":[\"bind\"]}",
	};
	const char *comma = "";

	buf_adds(out, ",\"mounts\":[");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (one_in(seed, 2))
			continue;
		buf_addf(out, "%s%s", comma, mounts[i]);
		comma = ",";
	}
	buf_addc(out, ']');
}

static inline void random_resources(uint64_t *seed, struct buf *out)
{
	buf_adds(out, ",\"resources\":{\"cpu\":{\"shares\":1024}");
	if (one_in(seed, 2))
		buf_addf(out, ",\"pids\":{\"limit\":%s}", random_limit(seed, 0));
	if (one_in(seed, 2))
		buf_addf(out, ",\"memory\":{\"swap\":-1,\"limit\":%s}", random_limit(seed, 0));
	if (one_in(seed, 4))
		buf_addf(out, ",\"unified\":{\"pids.max\":\"%s\",\"memory.high\":\"max\"}",
			 one_in(seed, 2) ? "max" : random_limit(seed, 2));
	buf_addc(out, '}');
}

static inline void random_config(uint64_t *seed, struct buf *out)
{
	static const char *const namespaces[] = { "network", "pid", "ipc", "uts", "mount", "user" };
	const char *comma = "";

	buf_adds(out, "{\"ociVersion\":\"a\",");
	random_process(seed, out);
	buf_addf(out, ",\"root\":{\"path\":\"rootfs\"%s}",
		 one_in(seed, 3)   ? ",\"readonly\":true"
		 : one_in(seed, 2) ? ",\"readonly\":false"
				   : "");
	if (!one_in(seed, 4))
		random_mounts(seed, out);
	buf_adds(out, ",\"linux\":{\"namespaces\":[");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		if (one_in(seed, 6))
			continue;
		buf_addf(out, "%s{\"type\":\"%s\"}", comma, namespaces[i]);
		comma = ",";
	}
	buf_adds(out, "]");
	if (one_in(seed, 2))
		random_resources(seed, out);
	if (!one_in(seed, 3)) {
		buf_adds(out, ",\"seccomp\":");
		random_filter(seed, out, one_in(seed, 2) ? 4 : ARRAY_SIZE(random_calls));
	}
	if (one_in(seed, 2))
		buf_adds(out, ",\"maskedPaths\":[\"/proc/kcore\"]");
	buf_adds(out, "},\"annotations\":{\"Root\":\"x\",\"a\":\"y\"}}");
}

/* `file`: the profile has a seccomp file, which its fetch function gives. */
static inline void random_profile(uint64_t *seed, struct buf *out, const char *name, bool file)
{
	static const char *const paths[] = { "/tmp", "/run", "/var", "/var/lib", "/srv" };
	static const char *const admission[] = { "privileged", "hostNetwork", "hostPID",
						 "rootUser",   "devices",     "hostPath:/var/run" };

	buf_addf(out, "{\"name\":\"%s\"", name);
	if (!one_in(seed, 3)) {
		buf_addf(out, ",\"capabilities\":{\"%s\":[", one_in(seed, 2) ? "allow" : "deny");
		random_words(seed, out, "", random_caps, ARRAY_SIZE(random_caps), false);
		buf_adds(out, "]}");
	}
	if (file) {
		buf_adds(out, ",\"seccomp\":{\"file\":\"seccomp.json\"}");
	} else if (one_in(seed, 2)) {
		bool allow = one_in(seed, 2);

		buf_addf(out, ",\"seccomp\":{\"%s\":[%s", allow ? "allow" : "deny",
			 allow ? "\"execve\",\"exit_group\"," : "");
		random_words(seed, out, "", random_calls, 13, true);
		buf_adds(out, "]}");
	}
	if (one_in(seed, 2)) {
		const char *comma = "";

		buf_adds(out, ",\"rootfs\":{\"readOnly\":true,\"writable\":[");
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
			if (one_in(seed, 2))
				continue;
			buf_addf(out, "%s{\"path\":\"%s\"%s}", comma, paths[i],
				 one_in(seed, 2) ? ",\"size\":\"16M\"" : "");
			comma = ",";
		}
		buf_adds(out, "]}");
	}
	if (one_in(seed, 3))
		buf_addf(out, ",\"network\":{\"%s\":[]}", one_in(seed, 2) ? "ingress" : "egress");
	if (one_in(seed, 2)) {
		buf_adds(out, ",\"admission\":{\"deny\":[");
		random_words(seed, out, "", admission, ARRAY_SIZE(admission), true);
		buf_adds(out, "]}");
	}
	if (one_in(seed, 2))
		buf_addf(out, ",\"limits\":{\"pids\":%s,\"memory\":%d,\"nofile\":%s}",
			 random_limit(seed, 2), one_in(seed, 2) ? 4194304 : 67108864,
			 random_limit(seed, 2));
	buf_addc(out, '}');
}

#endif
