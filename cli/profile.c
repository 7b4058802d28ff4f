/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming profile: what is installed, see coaming-profile(1).
 */
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>

#include "cli/options.h"
#include "cli/out.h"
#include "cli/profile_show.h"
#include "cli/term.h"
#include "lib/strv.h"

static bool has_path(const struct host *host, size_t dir, const char *name, char path[512])
{
	struct stat st;

	(void)snprintf(path, 512, "%s/%s.json", host->profile_dirs[dir], name);
	return stat(path, &st) == 0;
}

/* Files of the name in directories of lower precedence. */
static void add_overridden(const struct host *host, const struct profile *profile, struct emit *e,
			   const struct term *term)
{
	bool below = false;

	for (size_t i = 0; i < host->n_profile_dirs; i++) {
		char path[512];

		if (!has_path(host, i, profile->name, path))
			continue;
		if (below && e)
			emit_string(e, path);
		else if (below)
			(void)fprintf(term->out, "    overrides %s\n", path);
		below = true;
	}
}

static void write_sections(const struct profile *p, struct buf *out)
{
	const struct {
		const char *name;
		bool present;
		enum mode mode;
	} sections[] = {
		{ "seccomp", p->seccomp.present, p->seccomp.mode },
		{ "capabilities", p->capabilities.present, p->capabilities.mode },
		{ "rootfs", p->rootfs.present, p->rootfs.mode },
		{ "network", p->network.present, p->network.mode },
		{ "admission", p->admission.present, p->admission.mode },
		{ "limits", p->limits.present, p->limits.mode },
		{ "separate", p->separate.present, p->separate.mode },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (!sections[i].present)
			continue;
		buf_addf(out, "%s%s", out->len ? ", " : "", sections[i].name);
		if (sections[i].mode != p->mode)
			buf_addf(out, " (%s)", mode_name(sections[i].mode));
	}
	if (out->len == 0)
		buf_adds(out, "nothing");
}

static void write_applies(const struct host *host, const struct profile *p, struct buf *out)
{
	if (strv_contains(host->floor, host->n_floor, p->name))
		buf_adds(out, "every container (the host's floor)");
	if (host->default_profile && streq(host->default_profile, p->name))
		buf_addf(out, "%swhat nothing else applies to%s", out->len ? "; " : "",
			 host->default_audits ? " (audit)" : "");
	if (p->match.present) {
		buf_adds(out, out->len ? "; " : "");
		match_describe(&p->match, out);
	}
	if (out->len == 0)
		buf_adds(out, p->selectable ? "who names it" : "nobody by itself");
	else if (!p->selectable)
		buf_adds(out, "; no label may name it");
}

static void print_line(const struct term *term, const char *what, const struct buf *text)
{
	(void)fprintf(term->out, "    %s ", what);
	term_wrap(term, 5 + strlen(what), 6, buf_status(text) < 0 ? "" : text->data);
}

static void list_text(const struct host *host, const struct profile *p, const struct term *term)
{
	_cleanup_buf_ struct buf sections = { 0 }, applies = { 0 }, extends = { 0 };

	term_put(term, STYLE_BOLD, p->name);
	if (p->mode == MODE_AUDIT)
		term_put(term, STYLE_WARN, " (audit)");
	(void)fputc('\n', term->out);
	write_sections(p, &sections);
	write_applies(host, p, &applies);
	print_line(term, "takes", &sections);
	print_line(term, "for", &applies);
	for (size_t i = 0; i < p->n_extends; i++)
		buf_addf(&extends, "%s%s", i ? ", " : "", p->extends[i]);
	if (p->n_extends)
		print_line(term, "extends", &extends);
	(void)fprintf(term->out, "    from %s\n", p->file);
	add_overridden(host, p, NULL, term);
}

static void list_json(const struct host *host, const struct profile *p, struct emit *e)
{
	_cleanup_buf_ struct buf applies = { 0 };

	write_applies(host, p, &applies);
	emit_object(e);
	emit_key(e, "name");
	emit_string(e, p->name);
	emit_key(e, "description");
	emit_string(e, p->description ? p->description : "");
	emit_key(e, "mode");
	emit_string(e, mode_name(p->mode));
	emit_key(e, "appliesTo");
	emit_string(e, buf_status(&applies) < 0 ? "" : applies.data);
	emit_key(e, "selectable");
	emit_bool(e, p->selectable);
	emit_key(e, "extends");
	emit_array(e);
	for (size_t i = 0; i < p->n_extends; i++)
		emit_string(e, p->extends[i]);
	emit_array_end(e);
	emit_key(e, "controls");
	emit_array(e);
	for (size_t i = 0; i < p->n_controls; i++)
		emit_string(e, p->controls[i]);
	emit_array_end(e);
	emit_key(e, "file");
	emit_string(e, p->file);
	emit_key(e, "digest");
	emit_string(e, p->digest);
	emit_key(e, "overrides");
	emit_array(e);
	add_overridden(host, p, e, NULL);
	emit_array_end(e);
	emit_object_end(e);
}

/* All of them, also after one that is broken, which is told and makes the answer a failure. */
static int list(const struct host *host, struct store *store, bool json, struct err *err)
{
	const struct term term = term_of(stdout);
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	char **names = NULL;
	size_t n = 0;
	int r, status = 0;

	e.indent = 2;
	r = store_names(store, &names, &n, err);
	emit_array(&e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct profile *profile;
		struct err fault = { 0 };

		if (store_get(store, names[i], &profile, &fault) < 0) {
			(void)fflush(stdout);
			(void)fprintf(stderr, "coaming: profile list: %s\n", fault.text);
			status = ERR_INPUT;
		} else if (json) {
			list_json(host, profile, &e);
		} else {
			list_text(host, profile, &term);
		}
	}
	emit_array_end(&e);
	if (r == 0 && json)
		r = out_print_line(&out, err);
	strv_free(&names, &n);
	return r < 0 ? r : status;
}

static int unknown_name(struct store *store, const char *name, struct err *err)
{
	char near[PROFILE_NAME_MAX + 1];
	bool any = *store_nearest(store, name, near);

	return err_input(err, ENOENT, "there is no profile %s%s%s%s", Q(name),
			 any ? " (did you mean " : "", near, any ? "?)" : "");
}

static int show(const struct host *host, struct store *store, const char *name,
		const struct show_options *options, struct err *err)
{
	struct selection selection = { 0 };
	const struct profile *profile;
	int r;

	r = store_get(store, name, &profile, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		return unknown_name(store, name, err);
	if (r == 0 && options->effective)
		r = select_extended(host, store, profile, &selection, err);
	if (r < 0)
		return r;
	if (options->effective) {
		r = profile_show(profile, selection.v, selection.n, options, err);
	} else {
		const struct selected alone = {
			.profile = profile,
			.why = WHY_NAMED,
			.mode = profile_has_mode(profile, MODE_ENFORCE) ? MODE_ENFORCE : MODE_AUDIT,
		};

		r = profile_show(profile, &alone, 1, options, err);
	}
	selection_done(&selection);
	return r;
}

static int answer(const struct words *words, const char *config, const struct words *dirs,
		  struct show_options *options, struct err *err)
{
	static const char *const actions[] = { "list", "show" };
	_cleanup_host_ struct host *host = NULL;
	_cleanup_store_ struct store *store = NULL;
	const char *action = words->n > 0 ? words->v[0] : NULL;
	const char *near = action ? nearest_word(action, actions, ARRAY_SIZE(actions)) : NULL;
	int r;

	if (!action || (!streq(action, "list") && !streq(action, "show")))
		return err_input(err, EINVAL, "say list or show%s%s%s",
				 near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
	if (streq(action, "list") ? words->n != 1 : words->n != 2)
		return err_input(err, EINVAL, "%s",
				 streq(action, "list") ? "list takes no name"
						       : "show takes one profile's name");
	r = host_load(config, &host, err);
	for (size_t i = 0; r == 0 && i < dirs->n; i++) {
		if (i == 0)
			strv_free(&host->profile_dirs, &host->n_profile_dirs);
		r = strv_add(&host->profile_dirs, &host->n_profile_dirs, dirs->v[i], err);
	}
	if (r == 0)
		r = dirs->n > 0 ? store_open_untrusted(host, &store, err)
				: store_open(host, &store, err);
	if (r < 0)
		return r;
	options->host = host;
	return streq(action, "list") ? list(host, store, options->json, err)
				     : show(host, store, words->v[1], options, err);
}

int cmd_profile(int argc, char **argv, struct err *err)
{
	_cleanup_words_ struct words words = { 0 }, dirs = { 0 };
	struct show_options show_options = { 0 };
	const char *config = NULL;
	const struct option options[] = {
		{ .letter = 'e',
		  .name = "effective",
		  .flag = &show_options.effective,
		  .help = "with all that it extends, as a container meets it" },
		{ .name = "seccomp",
		  .flag = &show_options.seccomp,
		  .help = "also every system call" },
		{ .name = "nft", .flag = &show_options.nft, .help = "also the firewall's rules" },
		{ .letter = 'j', .name = "json", .flag = &show_options.json, .help = "print JSON" },
		{ .letter = 'd',
		  .name = "dir",
		  .value = "DIR",
		  .list = &dirs,
		  .help = "profiles from this directory, not the host's" },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.args = "list | show NAME",
		.about = "List the installed profiles, or show what one takes away.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &words, err);
	return r != 0 ? (r < 0 ? r : 0) : answer(&words, config, &dirs, &show_options, err);
}
