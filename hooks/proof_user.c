/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the process is: user, groups, and what its ids are on the host.
 *
 * Source: runtime-spec 1.2, config.md "POSIX-platform User"; user_namespaces(7)
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <linux/capability.h>

#include "hooks/procfs.h"

/* crun's: the container keeps the groups of whoever starts it. */
#define KEEP_GROUPS "run.oci.keep_original_groups"

/* ---- maps ---- */

static int bad_map(struct err *err)
{
	return err_system(err, EBADMSG, "the kernel's id map of the process has another form");
}

/* Three numbers of 32 bits a line. */
static bool parse_range(const char **at, struct id_range *ret)
{
	uint32_t *const fields[] = { &ret->inside, &ret->outside, &ret->count };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		uint64_t v;
		char *end;

		*at += strspn(*at, " ");
		if (**at < '0' || **at > '9')
			return false;
		v = strtoull(*at, &end, 10);
		if (v > UINT32_MAX)
			return false;
		*fields[i] = (uint32_t)v;
		*at = end;
	}
	return *(*at)++ == '\n';
}

int id_map_parse(const char *text, struct id_range ret[ID_RANGES_MAX], size_t *ret_n,
		 struct err *err)
{
	size_t n = 0;

	for (const char *at = text; *at; n++) {
		if (n == ID_RANGES_MAX)
			return err_system(err, E2BIG, "an id map of more than %d lines",
					  ID_RANGES_MAX);
		if (!parse_range(&at, &ret[n]))
			return bad_map(err);
	}
	*ret_n = n;
	return 0;
}

bool id_map_find(const struct id_range *map, size_t n, uint32_t inside, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (inside >= map[i].inside && inside - map[i].inside < map[i].count) {
			*ret = map[i].outside + (inside - map[i].inside);
			return true;
		}
	}
	return false;
}

/* The id and those behind it, as far as one line of `wanted` goes: how many; 0: not as wanted. */
static uint32_t wanted_from(const struct id_range *wanted, size_t n, uint32_t inside,
			    uint32_t outside)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t offset = inside - wanted[i].inside;

		if (inside >= wanted[i].inside && offset < wanted[i].count &&
		    wanted[i].outside + offset == outside)
			return wanted[i].count - offset;
	}
	return 0;
}

bool id_map_is_within(const struct id_range *map, size_t n, const struct id_range *wanted,
		      size_t n_wanted)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t done = 0;

		while (done < map[i].count) {
			uint32_t more = wanted_from(wanted, n_wanted, map[i].inside + done,
						    map[i].outside + done);

			if (more == 0)
				return false;
			done = more < map[i].count - done ? done + more : map[i].count;
		}
	}
	return true;
}

static int read_id_map(const struct proof_look *look, const char *name,
		       struct id_range map[ID_RANGES_MAX], size_t *ret_n, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	r = procfs_read(look->dir, name, &text, &len, err);
	return r < 0 ? r : id_map_parse(text, map, ret_n, err);
}

/* ---- what the config wants ---- */

static int read_u32(const struct doc *doc, const struct node *object, const char *key,
		    uint32_t *ret, struct err *err)
{
	const struct node *node = present(object, key);
	uint64_t v = 0;
	int r;

	r = node ? node_read_u64(doc, node, &v, err) : 0;
	if (r == 0 && v > UINT32_MAX)
		r = err_input(err, ERANGE, "%s: \"%s\" is beyond 32 bits", WHERE(doc, node), key);
	*ret = (uint32_t)v;
	return r;
}

static int wanted_map(const struct request *request, const char *key,
		      struct id_range ret[ID_RANGES_MAX], size_t *ret_n, struct err *err)
{
	const struct node *list = present(request->linux_node, key);
	int r;

	*ret_n = 0;
	r = list ? node_expect_list(request->doc, list, ID_RANGES_MAX, err) : 0;
	if (r < 0)
		return r;
	node_foreach (item, list) {
		struct id_range *range = &ret[(*ret_n)++];

		r = read_u32(request->doc, item, "containerID", &range->inside, err);
		if (r == 0)
			r = read_u32(request->doc, item, "hostID", &range->outside, err);
		if (r == 0)
			r = read_u32(request->doc, item, "size", &range->count, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- user ---- */

/* One of the two kinds of id. */
struct id_kind {
	const char *word, *key, *map;
	int capability; /* which lets a process take another id */
};
static const struct id_kind user_kind = { "uid", "uid", "uid_map", CAP_SETUID };
static const struct id_kind group_kind = { "gid", "gid", "gid_map", CAP_SETGID };

/* What one comparison of ids needs. */
struct ids {
	const struct proof_look *look;
	struct id_range map[ID_RANGES_MAX];
	size_t n;
	struct buf wanted, is;
	bool differs;
};

static void ids_done(struct ids *ids)
{
	buf_done(&ids->wanted);
	buf_done(&ids->is);
}

/*
 * Real, effective, saved and file system id. A program that is set-uid changes all but the first,
 * where the config lets it; a process with the capability may have taken any id that its
 * namespace maps.
 */
static void compare_ids(struct ids *ids, const struct id_kind *kind, uint32_t inside,
			const uint32_t is[4])
{
	const struct request *request = ids->look->request;
	bool may_change = ids->look->wanted->moment == PROOF_RUNNING &&
			  proof_may_have(request, kind->capability);
	uint32_t outside = 0;
	bool mapped = id_map_find(ids->map, ids->n, inside, &outside);

	buf_addf(&ids->wanted, "%s%s %u", ids->wanted.len > 0 ? ", " : "", kind->word, inside);
	if (mapped && outside != inside)
		buf_addf(&ids->wanted, " (%u outside)", outside);
	buf_addf(&ids->is, "%s%s %u", ids->is.len > 0 ? ", " : "", kind->word, is[0]);
	if (is[0] != is[1] || is[0] != is[2] || is[0] != is[3])
		buf_addf(&ids->is, " (effective %u, saved %u, file system %u)", is[1], is[2],
			 is[3]);
	if (may_change)
		return;
	if (!mapped)
		buf_adds(&ids->wanted, " (not mapped)");
	ids->differs = ids->differs || !mapped || is[0] != outside;
	for (size_t i = 1; i < 4 && request->no_new_privileges; i++)
		ids->differs = ids->differs || is[i] != outside;
}

static int compare_user(struct ids *ids, struct err *err)
{
	const struct proof_look *look = ids->look;
	int r;

	r = read_id_map(look, user_kind.map, ids->map, &ids->n, err);
	if (r == 0) /* request_parse() has checked it to be of 32 bits */
		compare_ids(ids, &user_kind, (uint32_t)look->request->uid, look->status->uid);
	return r;
}

static bool keeps_groups(const struct request *request)
{
	const struct node *node = node_get(request->annotations, KEEP_GROUPS);

	return node_is(node, NODE_STRING) && !streq(node->string, "0");
}

/* Is it one of those that the config names, or the group itself? */
static int is_wanted_group(struct ids *ids, const struct node *user, uint32_t gid, uint32_t outside,
			   bool *ret, struct err *err)
{
	uint32_t own = 0;

	*ret = id_map_find(ids->map, ids->n, gid, &own) && own == outside;
	node_foreach (item, present(user, "additionalGids")) {
		uint64_t inside;
		uint32_t there = 0;
		int r;

		r = node_read_u64(ids->look->request->doc, item, &inside, err);
		if (r < 0)
			return r;
		*ret = *ret || (inside <= UINT32_MAX &&
				id_map_find(ids->map, ids->n, (uint32_t)inside, &there) &&
				there == outside);
	}
	return 0;
}

static int compare_groups(struct ids *ids, const struct node *user, uint32_t gid, struct err *err)
{
	const struct proof_look *look = ids->look;
	bool may_change =
		look->wanted->moment == PROOF_RUNNING && proof_may_have(look->request, CAP_SETGID);

	for (size_t i = 0; i < look->status->n_groups; i++) {
		bool fits = false;
		int r;

		buf_addf(&ids->is, "%s%u", i == 0 ? ", groups " : " ", look->status->groups[i]);
		if (may_change || keeps_groups(look->request))
			continue;
		r = is_wanted_group(ids, user, gid, look->status->groups[i], &fits, err);
		if (r < 0)
			return r;
		if (!fits)
			buf_adds(&ids->is, " (not asked for)");
		ids->differs = ids->differs || !fits;
	}
	return 0;
}

static int compare_group(struct ids *ids, struct err *err)
{
	const struct proof_look *look = ids->look;
	const struct node *user = present(look->request->process, "user");
	uint32_t gid = 0;
	int r;

	r = read_u32(look->request->doc, user, "gid", &gid, err);
	if (r == 0)
		r = read_id_map(look, group_kind.map, ids->map, &ids->n, err);
	if (r < 0)
		return r;
	compare_ids(ids, &group_kind, gid, look->status->gid);
	return compare_groups(ids, user, gid, err);
}

int proof_user(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	_cleanup_(ids_done) struct ids ids = { .look = look };
	int r;

	r = compare_user(&ids, err);
	if (r == 0)
		r = compare_group(&ids, err);
	if (r < 0)
		return r;
	finding_digest(ret, ids.is.data ? ids.is.data : "", ids.is.len);
	return finding_set_bufs(ret, ids.differs ? PROOF_MISMATCH : PROOF_MATCH, &ids.wanted,
				&ids.is, err);
}

/* ---- maps of the namespace ---- */

static void list_ranges(struct buf *out, const char *word, const struct id_range *map, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s %u-%u as %u-%u", out->len > 0 ? ", " : "", word, map[i].inside,
			 map[i].inside + (map[i].count - 1), map[i].outside,
			 map[i].outside + (map[i].count - 1));
	if (n == 0)
		buf_addf(out, "%s%s none", out->len > 0 ? ", " : "", word);
}

static int compare_map(const struct proof_look *look, const char *key, const char *name,
		       struct buf *wanted_text, struct buf *is_text, bool *differs, struct err *err)
{
	struct id_range wanted[ID_RANGES_MAX], is[ID_RANGES_MAX];
	size_t n_wanted = 0, n = 0;
	int r;

	r = wanted_map(look->request, key, wanted, &n_wanted, err);
	if (r == 0)
		r = read_id_map(look, name, is, &n, err);
	if (r < 0)
		return r;
	list_ranges(wanted_text, key, wanted, n_wanted);
	list_ranges(is_text, name, is, n);
	*differs = *differs || !id_map_is_within(is, n, wanted, n_wanted);
	return 0;
}

static bool has_maps(const struct request *request)
{
	const struct node *uids = present(request->linux_node, "uidMappings");
	const struct node *gids = present(request->linux_node, "gidMappings");

	return (uids && uids->count > 0) || (gids && gids->count > 0);
}

int proof_id_maps(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	_cleanup_buf_ struct buf wanted = { 0 }, is = { 0 };
	bool differs = false;
	int r;

	/* Without a user namespace of its own, or in one that it joins: see namespaces. */
	if (!has_maps(look->request))
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	r = compare_map(look, "uidMappings", "uid_map", &wanted, &is, &differs, err);
	if (r == 0)
		r = compare_map(look, "gidMappings", "gid_map", &wanted, &is, &differs, err);
	if (r < 0)
		return r;
	finding_digest(ret, is.data ? is.data : "", is.len);
	return finding_set_bufs(ret, differs ? PROOF_MISMATCH : PROOF_MATCH, &wanted, &is, err);
}
