/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: the minimum of what is asked for and what every profile allows. Absent, zero and negative
 * mean "no limit" to the runtimes.
 *
 * Source: runtime-spec 1.2, config-linux.md, "Memory", "PIDs"; config.md, "rlimits"
 */
#include <errno.h>

#include "profiles/policy_internal.h"

/* The smallest that any profile gives, and who gives it; 0: none. */
static uint64_t ceiling(const struct pass *pass, size_t offset, struct demand *demand)
{
	uint64_t least = 0;

	for (size_t i = 0; i < pass->n; i++) {
		uint64_t v;

		if (!pass->profiles[i]->limits.present)
			continue;
		memcpy(&v, (const char *)&pass->profiles[i]->limits + offset, sizeof(v));
		if (v == 0 || (least && v > least))
			continue;
		if (v < least)
			*demand = (struct demand){ 0 };
		least = v;
		demand_add(demand, i);
	}
	return least;
}

static const char *number(char out[24], uint64_t v)
{
	(void)snprintf(out, 24, "%llu", (unsigned long long)v);
	return out;
}

/* linux.resources.GROUP.limit: every object on the way may be absent. */
static int set_resource(const struct pass *pass, const char *group, const char *json,
			struct err *err)
{
	const struct request *request = pass->request;
	const struct node *resources = present(request->linux_node, "resources");
	const struct node *object = present(resources, group);
	char text[128];

	if (object)
		return edit_member(pass->edit, object, "limit", json, err);
	if (resources) {
		(void)snprintf(text, sizeof(text), "{\"limit\":%s}", json);
		return edit_member(pass->edit, resources, group, text, err);
	}
	return err_system(err, EINVAL, "no \"resources\" to set %s in", group);
}

/* Is what stands there no limit, or a higher one? */
static int exceeds(const struct pass *pass, const struct node *limit, uint64_t least, bool *ret,
		   struct err *err)
{
	int64_t v;
	int r;

	*ret = true;
	if (!limit)
		return 0;
	r = node_read_i64(pass->request->doc, limit, &v, err);
	if (r == 0)
		*ret = v <= 0 || (uint64_t)v > least;
	return r;
}

static const struct {
	const char *group;
	const char *unified; /* the cgroup file that says the same */
	const char *what;
	size_t offset;
} resources[] = {
	{ "pids", "pids.max", "processes", offsetof(struct limits_section, pids) },
	{ "memory", "memory.max", "bytes of memory",
	  offsetof(struct limits_section, memory_bytes) },
};

/*
 * "unified" writes cgroup files by name, after the limits (config-linux.md, "Unified"): what stands
 * there wins. A number, or "max".
 */
static int limit_unified(const struct pass *pass, const char *file, uint64_t least, bool *more,
			 struct err *err)
{
	const struct node *all = node_path(pass->request->linux_node, "resources", "unified", NULL);
	const struct node *node = present(all, file);
	const char *text;
	char json[32];
	int r;

	if (!node)
		return 0;
	r = node_read_string(pass->request->doc, node, &text, err);
	if (r < 0)
		return r;
	if (text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 20 &&
	    strtoull(text, NULL, 10) <= least)
		return 0;
	*more = true;
	(void)snprintf(json, sizeof(json), "\"%llu\"", (unsigned long long)least);
	return edit_replace(pass->edit, node, json, err);
}

/*
 * Both groups at once where "resources" is absent, since an object can be added only once. `taken`
 * holds the limits that are to be set, by row.
 */
static int write_resources(const struct pass *pass, const uint64_t taken[ARRAY_SIZE(resources)],
			   struct err *err)
{
	const struct request *request = pass->request;
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	char json[24];
	int r = 0;

	if (present(request->linux_node, "resources")) {
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(resources); i++) {
			if (taken[i])
				r = set_resource(pass, resources[i].group, number(json, taken[i]),
						 err);
		}
		return r;
	}
	emit_object(&e);
	for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
		if (!taken[i])
			continue;
		emit_key(&e, resources[i].group);
		emit_object(&e);
		emit_key(&e, "limit");
		emit_u64(&e, taken[i]);
		emit_object_end(&e);
	}
	emit_object_end(&e);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return edit_member(pass->edit, request->linux_node, "resources", text.data, err);
}

static int limit_resources(const struct pass *pass, struct err *err)
{
	const struct node *group_of = present(pass->request->linux_node, "resources");
	uint64_t taken[ARRAY_SIZE(resources)] = { 0 };
	bool any = false;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
		struct demand demand = { 0 };
		uint64_t least = ceiling(pass, resources[i].offset, &demand);
		const struct node *limit = present(present(group_of, resources[i].group), "limit");
		bool more = false, unified = false;
		char what[96];

		if (!least)
			continue;
		if (!pass->request->linux_node)
			return err_input(err, EBADMSG, "%s: there is no \"linux\" to set limits in",
					 doc_name(pass->request->doc));
		r = exceeds(pass, limit, least, &more, err);
		if (r == 0)
			r = limit_unified(pass, resources[i].unified, least, &unified, err);
		if (r < 0)
			return r;
		if (!more && !unified)
			continue;
		taken[i] = more ? least : 0;
		any = any || more;
		(void)snprintf(what, sizeof(what), "limits it to %llu %s",
			       (unsigned long long)least, resources[i].what);
		r = change_add(pass, SECTION_LIMITS, &demand, what, err);
		if (r < 0)
			return r;
	}
	return any ? write_resources(pass, taken, err) : 0;
}

/* ---- RLIMIT_NOFILE ---- */

static const char nofile[] = "RLIMIT_NOFILE";

static bool is_nofile(const struct node *item)
{
	const struct node *type = node_get(item, "type");

	return node_is(type, NODE_STRING) && streq(type->string, nofile);
}

/* soft and hard of an entry that is there; *ret_more: either is above. */
static int clamp_entry(const struct pass *pass, const struct node *entry, uint64_t least,
		       bool *ret_more, struct err *err)
{
	static const char *const keys[] = { "soft", "hard" };
	char json[24];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct node *node = present(entry, keys[i]);
		uint64_t v = UINT64_MAX;

		/* Unsigned: RLIM_INFINITY is 18446744073709551615. */
		r = node ? node_read_u64(pass->request->doc, node, &v, err) : 0;
		if (r == 0 && v > least) {
			*ret_more = true;
			r = edit_member(pass->edit, entry, keys[i], number(json, least), err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Not higher than what it would inherit: that would give, and a runtime may not be able to. */
static int add_entry(const struct pass *pass, const struct node *rlimits, uint64_t least,
		     struct err *err)
{
	uint64_t soft = pass->facts->nofile_soft;
	char text[160];

	if (soft == 0 || soft > least)
		soft = least;
	(void)snprintf(text, sizeof(text),
		       "%s{\"type\":\"RLIMIT_NOFILE\",\"hard\":%llu,\"soft\":%llu}%s",
		       rlimits ? "" : "[", (unsigned long long)least, (unsigned long long)soft,
		       rlimits ? "" : "]");
	if (rlimits)
		return edit_add_element(pass->edit, rlimits, text, err);
	return edit_member(pass->edit, pass->request->process, "rlimits", text, err);
}

static bool inherits_less(const struct facts *facts, uint64_t least)
{
	return facts->nofile_hard != 0 && facts->nofile_hard <= least;
}

static int limit_files(const struct pass *pass, struct err *err)
{
	struct demand demand = { 0 };
	uint64_t least = ceiling(pass, offsetof(struct limits_section, nofile), &demand);
	const struct node *process = pass->request->process;
	const struct node *rlimits = present(process, "rlimits");
	bool more = false, there = false;
	char what[64];
	int r = 0;

	if (!least || !process)
		return 0;
	if (rlimits) {
		r = node_expect(pass->request->doc, rlimits, NODE_ARRAY, err);
		if (r < 0)
			return r;
	}
	/* All of them: of two entries runc and crun let the later one win. */
	node_foreach (item, rlimits) {
		if (!is_nofile(item))
			continue;
		there = true;
		r = clamp_entry(pass, item, least, &more, err);
		if (r < 0)
			return r;
	}
	if (!there && !inherits_less(pass->facts, least)) {
		r = add_entry(pass, rlimits, least, err);
		more = true;
	}
	if (r < 0 || !more)
		return r;
	(void)snprintf(what, sizeof(what), "limits it to %llu open files",
		       (unsigned long long)least);
	return change_add(pass, SECTION_LIMITS, &demand, what, err);
}

int policy_limits(const struct pass *pass, struct err *err)
{
	/* Of processes and memory the container's control group has its limits already. */
	int r = pass->facts->exec ? 0 : limit_resources(pass, err);

	return r < 0 ? r : limit_files(pass, err);
}
