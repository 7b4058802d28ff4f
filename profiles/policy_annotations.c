/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations that switch the runtime's own behaviour go around every other section:
 * run.oci.seccomp_bpf_data replaces the whole filter in crun, org.systemd.property.* sets any
 * property of the container's unit (CVE-2024-3154). They are refused, or taken out.
 *
 * Source: runtime-spec 1.2, features.md, "potentiallyUnsafeConfigAnnotations", as runc 1.1 and crun
 * 1.8 to 1.20 answer it; io.kubernetes.cri.container-type is written by containerd itself.
 */
#include <errno.h>

#include "profiles/policy_internal.h"

/* A closing dot or slash means: and all that begin so. */
static const char *const unsafe[] = {
	"bundle", "krun.", "module.wasm.image/", "org.criu.", "org.systemd.property.", "run.oci.",
};

/*
 * What podman 5 and CRI-O write into every container themselves, for the scope that systemd makes:
 * when and how it is ended. Source: podman 5.4, libpod/container_internal_common.go; CRI-O 1.30,
 * server/container_create_linux.go
 */
static const struct {
	const char *key;
	const char *begin; /* of the value... */
	const char *rest;  /* ...and of which characters the rest is; "": there is none */
} harmless[] = {
	{ "org.systemd.property.After", "['crio.service']", "" },
	{ "org.systemd.property.CollectMode", "'inactive-or-failed'", "" },
	{ "org.systemd.property.DefaultDependencies", "true", "" },
	{ "org.systemd.property.KillSignal", "", "0123456789" },
	{ "org.systemd.property.TimeoutStopUSec", "uint64 ", "0123456789" },
};

static bool is_harmless(const struct node *annotation)
{
	const char *value = node_is(annotation, NODE_STRING) ? annotation->string : "";

	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		if (streq(annotation->key, harmless[i].key) &&
		    starts_with(value, harmless[i].begin)) {
			const char *rest = value + strlen(harmless[i].begin);

			return rest[strspn(rest, harmless[i].rest)] == '\0';
		}
	}
	return false;
}

static bool is_unsafe(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++) {
		size_t len = strlen(unsafe[i]);
		bool prefix = unsafe[i][len - 1] == '.' || unsafe[i][len - 1] == '/';

		if (prefix ? starts_with(key, unsafe[i]) : streq(key, unsafe[i]))
			return true;
	}
	return false;
}

int policy_annotations(const struct pass *pass, struct err *err)
{
	node_foreach (member, pass->request->annotations) {
		_cleanup_buf_ struct buf what = { 0 };
		int r;

		if (!is_unsafe(member->key) || is_harmless(member))
			continue;
		if (pass->host->unsafe_annotations == UNSAFE_STRIP) {
			buf_addf(&what, "takes out annotation %s", Q(member->key));
			r = buf_status(&what) < 0 ? err_oom(err)
						  : edit_remove(pass->edit, member, err);
			if (r == 0)
				r = change_add(pass, SECTION_ANNOTATIONS, NULL, what.data, err);
		} else {
			buf_addf(&what, "annotation %s switches the runtime's own behaviour",
				 Q(member->key));
			r = buf_status(&what) < 0
				    ? err_oom(err)
				    : refusal_add(pass, SECTION_ANNOTATIONS, NULL, what.data,
						  "remove it, or set \"unsafeAnnotations\": "
						  "\"strip\" in coaming.json",
						  err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
