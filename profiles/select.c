/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which profiles apply to a container, and why.
 */
#include "profiles/select.h"

#include <errno.h>

#include "lib/strv.h"

/* A label may name this many profiles; the whole value is bounded by LABEL_VALUE_MAX. */
#define NAMED_MAX 64

static const char *const why_names[] = {
	[WHY_FLOOR] = "floor",
	[WHY_MATCH] = "match",
	[WHY_NAMED] = "label",
	[WHY_DEFAULT] = "default",
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

/* Once a profile; the first reason stands, since they are added in the order of the enum. */
static int add(const struct host *host, struct selection *selection, const struct profile *profile,
	       enum why why, struct err *err)
{
	bool audit = host->mode == MODE_AUDIT || profile->mode == MODE_AUDIT ||
		     (why == WHY_DEFAULT && host->default_audits);
	struct selected *grown;

	for (size_t i = 0; i < selection->n; i++) {
		if (selection->v[i].profile == profile)
			return 0;
	}
	grown = reallocarray(selection->v, selection->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	selection->v = grown;
	grown[selection->n++] = (struct selected){
		.profile = profile,
		.why = why,
		.mode = audit ? MODE_AUDIT : MODE_ENFORCE,
	};
	return 0;
}

/* A profile that the host's configuration names must be there. */
static int add_own(const struct host *host, struct store *store, const char *name, enum why why,
		   struct selection *selection, struct err *err)
{
	const struct profile *profile;
	int r;

	r = store_get(store, name, &profile, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		return err_input(err, EBADMSG,
				 "profile %s, which \"%s\" of %s names, is in none of the profile "
				 "directories",
				 name, why == WHY_FLOOR ? "floor" : "defaultProfile",
				 host->file ? host->file : "the built-in configuration");
	return r < 0 ? r : add(host, selection, profile, why, err);
}

static int add_floor(const struct host *host, struct store *store, struct selection *selection,
		     struct err *err)
{
	for (size_t i = 0; i < host->n_floor; i++) {
		int r = add_own(host, store, host->floor[i], WHY_FLOOR, selection, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_matching(const struct host *host, struct store *store, const struct labels *labels,
			struct selection *selection, bool *ret_any, struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	r = store_match(store, labels, &names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct profile *profile;

		r = store_get(store, names[i], &profile, err);
		if (r == 0)
			r = add(host, selection, profile, WHY_MATCH, err);
	}
	*ret_any = n > 0;
	strv_free(&names, &n);
	return r;
}

/* Say which name is near: the directories are listed only now that something is wrong. */
static int refuse_unknown(struct store *store, const char *name, struct err *err)
{
	struct err ignored = { 0 };
	const char *near = NULL;
	char **names = NULL;
	size_t n = 0;

	if (store_names(store, &names, &n, &ignored) == 0)
		near = nearest_word(name, (const char *const *)names, n);
	(void)err_refuse(err, EPERM,
			 "label " LABEL_PROFILE " names profile %s, which is in none of the "
			 "profile directories%s%s%s",
			 Q(name), near ? " (did you mean " : "", near ? near : "",
			 near ? "?)" : "");
	strv_free(&names, &n);
	return -EPERM;
}

static int add_unknown(const struct host *host, struct store *store, const char *name,
		       struct selection *selection, struct err *err)
{
	if (host->unknown_profile == UNKNOWN_DENY)
		return refuse_unknown(store, name, err);
	if (!host->default_profile)
		return err_refuse(err, EPERM,
				  "label " LABEL_PROFILE
				  " names profile %s, which is not there, and "
				  "the host has no defaultProfile to take instead",
				  Q(name));
	return add_own(host, store, host->default_profile, WHY_DEFAULT, selection, err);
}

static int add_one_named(const struct host *host, struct store *store, const char *name,
			 struct selection *selection, struct err *err)
{
	const struct profile *profile;
	int r;

	if (!profile_name_is_valid(name))
		return err_refuse(err, EPERM,
				  "label " LABEL_PROFILE ": %s is no profile name (names of small "
				  "letters, digits and -, with commas between)",
				  Q(name));
	r = store_get(store, name, &profile, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		return add_unknown(host, store, name, selection, err);
	return r < 0 ? r : add(host, selection, profile, WHY_NAMED, err);
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

static int add_named(const struct host *host, struct store *store, const struct labels *labels,
		     struct selection *selection, struct err *err)
{
	const struct label *label = labels_get(labels, LABEL_PROFILE);
	_cleanup_free_ char *value = NULL;
	char *rest;

	if (!label)
		return 0;
	value = strdup(label->value);
	if (!value)
		return err_oom(err);
	rest = value;
	for (size_t n = 0; rest; n++) {
		int r;

		if (n >= NAMED_MAX)
			return err_refuse(err, E2BIG, "label " LABEL_PROFILE " names more than %d",
					  NAMED_MAX);
		r = add_one_named(host, store, next_name(&rest), selection, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * What an image says of itself exempts nobody, and chooses nothing: it could take a profile away
 * whose selector wants a label absent. The entries are borrowed.
 */
static int without_image(const struct labels *labels, struct labels *ret, struct err *err)
{
	ret->v = calloc(labels->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	for (size_t i = 0; i < labels->n; i++) {
		if (labels->v[i].source != LABEL_FROM_IMAGE)
			ret->v[ret->n++] = labels->v[i];
	}
	return 0;
}

static const struct exemption *first_exemption(const struct host *host, const struct labels *labels)
{
	for (size_t i = 0; i < host->n_exempt; i++) {
		if (selector_matches(&host->exempt[i].selector, labels))
			return &host->exempt[i];
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct selected *x = a, *y = b;

	return strcmp(x->profile->name, y->profile->name);
}

static int fill(const struct host *host, struct store *store, const struct labels *labels,
		struct selection *selection, struct err *err)
{
	bool matched = false;
	int r;

	selection->exempt = first_exemption(host, labels);
	if (selection->exempt)
		return 0;
	r = add_floor(host, store, selection, err);
	if (r == 0)
		r = add_matching(host, store, labels, selection, &matched, err);
	if (r == 0)
		r = add_named(host, store, labels, selection, err);
	/* Choosing a floor profile is a choice too, though it adds nothing. */
	if (r == 0 && !matched && !labels_get(labels, LABEL_PROFILE) && host->default_profile)
		r = add_own(host, store, host->default_profile, WHY_DEFAULT, selection, err);
	return r;
}

int select_profiles(const struct host *host, struct store *store, const struct labels *labels,
		    struct selection *ret, struct err *err)
{
	struct selection selection = { 0 };
	struct labels trusted = { 0 };
	int r = without_image(labels, &trusted, err);

	if (r == 0)
		r = fill(host, store, &trusted, &selection, err);
	free(trusted.v);
	if (r < 0) {
		selection_done(&selection);
		return r;
	}
	if (selection.n > 1)
		qsort(selection.v, selection.n, sizeof(*selection.v), by_name);
	*ret = selection;
	return 0;
}
