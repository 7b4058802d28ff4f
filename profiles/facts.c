/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts as far as the config alone tells: for explain on another machine, and for tests.
 */
#include "profiles/policy.h"

#include "lib/strv.h"
#include "profiles/policy_internal.h"

static const char *const types[] = {
	[NS_NETWORK] = "network", [NS_PID] = "pid",     [NS_IPC] = "ipc",       [NS_UTS] = "uts",
	[NS_USER] = "user",       [NS_MOUNT] = "mount", [NS_CGROUP] = "cgroup",
};
static_assert(ARRAY_SIZE(types) == NS_KINDS_, "a name a kind");

/* The host's by its usual names; any other path is another's. */
static bool is_host_path(const char *path)
{
	return starts_with(path, "/proc/1/ns/") || starts_with(path, "/proc/self/ns/");
}

static enum namespace_state state_of(const struct node *entry)
{
	const struct node *path = present(entry, "path");

	if (!node_is(path, NODE_STRING) || path->string_len == 0)
		return NS_PRIVATE;
	return is_host_path(path->string) ? NS_HOST : NS_JOINED;
}

static void find_namespaces(const struct doc *config, struct facts *facts)
{
	const struct node *list = node_path(doc_root(config), "linux", "namespaces", NULL);

	for (size_t kind = 0; kind < NS_KINDS_; kind++) {
		facts->ns[kind] = NS_HOST;
		node_foreach (entry, list) {
			const struct node *type = node_get(entry, "type");

			if (node_is(type, NODE_STRING) && streq(type->string, types[kind]))
				facts->ns[kind] = state_of(entry);
		}
	}
}

void facts_done(struct facts *facts)
{
	for (size_t i = 0; i < facts->n_mount_sources; i++) {
		free(facts->mount_sources[i]);
		if (facts->mount_names)
			strv_free(&facts->mount_names[i].v, &facts->mount_names[i].n);
	}
	free(facts->mount_names);
	strv_free(&facts->root_names.v, &facts->root_names.n);
	free(facts->mount_sources);
	free(facts->root);
	*facts = (struct facts){ 0 };
}

int facts_from_config(const struct doc *config, struct facts *ret, struct err *err)
{
	struct facts facts = { 0 };

	find_namespaces(config, &facts);
	*ret = facts;
	return 0;
}
