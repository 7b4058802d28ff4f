/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which profiles apply to a container, and why.
 */
#include "profiles/select.h"

#include <errno.h>

#include "lib/buf.h"
#include "lib/strv.h"

/* A label may name this many profiles; the whole value is bounded by LABEL_VALUE_MAX. */
#define NAMED_MAX 64

static const char *const why_names[] = {
	[WHY_FLOOR] = "floor",     [WHY_MATCH] = "match",      [WHY_NAMED] = "label",
	[WHY_DEFAULT] = "default", [WHY_EXTENDED] = "extends", [WHY_ADMITTED] = "admitted",
};
static_assert(ARRAY_SIZE(why_names) == WHYS_, "a name a reason");

const char *why_name(enum why why)
{
	return why_names[why];
}

void selection_done(struct selection *selection)
{
	free(selection->v);
	*selection = (struct selection){ 0 };
}

bool selected_enforces(const struct selected *selected, enum mode section)
{
	return selected->mode == MODE_ENFORCE && section == MODE_ENFORCE;
}

/* What all the functions of one selection share. */
struct context {
	const struct host *host;
	struct store *store;
	const struct metadata *metadata;
	struct selection *selection;
	struct err *err;
};

/* From the profile that was selected down to the one that is looked at. */
struct chain {
	const char *name;
	const struct chain *up;
	size_t len;
};

/* Deep enough for any order of things; every link is a file to be read at each start. */
#define CHAIN_MAX 16

static struct selected *find(const struct selection *selection, const struct profile *profile)
{
	for (size_t i = 0; i < selection->n; i++) {
		if (selection->v[i].profile == profile)
			return &selection->v[i];
	}
	return NULL;
}

/* Once a profile; the first reason stands. *ret_new: it was not there, or not enforced. */
static int add_one(const struct context *c, const struct profile *profile, enum why why,
		   const char *by, enum mode mode, bool *ret_new)
{
	struct selected *there = find(c->selection, profile), *grown;

	*ret_new = !there || (there->mode == MODE_AUDIT && mode == MODE_ENFORCE);
	if (there) {
		if (*ret_new)
			there->mode = MODE_ENFORCE;
		return 0;
	}
	grown = reallocarray(c->selection->v, c->selection->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(c->err);
	c->selection->v = grown;
	grown[c->selection->n++] = (struct selected){
		.profile = profile,
		.why = why,
		.by = by,
		.mode = mode,
	};
	return 0;
}

/* "web extends base extends web" */
static void write_chain(const struct chain *chain, struct buf *out)
{
	if (chain->up) {
		write_chain(chain->up, out);
		buf_adds(out, " extends ");
	}
	buf_adds(out, chain->name);
}

static int refuse_chain(const struct context *c, const struct chain *chain, int errnum,
			const char *why)
{
	_cleanup_buf_ struct buf text = { 0 };

	write_chain(chain, &text);
	if (buf_status(&text) < 0)
		return err_oom(c->err);
	return err_input(c->err, errnum, "profile %s: %s", text.data, why);
}

static bool is_above(const struct chain *chain, const char *name)
{
	for (; chain; chain = chain->up) {
		if (streq(chain->name, name))
			return true;
	}
	return false;
}

static int get_extended(const struct context *c, const struct chain *chain,
			const struct profile **ret)
{
	int r;

	if (is_above(chain->up, chain->name))
		return refuse_chain(c, chain, ELOOP,
				    "profiles cannot extend each other in a circle");
	if (chain->len > CHAIN_MAX)
		return refuse_chain(c, chain, ELOOP, "too many profiles extend each other");
	r = store_get(c->store, chain->name, ret, c->err);
	if (r == -ENOENT && c->err->class == ERR_NONE)
		return refuse_chain(c, chain, EBADMSG,
				    "the last one is in none of the profile directories");
	return r;
}

/*
 * A profile, and then all that it extends. What was walked through before is not walked again, so
 * that every profile costs at most two walks, one for each mode.
 *
 * audits  the host, the default, or a profile above is in audit mode
 */
static int add_down(const struct context *c, const struct profile *profile, enum why why,
		    bool audits, const struct chain *chain)
{
	enum mode mode =
		audits || !profile_has_mode(profile, MODE_ENFORCE) ? MODE_AUDIT : MODE_ENFORCE;
	const char *by = chain->up ? chain->up->name : NULL;
	bool is_new;
	int r;

	r = add_one(c, profile, why, by, mode, &is_new);
	audits = audits || profile->mode == MODE_AUDIT;
	for (size_t i = 0; r == 0 && is_new && i < profile->n_extends; i++) {
		const struct chain down = { profile->extends[i], chain, chain->len + 1 };
		const struct profile *extended = NULL;

		r = get_extended(c, &down, &extended);
		if (r == 0 && extended)
			r = add_down(c, extended, WHY_EXTENDED, audits, &down);
	}
	return r;
}

static int add(const struct context *c, const struct profile *profile, enum why why)
{
	const struct chain top = { .name = profile->name };
	bool spared = why == WHY_FLOOR && c->host->audit_spares_floor;
	bool audits = (c->host->mode == MODE_AUDIT && !spared) ||
		      (why == WHY_DEFAULT && c->host->default_audits);

	return add_down(c, profile, why, audits, &top);
}

/* A profile that the host's configuration names must be there. */
static int add_own(const struct context *c, const char *name, enum why why)
{
	const struct profile *profile;
	int r;

	r = store_get(c->store, name, &profile, c->err);
	if (r == -ENOENT && c->err->class == ERR_NONE)
		return err_input(c->err, EBADMSG,
				 "profile %s, which \"%s\" of %s names, is in none of the profile "
				 "directories",
				 name, why == WHY_FLOOR ? "floor" : "defaultProfile",
				 c->host->file ? c->host->file : "the built-in configuration");
	return r < 0 ? r : add(c, profile, why);
}

static int add_floor(const struct context *c)
{
	for (size_t i = 0; i < c->host->n_floor; i++) {
		int r = add_own(c, c->host->floor[i], WHY_FLOOR);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ret_chosen  not by what an image says of itself: that keeps the default profile away from nobody
 */
static int add_matching(const struct context *c, bool *ret_chosen)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	*ret_chosen = false;
	r = store_match(c->store, c->metadata, &names, &n, c->err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct profile *profile;

		r = store_get(c->store, names[i], &profile, c->err);
		if (r == 0)
			r = add(c, profile, WHY_MATCH);
		if (r == 0 && match_fits_trusted(&profile->match, c->metadata))
			*ret_chosen = true;
	}
	strv_free(&names, &n);
	return r;
}

/* Say which name is near: the directories are listed only now that something is wrong. */
static int refuse_unknown(struct store *store, const char *name, struct err *err)
{
	char near[PROFILE_NAME_MAX + 1];
	bool any = *store_nearest(store, name, near);

	return err_refuse(err, EPERM,
			  "label " LABEL_PROFILE " names profile %s, which is in none of the "
			  "profile directories%s%s%s",
			  Q(name), any ? " (did you mean " : "", near, any ? "?)" : "");
}

static int add_unknown(const struct context *c, const char *name)
{
	if (c->host->unknown_profile == UNKNOWN_DENY)
		return refuse_unknown(c->store, name, c->err);
	if (!c->host->default_profile)
		return err_refuse(c->err, EPERM,
				  "label " LABEL_PROFILE
				  " names profile %s, which is not there, and "
				  "the host has no defaultProfile to take instead",
				  Q(name));
	return add_own(c, c->host->default_profile, WHY_DEFAULT);
}

static int add_one_named(const struct context *c, const char *name)
{
	const struct profile *profile;
	int r;

	if (!profile_name_is_valid(name))
		return err_refuse(c->err, EPERM,
				  "label " LABEL_PROFILE ": %s is no profile name (names of small "
				  "letters, digits and -, with commas between)",
				  Q(name));
	r = store_get(c->store, name, &profile, c->err);
	if (r == -ENOENT && c->err->class == ERR_NONE)
		return add_unknown(c, name);
	if (r < 0)
		return r;
	if (!profile->selectable)
		return err_refuse(c->err, EPERM,
				  "label " LABEL_PROFILE
				  " names profile %s, which no label may name "
				  "(\"selectable\" is false in %s): take it out of the label",
				  name, profile->file);
	return add(c, profile, WHY_NAMED);
}

/* The next item without the spaces around it; advances *list. */
static char *next_name(char **list)
{
	char *item = *list, *end = item + strcspn(item, ",");

	*list = *end ? end + 1 : NULL;
	*end = '\0';
	item += strspn(item, " ");
	while (end > item && end[-1] == ' ')
		*--end = '\0';
	return item;
}

/* NULL also where an image has written it: what an image says of itself chooses nothing. */
static const struct label *named_by(const struct context *c)
{
	const struct label *label = labels_get(c->metadata->labels, LABEL_PROFILE);

	return label && label->source != LABEL_FROM_IMAGE ? label : NULL;
}

static int add_named(const struct context *c)
{
	const struct label *label = named_by(c);
	_cleanup_free_ char *value = NULL;
	char *rest;

	if (!label)
		return 0;
	value = strdup(label->value);
	if (!value)
		return err_oom(c->err);
	rest = value;
	for (size_t n = 0; rest; n++) {
		int r;

		if (n >= NAMED_MAX)
			return err_refuse(c->err, E2BIG,
					  "label " LABEL_PROFILE " names more than %d", NAMED_MAX);
		r = add_one_named(c, next_name(&rest));
		if (r < 0)
			return r;
	}
	return 0;
}

/* What an image says of itself exempts nobody. */
static const struct exemption *first_exemption(const struct context *c)
{
	for (size_t i = 0; i < c->host->n_exempt; i++) {
		if (selector_holds_trusted(&c->host->exempt[i].selector, c->metadata))
			return &c->host->exempt[i];
	}
	return NULL;
}

static int add_admitted(const struct context *c, const char *name, bool audits)
{
	const struct profile *profile;
	enum mode mode;
	bool is_new;
	int r;

	r = store_get(c->store, name, &profile, c->err);
	if (r == -ENOENT && c->err->class == ERR_NONE)
		return err_refuse(c->err, EPERM,
				  "profile %s, under which the container was started, is in none "
				  "of the profile directories any more (put it back, or start the "
				  "container anew)",
				  Q(name));
	if (r < 0 || find(c->selection, profile))
		return r;
	mode = audits || !profile_has_mode(profile, MODE_ENFORCE) ? MODE_AUDIT : MODE_ENFORCE;
	return add_one(c, profile, WHY_ADMITTED, NULL, mode, &is_new);
}

static int by_name(const void *a, const void *b)
{
	const struct selected *x = a, *y = b;

	return strcmp(x->profile->name, y->profile->name);
}

static int fill(const struct context *c)
{
	bool chosen = false;
	int r;

	c->selection->exempt = first_exemption(c);
	if (c->selection->exempt)
		return 0;
	r = add_floor(c);
	if (r == 0)
		r = add_matching(c, &chosen);
	if (r == 0)
		r = add_named(c);
	/* Choosing a floor profile is a choice too, though it adds nothing. */
	if (r == 0 && !chosen && !named_by(c) && c->host->default_profile)
		r = add_own(c, c->host->default_profile, WHY_DEFAULT);
	return r;
}

static int give(struct selection *selection, struct selection *ret, int r)
{
	if (r < 0) {
		selection_done(selection);
		return r;
	}
	if (selection->n > 1)
		qsort(selection->v, selection->n, sizeof(*selection->v), by_name);
	*ret = *selection;
	return 0;
}

int select_extended(const struct host *host, struct store *store, const struct profile *profile,
		    struct selection *ret, struct err *err)
{
	struct selection selection = { 0 };
	const struct context c = {
		.host = host,
		.store = store,
		.selection = &selection,
		.err = err,
	};

	return give(&selection, ret, add(&c, profile, WHY_NAMED));
}

int select_profiles(const struct host *host, struct store *store, const struct metadata *metadata,
		    struct selection *ret, struct err *err)
{
	struct selection selection = { 0 };
	const struct context c = {
		.host = host,
		.store = store,
		.metadata = metadata,
		.selection = &selection,
		.err = err,
	};

	return give(&selection, ret, fill(&c));
}

int select_admitted(const struct host *host, struct store *store, char *const *names, size_t n,
		    enum mode mode, struct selection *selection, struct err *err)
{
	const struct context c = {
		.host = host,
		.store = store,
		.selection = selection,
		.err = err,
	};
	bool audits = mode == MODE_AUDIT || host->mode == MODE_AUDIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_admitted(&c, names[i], audits);
	if (selection->n > 1)
		qsort(selection->v, selection->n, sizeof(*selection->v), by_name);
	return r;
}
