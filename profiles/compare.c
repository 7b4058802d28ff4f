/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The difference between two profiles in what they mean.
 *
 * Where it cannot be told for certain that nothing widened, it counts as wider: the answer is for
 * those who decide whether somebody must look.
 */
#include "profiles/compare_internal.h"

#include <errno.h>
#include <stddef.h>

#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/policy_internal.h"

int difference_add(struct differences *out, const char *section, enum way way, const char *what,
		   struct err *err)
{
	struct difference *grown = reallocarray(out->v, out->n + 1, sizeof(*grown));
	char *copy = strdup(what);

	if (grown)
		out->v = grown;
	if (!grown || !copy) {
		free(copy);
		return err_oom(err);
	}
	grown[out->n++] = (struct difference){ section, way, copy };
	out->wider += way == WAY_WIDER;
	out->narrower += way == WAY_NARROWER;
	out->other += way == WAY_OTHER;
	return 0;
}

void differences_done(struct differences *differences)
{
	for (size_t i = 0; i < differences->n; i++)
		free(differences->v[i].what);
	free(differences->v);
	*differences = (struct differences){ 0 };
}

int difference_take(const struct comparison *c, const char *section, enum way way, struct buf *text)
{
	if (buf_status(text) < 0)
		return err_oom(c->err);
	return difference_add(c->out, section, way, text->data, c->err);
}

/* ---- capabilities ---- */

static uint64_t kept(const struct side *side)
{
	uint64_t caps = CAPS_ALL;

	for (size_t i = 0; i < side->n; i++)
		caps &= profile_keeps(&side->v[i]);
	return caps;
}

static int tell_caps(const struct comparison *c, uint64_t caps, enum way way)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (!caps)
		return 0;
	for (int i = 0; cap_name(i); i++) {
		if (caps & CAP_MASK(i))
			buf_addf(&text, "%s%s", text.len ? ", " : "", cap_name(i));
	}
	return difference_take(c, "capabilities", way, &text);
}

static bool sets_no_new_privileges(const struct side *side)
{
	for (size_t i = 0; i < side->n; i++) {
		if (profile_confines_privileges(&side->v[i]))
			return true;
	}
	return false;
}

static int compare_capabilities(const struct comparison *c)
{
	uint64_t old = kept(&c->old), now = kept(&c->now);
	bool before = sets_no_new_privileges(&c->old), after = sets_no_new_privileges(&c->now);
	int r;

	r = tell_caps(c, now & ~old, WAY_WIDER);
	if (r == 0)
		r = tell_caps(c, old & ~now, WAY_NARROWER);
	if (r == 0 && before != after)
		r = difference_add(c->out, "capabilities", after ? WAY_NARROWER : WAY_WIDER,
				   "privileges from set-uid programs and file capabilities",
				   c->err);
	return r;
}

/* ---- rootfs ---- */

/* Is a path writable, and how much of it? 0: without limit. */
static bool is_granted(const struct side *side, const char *path, uint64_t *ret_size)
{
	*ret_size = 0;
	for (size_t i = 0; i < side->n; i++) {
		const struct rootfs_section *section = &side->v[i].rootfs;
		bool found = !section->present || !section->read_only;

		for (size_t k = 0; section->present && k < section->n_writable; k++) {
			const struct writable *w = &section->writable[k];

			if (!streq(w->path, path))
				continue;
			found = true;
			if (w->size_bytes && (!*ret_size || w->size_bytes < *ret_size))
				*ret_size = w->size_bytes;
		}
		if (!found)
			return false;
	}
	return true;
}

static bool is_read_only(const struct side *side)
{
	for (size_t i = 0; i < side->n; i++) {
		if (side->v[i].rootfs.present && side->v[i].rootfs.read_only)
			return true;
	}
	return false;
}

static int collect_paths(const struct comparison *c, char ***ret, size_t *n)
{
	const struct side *const sides[] = { &c->old, &c->now };
	int r = 0;

	for (size_t s = 0; s < ARRAY_SIZE(sides); s++) {
		for (size_t i = 0; i < sides[s]->n; i++) {
			const struct rootfs_section *section = &sides[s]->v[i].rootfs;

			for (size_t k = 0; r == 0 && section->present && k < section->n_writable;
			     k++)
				r = strv_add(ret, n, section->writable[k].path, c->err);
		}
	}
	strv_sort_unique(*ret, n);
	return r;
}

static int compare_size(const struct comparison *c, const char *path, uint64_t old, uint64_t now)
{
	_cleanup_buf_ struct buf text = { 0 };
	bool wider = !now || (old && now > old);

	if (old == now)
		return 0;
	buf_addf(&text, "the size of the tmpfs on %s: ", path);
	if (old)
		buf_addf(&text, "%llu bytes", (unsigned long long)old);
	else
		buf_adds(&text, "no limit");
	if (now)
		buf_addf(&text, ", now %llu", (unsigned long long)now);
	else
		buf_adds(&text, ", now no limit");
	return difference_take(c, "rootfs", wider ? WAY_WIDER : WAY_NARROWER, &text);
}

static int compare_path(const struct comparison *c, const char *path)
{
	_cleanup_buf_ struct buf text = { 0 };
	uint64_t old_size, now_size;
	bool old = is_granted(&c->old, path, &old_size);
	bool now = is_granted(&c->now, path, &now_size);

	if (old && now)
		return compare_size(c, path, old_size, now_size);
	if (old == now)
		return 0;
	buf_addf(&text, "to write below %s", path);
	return difference_take(c, "rootfs", now ? WAY_WIDER : WAY_NARROWER, &text);
}

static int compare_rootfs(const struct comparison *c)
{
	bool old = is_read_only(&c->old), now = is_read_only(&c->now);
	char **paths = NULL;
	size_t n = 0;
	int r = 0;

	if (old != now)
		return difference_add(c->out, "rootfs", now ? WAY_NARROWER : WAY_WIDER,
				      "to write to the root", c->err);
	if (now)
		r = collect_paths(c, &paths, &n);
	for (size_t i = 0; r == 0 && paths && i < n; i++)
		r = compare_path(c, paths[i]);
	strv_free(&paths, &n);
	return r;
}

/* ---- admission ---- */

static uint32_t denied(const struct side *side)
{
	uint32_t all = 0;

	for (size_t i = 0; i < side->n; i++) {
		if (side->v[i].admission.present)
			all |= side->v[i].admission.denied;
	}
	return all;
}

static bool denies_path(const struct side *side, const char *path)
{
	for (size_t i = 0; i < side->n; i++) {
		const struct admission_section *section = &side->v[i].admission;

		for (size_t k = 0; section->present && k < section->n_host_paths; k++) {
			if (path_is_within(path, section->host_paths[k]))
				return true;
		}
	}
	return false;
}

/* Paths that `from` denies and `other` does not deny wholly. */
static int tell_paths(const struct comparison *c, const struct side *from, const struct side *other,
		      enum way way)
{
	int r = 0;

	for (size_t i = 0; i < from->n; i++) {
		const struct admission_section *section = &from->v[i].admission;

		for (size_t k = 0; r == 0 && section->present && k < section->n_host_paths; k++) {
			_cleanup_buf_ struct buf text = { 0 };

			if (denies_path(other, section->host_paths[k]))
				continue;
			buf_addf(&text, "to mount the host's %s", section->host_paths[k]);
			r = difference_take(c, "admission", way, &text);
		}
	}
	return r;
}

static int compare_admission(const struct comparison *c)
{
	uint32_t old = denied(&c->old), now = denied(&c->now);
	int r = 0;

	for (enum admission_rule rule = 0; r == 0 && rule < ADMISSION_RULES_; rule++) {
		if ((old ^ now) & 1U << rule)
			r = difference_add(c->out, "admission",
					   now & 1U << rule ? WAY_NARROWER : WAY_WIDER,
					   admission_rule_name(rule), c->err);
	}
	if (r == 0)
		r = tell_paths(c, &c->old, &c->now, WAY_WIDER);
	return r < 0 ? r : tell_paths(c, &c->now, &c->old, WAY_NARROWER);
}

/* ---- limits ---- */

static const struct {
	const char *name;
	size_t offset;
} limits[] = {
	{ "processes", offsetof(struct limits_section, pids) },
	{ "bytes of memory", offsetof(struct limits_section, memory_bytes) },
	{ "open files", offsetof(struct limits_section, nofile) },
};

static uint64_t least(const struct side *side, size_t which)
{
	uint64_t all = UINT64_MAX;

	for (size_t i = 0; i < side->n; i++) {
		uint64_t v = 0;

		if (side->v[i].limits.present)
			memcpy(&v, (const char *)&side->v[i].limits + limits[which].offset,
			       sizeof(v));
		if (v && v < all)
			all = v;
	}
	return all;
}

static void add_limit(struct buf *text, uint64_t v)
{
	if (v == UINT64_MAX)
		buf_adds(text, "no limit");
	else
		buf_addf(text, "%llu", (unsigned long long)v);
}

static int compare_limits(const struct comparison *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(limits); i++) {
		uint64_t old = least(&c->old, i), now = least(&c->now, i);
		_cleanup_buf_ struct buf text = { 0 };

		if (old == now)
			continue;
		buf_addf(&text, "%s: ", limits[i].name);
		add_limit(&text, old);
		buf_adds(&text, ", now ");
		add_limit(&text, now);
		r = difference_take(c, "limits", now > old ? WAY_WIDER : WAY_NARROWER, &text);
	}
	return r;
}

/* ---- separate ---- */

static int gather_separate(const struct side *side, char ***ret, size_t *n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < side->n; i++) {
		const struct separate_section *separate = &side->v[i].separate;

		for (size_t k = 0; r == 0 && separate->present && k < separate->n_keys; k++)
			r = strv_add(ret, n, separate->keys[k], err);
	}
	strv_sort_unique(*ret, n);
	return r;
}

/* What of `keys` the other side does not have. */
static int tell_separate(const struct comparison *c, char *const *keys, size_t n,
			 char *const *others, size_t n_others, enum way way)
{
	int r = 0;

	for (size_t i = 0; r == 0 && keys && i < n; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		if (strv_contains(others, n_others, keys[i]))
			continue;
		buf_addf(&text, "to share or exchange anything with containers whose %s differs",
			 Q(keys[i]));
		r = difference_take(c, "separate", way, &text);
	}
	return r;
}

static int compare_separate(const struct comparison *c)
{
	char **old = NULL, **now = NULL;
	size_t n_old = 0, n_now = 0;
	int r;

	r = gather_separate(&c->old, &old, &n_old, c->err);
	if (r == 0)
		r = gather_separate(&c->now, &now, &n_now, c->err);
	if (r == 0)
		r = tell_separate(c, old, n_old, now, n_now, WAY_WIDER);
	if (r == 0)
		r = tell_separate(c, now, n_now, old, n_old, WAY_NARROWER);
	strv_free(&old, &n_old);
	strv_free(&now, &n_now);
	return r;
}

/* ---- attest ---- */

static bool kills_what_drifts(const struct side *side)
{
	for (size_t i = 0; i < side->n; i++) {
		if (side->v[i].attest.kills)
			return true;
	}
	return false;
}

static int compare_attest(const struct comparison *c)
{
	bool old = kills_what_drifts(&c->old), now = kills_what_drifts(&c->now);

	if (old == now)
		return 0;
	return difference_add(c->out, "attest", now ? WAY_NARROWER : WAY_WIDER,
			      "to go on after it drifted from what was admitted", c->err);
}

/* ---- what is neither ---- */

static int compare_words(const struct comparison *c, const char *section, char *const *a,
			 size_t n_a, char *const *b, size_t n_b, const char *verb)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_a; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		if (strv_contains(b, n_b, a[i]))
			continue;
		buf_addf(&text, "%s %s", verb, a[i]);
		r = difference_take(c, section, WAY_OTHER, &text);
	}
	return r;
}

static int compare_rest(const struct comparison *c)
{
	const struct profile *old = c->old_profile, *now = c->now_profile;
	int r = 0;

	if (old->mode != now->mode)
		r = difference_add(c->out, "mode", WAY_OTHER,
				   now->mode == MODE_AUDIT ? "enforce, now audit"
							   : "audit, now enforce",
				   c->err);
	if (r == 0)
		r = compare_words(c, "extends", old->extends, old->n_extends, now->extends,
				  now->n_extends, "no longer");
	if (r == 0)
		r = compare_words(c, "extends", now->extends, now->n_extends, old->extends,
				  old->n_extends, "now");
	if (r == 0)
		r = compare_words(c, "controls", old->controls, old->n_controls, now->controls,
				  now->n_controls, "no longer");
	return r < 0 ? r
		     : compare_words(c, "controls", now->controls, now->n_controls, old->controls,
				     old->n_controls, "now");
}

/* ---- the whole ---- */

static int take_side(const struct selection *selection, struct side *side,
		     const struct profile **ret_named, struct err *err)
{
	side->v = calloc(selection->n + 1, sizeof(*side->v));
	if (!side->v)
		return err_oom(err);
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		if (s->why == WHY_NAMED)
			*ret_named = s->profile;
		if (s->mode == MODE_AUDIT)
			continue;
		side->v[side->n] = *s->profile;
		profile_keep_mode(&side->v[side->n++], MODE_ENFORCE);
	}
	return 0;
}

static int (*const parts[])(const struct comparison *c) = {
	compare_match,     compare_seccomp, compare_capabilities, compare_rootfs, compare_network,
	compare_admission, compare_limits,  compare_separate,     compare_attest, compare_rest,
};

int compare_profiles(const struct selection *old, const struct selection *now,
		     struct differences *ret, struct err *err)
{
	struct differences out = { 0 };
	struct comparison c = { .out = &out, .err = err };
	int r;

	r = take_side(old, &c.old, &c.old_profile, err);
	if (r == 0)
		r = take_side(now, &c.now, &c.now_profile, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](&c);
	free(c.old.v);
	free(c.now.v);
	if (r < 0) {
		differences_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}
