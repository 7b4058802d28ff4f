/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming diff: what two profiles, or two directories of them, allow differently, see
 * coaming-diff(1).
 */
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>

#include "cli/options.h"
#include "cli/out.h"
#include "cli/term.h"
#include "lib/emit.h"
#include "lib/strv.h"
#include "profiles/compare.h"

/* Where the profiles of one side are. */
struct place {
	char *dir;
	char *name; /* NULL: all of the directory */
	struct host *host;
	struct store *store; /* the directory, then those of --dir */
};

static void place_done(struct place *place)
{
	store_free(&place->store);
	host_free(&place->host);
	free(place->dir);
	free(place->name);
}

/* What was found of one profile. */
struct answer {
	struct emit *json; /* NULL: text */
	const struct term *term;
	size_t wider, narrower, other; /* profiles */
};

/* "DIR/NAME.json", or a directory. */
static int split(const char *path, struct place *ret, struct err *err)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base);
	struct stat st;

	if (stat(path, &st) < 0)
		return err_input(err, errno, "cannot read %s: %s", Q(path), strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		ret->dir = strdup(path);
		return ret->dir ? 0 : err_oom(err);
	}
	if (len <= 5 || !streq(base + len - 5, ".json"))
		return err_input(err, EINVAL, "%s: a profile's file is called NAME.json", Q(path));
	ret->dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	ret->name = strndup(base, len - 5);
	return ret->dir && ret->name ? 0 : err_oom(err);
}

static int open_place(const char *path, const struct words *dirs, struct place *ret,
		      struct err *err)
{
	static const char nothing[] = "{\"defaultProfile\": null}";
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	r = split(path, ret, err);
	if (r == 0)
		r = doc_parse(&doc, path, nothing, strlen(nothing), err);
	if (r == 0)
		r = host_parse(doc, &ret->host, err);
	if (r < 0)
		return r;
	strv_free(&ret->host->profile_dirs, &ret->host->n_profile_dirs);
	r = strv_add(&ret->host->profile_dirs, &ret->host->n_profile_dirs, ret->dir, err);
	for (size_t i = 0; r == 0 && i < dirs->n; i++)
		r = strv_add(&ret->host->profile_dirs, &ret->host->n_profile_dirs, dirs->v[i], err);
	return r < 0 ? r : store_open_untrusted(ret->host, &ret->store, err);
}

/* Those of the directory itself; the directories of --dir only lend what is extended. */
static int names_of(const struct place *place, char ***ret, size_t *n, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	struct host alone = { .n_profile_dirs = 1 };
	int r;

	assert(place->host);
	alone.profile_dirs = place->host->profile_dirs;
	if (place->name)
		return strv_add(ret, n, place->name, err);
	r = store_open_untrusted(&alone, &store, err);
	return r < 0 ? r : store_names(store, ret, n, err);
}

/* An empty selection where there is no such profile. */
static int select_one(const struct place *place, const char *name, struct selection *ret,
		      struct err *err)
{
	const struct profile *profile;
	int r;

	r = store_get(place->store, name, &profile, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		return 0;
	if (r == 0)
		r = select_extended(place->host, place->store, profile, ret, err);
	return r;
}

/* ---- telling ---- */

static const char *const ways[] = {
	[WAY_WIDER] = "wider", [WAY_NARROWER] = "narrower", [WAY_OTHER] = "other"
};

static void print_text(const struct answer *answer, const char *name,
		       const struct differences *differences)
{
	static const char signs[] = { [WAY_WIDER] = '+', [WAY_NARROWER] = '-', [WAY_OTHER] = ' ' };
	static const enum style styles[] = {
		[WAY_WIDER] = STYLE_BAD, [WAY_NARROWER] = STYLE_GOOD, [WAY_OTHER] = STYLE_NONE
	};
	const struct term *term = answer->term;

	term_put(term, STYLE_BOLD, name);
	(void)fputc('\n', term->out);
	for (size_t i = 0; i < differences->n; i++) {
		const struct difference *d = &differences->v[i];

		(void)fputs("  ", term->out);
		term_putf(term, styles[d->way], "%c %s:", signs[d->way], d->section);
		(void)fputc(' ', term->out);
		term_wrap(term, 6 + strlen(d->section), 6, d->what);
	}
}

static void print_json(const struct answer *answer, const char *name,
		       const struct differences *differences)
{
	struct emit *e = answer->json;

	emit_object(e);
	emit_key(e, "profile");
	emit_string(e, name);
	emit_key(e, "differences");
	emit_array(e);
	for (size_t i = 0; i < differences->n; i++) {
		emit_object(e);
		emit_key(e, "section");
		emit_string(e, differences->v[i].section);
		emit_key(e, "way");
		emit_string(e, ways[differences->v[i].way]);
		emit_key(e, "what");
		emit_string(e, differences->v[i].what);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_object_end(e);
}

static int compare(const struct selection *old, const struct selection *now,
		   struct differences *ret, struct err *err)
{
	if (old->n == 0 || now->n == 0)
		return difference_add(ret, "profile", now->n == 0 ? WAY_WIDER : WAY_NARROWER,
				      now->n == 0 ? "it is gone: nothing of what it took is taken"
						  : "it is new, and only takes away",
				      err);
	return compare_profiles(old, now, ret, err);
}

static int compare_name(const struct place *old, const struct place *now, const char *old_name,
			const char *now_name, struct answer *answer, struct err *err)
{
	struct selection before = { 0 }, after = { 0 };
	struct differences differences = { 0 };
	int r;

	r = select_one(old, old_name, &before, err);
	if (r == 0)
		r = select_one(now, now_name, &after, err);
	if (r == 0)
		r = compare(&before, &after, &differences, err);
	if (r == 0 && differences.n > 0) {
		answer->wider += differences.wider > 0;
		answer->narrower += differences.narrower > 0;
		answer->other += !differences.wider && !differences.narrower;
		if (answer->json)
			print_json(answer, now_name, &differences);
		else
			print_text(answer, now_name, &differences);
	}
	differences_done(&differences);
	selection_done(&before);
	selection_done(&after);
	return r;
}

static int compare_all(const struct place *old, const struct place *now, struct answer *answer,
		       struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	/* Two files are one profile under two names at most. */
	if (old->name && now->name)
		return compare_name(old, now, old->name, now->name, answer, err);
	r = names_of(old, &names, &n, err);
	if (r == 0) {
		char **more = NULL;
		size_t n_more = 0;

		r = names_of(now, &more, &n_more, err);
		for (size_t i = 0; r == 0 && i < n_more; i++)
			r = strv_add(&names, &n, more[i], err);
		strv_free(&more, &n_more);
	}
	strv_sort_unique(names, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = compare_name(old, now, names[i], names[i], answer, err);
	strv_free(&names, &n);
	return r;
}

static void print_summary(const struct answer *answer)
{
	if (answer->wider + answer->narrower + answer->other == 0)
		(void)fputs("no difference in what they mean\n", answer->term->out);
	else
		(void)fprintf(answer->term->out,
			      "wider: %zu, narrower: %zu, neither: %zu (profiles)\n", answer->wider,
			      answer->narrower, answer->other);
}

static int diff_text(const struct place *old, const struct place *now, struct err *err)
{
	const struct term term = term_of(stdout);
	struct answer answer = { .term = &term };
	int r = compare_all(old, now, &answer, err);

	if (r < 0)
		return r;
	print_summary(&answer);
	return answer.wider > 0 ? ERR_REFUSED : 0;
}

static int diff_json(const struct place *old, const struct place *now, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	struct answer answer = { .json = &e };
	int r;

	e.indent = 2;
	emit_object(&e);
	emit_key(&e, "profiles");
	emit_array(&e);
	r = compare_all(old, now, &answer, err);
	emit_array_end(&e);
	emit_key(&e, "wider");
	emit_u64(&e, answer.wider);
	emit_key(&e, "narrower");
	emit_u64(&e, answer.narrower);
	emit_key(&e, "other");
	emit_u64(&e, answer.other);
	emit_object_end(&e);
	if (r == 0)
		r = out_print_line(&out, err);
	if (r < 0)
		return r;
	return answer.wider > 0 ? ERR_REFUSED : 0;
}

static int diff(const struct words *paths, const struct words *dirs, bool json, struct err *err)
{
	_cleanup_(place_done) struct place old = { 0 };
	_cleanup_(place_done) struct place now = { 0 };
	int r;

	if (paths->n != 2)
		return err_input(err, EINVAL, "give two profiles, or two directories of them");
	r = open_place(paths->v[0], dirs, &old, err);
	if (r == 0)
		r = open_place(paths->v[1], dirs, &now, err);
	if (r == 0 && !old.name != !now.name)
		r = err_input(err, EINVAL, "give two profiles or two directories, not one of each");
	if (r < 0)
		return r;
	return json ? diff_json(&old, &now, err) : diff_text(&old, &now, err);
}

int cmd_diff(int argc, char **argv, struct err *err)
{
	_cleanup_words_ struct words paths = { 0 }, dirs = { 0 };
	bool json = false;
	const struct option options[] = {
		{ .letter = 'j',
		  .name = "json",
		  .flag = &json,
		  .help = "print the differences as JSON" },
		{ .letter = 'd',
		  .name = "dir",
		  .value = "DIR",
		  .list = &dirs,
		  .help = "where else a profile may be that is extended" },
	};
	const struct usage usage = {
		.args = "OLD NEW",
		.about = "Say what containers may do under NEW and not under OLD (+), and the\n"
			 "other way round (-): two profiles, or two directories of them. Exit\n"
			 "status: 0 nothing is wider, 1 something is, 2 wrong use or bad input.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &paths, err);
	return r != 0 ? (r < 0 ? r : 0) : diff(&paths, &dirs, json, err);
}
