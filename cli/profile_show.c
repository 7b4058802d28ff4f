/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile takes away, alone or with all that it extends.
 *
 * The lines are made once, and printed as text or as JSON. Where several profiles apply, what is
 * left is their meet, as in profiles/policy.c.
 */
#include "cli/profile_show.h"

#include <errno.h>
#include <stddef.h>

#include "cli/out.h"
#include "cli/term.h"
#include "lib/buf.h"
#include "lib/emit.h"
#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/errno_name.h"
#include "profiles/filter_words.h"
#include "profiles/ruleset.h"
#include "profiles/seccomp_meet.h"

/* One thing that is said of the profiles. */
struct line {
	const char *section;
	char *text;
	char *by; /* names, ", " between */
};

struct show {
	const struct selected *v;
	size_t n;
	const struct show_options *options;
	struct line *lines;
	size_t n_lines;
	struct err *err;
};

static void show_done(struct show *show)
{
	for (size_t i = 0; i < show->n_lines; i++) {
		free(show->lines[i].text);
		free(show->lines[i].by);
	}
	free(show->lines);
}

typedef bool demands_fn(const struct profile *profile, const void *arg);

static bool audits(const struct selected *s, const char *section)
{
	const struct profile *p = s->profile;
	const struct {
		const char *name;
		enum mode mode;
	} sections[] = {
		{ "seccomp", p->seccomp.mode },     { "capabilities", p->capabilities.mode },
		{ "rootfs", p->rootfs.mode },       { "network", p->network.mode },
		{ "admission", p->admission.mode }, { "limits", p->limits.mode },
		{ "separate", p->separate.mode },   { "attest", p->mode },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (streq(sections[i].name, section))
			return !selected_enforces(s, sections[i].mode);
	}
	return false;
}

/* Which of the profiles demand it; audited ones are marked. */
static char *demanders(const struct show *show, const char *section, demands_fn *demands,
		       const void *arg)
{
	struct buf out = { 0 };

	buf_adds(&out, "");
	for (size_t i = 0; i < show->n; i++) {
		const struct selected *s = &show->v[i];

		if (demands(s->profile, arg))
			buf_addf(&out, "%s%s%s", out.len ? ", " : "", s->profile->name,
				 audits(s, section) ? " (audit)" : "");
	}
	return buf_take(&out);
}

static int add_line(struct show *show, const char *section, struct buf *text, demands_fn *demands,
		    const void *arg)
{
	struct line *grown = reallocarray(show->lines, show->n_lines + 1, sizeof(*grown));
	struct line line = { .section = section };

	if (!grown)
		return err_oom(show->err);
	show->lines = grown;
	line.text = buf_take(text);
	line.by = demanders(show, section, demands, arg);
	grown[show->n_lines++] = line;
	return line.text && line.by ? 0 : err_oom(show->err);
}

/* ---- capabilities ---- */

static bool has_capabilities(const struct profile *p, const void *arg)
{
	return p->capabilities.present;
}

static int show_capabilities(struct show *show)
{
	_cleanup_buf_ struct buf text = { 0 };
	uint64_t allowed = CAPS_ALL;
	bool any = false;

	for (size_t i = 0; i < show->n; i++) {
		const struct capability_section *section = &show->v[i].profile->capabilities;

		any = any || section->present;
		allowed &= section->present ? section->allowed : CAPS_ALL;
	}
	if (!any)
		return 0;
	buf_adds(&text, allowed ? "leaves" : "leaves none");
	for (int i = 0; cap_name(i); i++) {
		if (allowed & CAP_MASK(i))
			buf_addf(&text, " %s", cap_name(i) + strlen("CAP_"));
	}
	return add_line(show, "capabilities", &text, has_capabilities, NULL);
}

/* ---- seccomp ---- */

static bool has_seccomp(const struct profile *p, const void *arg)
{
	return p->seccomp.present;
}

static int meet_all(const struct show *show, struct filter *ret)
{
	const struct seccomp_section **sections = calloc(show->n + 1, sizeof(*sections));
	int r;

	if (!sections)
		return err_oom(show->err);
	for (size_t i = 0; i < show->n; i++)
		sections[i] = &show->v[i].profile->seccomp;
	r = seccomp_meet(sections, show->n, 0, 0, ret, show->err);
	free(sections);
	return r;
}

static void write_action(const struct action *action, struct buf *out)
{
	const char *name = action->kind == ACT_ERRNO ? errno_name(action->ret) : NULL;

	buf_adds(out, filter_action_word(action->kind) + strlen("SCMP_ACT_"));
	if (name)
		buf_addf(out, " %s", name);
}

static void write_condition(const struct filter_arg *arg, struct buf *out)
{
	static const char *const ops[] = { "!=", "<", "<=", "==", ">=", ">", "&" };

	static_assert(ARRAY_SIZE(ops) == OPS_, "a sign an operator");
	if (arg->op == OP_MASKED_EQ)
		buf_addf(out, "(arg%u & %#llx) == %#llx", arg->index,
			 (unsigned long long)arg->value, (unsigned long long)arg->value_two);
	else
		buf_addf(out, "arg%u %s %#llx", arg->index, ops[arg->op],
			 (unsigned long long)arg->value);
}

/* One line for all calls of an action without conditions, or only how many they are. */
static int show_group(struct show *show, const struct filter *filter, const struct action *action)
{
	_cleanup_buf_ struct buf text = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < filter->n_rules; i++)
		n += filter->rules[i].n_args == 0 &&
		     action_compare(filter->rules[i].action, *action) == 0;
	write_action(action, &text);
	buf_addf(&text, " %zu system call%s", n, n == 1 ? "" : "s");
	for (size_t i = 0, told = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];

		if (rule->n_args > 0 || action_compare(rule->action, *action) != 0)
			continue;
		if (!show->options->seccomp && told == 12) {
			buf_adds(&text, ", ...");
			break;
		}
		buf_addf(&text, "%s%s", told++ ? ", " : ": ", rule->name);
	}
	return add_line(show, "seccomp", &text, has_seccomp, NULL);
}

static bool is_first(const struct filter *filter, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (filter->rules[i].n_args == 0 &&
		    action_compare(filter->rules[i].action, filter->rules[at].action) == 0)
			return false;
	}
	return true;
}

static int show_conditional(struct show *show, const struct filter *filter)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];
		_cleanup_buf_ struct buf text = { 0 };

		if (rule->n_args == 0)
			continue;
		write_action(&rule->action, &text);
		buf_addf(&text, " %s where ", rule->name);
		for (size_t k = 0; k < rule->n_args; k++) {
			buf_adds(&text, k ? " and " : "");
			write_condition(&rule->args[k], &text);
		}
		r = add_line(show, "seccomp", &text, has_seccomp, NULL);
	}
	return r;
}

static int show_seccomp(struct show *show)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct filter filter = { 0 };
	bool any = false;
	int r;

	for (size_t i = 0; i < show->n; i++)
		any = any || show->v[i].profile->seccomp.present;
	if (!any)
		return 0;
	r = meet_all(show, &filter);
	if (r < 0)
		return r;
	write_action(&filter.default_action, &text);
	buf_adds(&text, " what is not named; for");
	for (size_t i = 0; i < filter.n_architectures; i++)
		buf_addf(&text, " %s", filter.architectures[i] + strlen("SCMP_ARCH_"));
	if (filter.n_architectures == 0)
		buf_adds(&text, " the native architecture");
	r = add_line(show, "seccomp", &text, has_seccomp, NULL);
	for (size_t i = 0; r == 0 && i < filter.n_rules; i++) {
		if (filter.rules[i].n_args == 0 && is_first(&filter, i))
			r = show_group(show, &filter, &filter.rules[i].action);
	}
	if (r == 0)
		r = show_conditional(show, &filter);
	filter_done(&filter);
	return r;
}

/* ---- rootfs ---- */

static bool is_read_only(const struct profile *p, const void *arg)
{
	return p->rootfs.present && p->rootfs.read_only;
}

static const struct writable *find_writable(const struct profile *p, const char *path)
{
	for (size_t i = 0; i < p->rootfs.n_writable; i++) {
		if (streq(p->rootfs.writable[i].path, path))
			return &p->rootfs.writable[i];
	}
	return NULL;
}

/* A path is left if every profile that makes the root read-only grants it; the least size holds. */
static bool is_granted(const struct show *show, const char *path, uint64_t *ret_size)
{
	*ret_size = 0;
	for (size_t i = 0; i < show->n; i++) {
		const struct profile *p = show->v[i].profile;
		const struct writable *w = find_writable(p, path);

		if (!is_read_only(p, NULL))
			continue;
		if (!w)
			return false;
		if (w->size_bytes && (!*ret_size || w->size_bytes < *ret_size))
			*ret_size = w->size_bytes;
	}
	return true;
}

static int show_rootfs(struct show *show)
{
	_cleanup_buf_ struct buf text = { 0 };
	const struct profile *first = NULL;
	bool any = false;

	for (size_t i = 0; i < show->n && !first; i++)
		first = is_read_only(show->v[i].profile, NULL) ? show->v[i].profile : NULL;
	if (!first)
		return 0;
	buf_adds(&text, "read-only");
	for (size_t i = 0; i < first->rootfs.n_writable; i++) {
		const char *path = first->rootfs.writable[i].path;
		uint64_t size;

		if (!is_granted(show, path, &size))
			continue;
		buf_addf(&text, "%s %s", any ? "," : ", but for a tmpfs on", path);
		if (size)
			buf_addf(&text, " of %llu bytes", (unsigned long long)size);
		any = true;
	}
	return add_line(show, "rootfs", &text, is_read_only, NULL);
}

/* ---- network ---- */

static bool is_profile(const struct profile *p, const void *arg)
{
	return p == arg;
}

static int show_direction(struct show *show, const struct profile *p, bool ingress)
{
	const struct direction *direction = ingress ? &p->network.ingress : &p->network.egress;
	const char *name = ingress ? "ingress" : "egress";
	int r = 0;

	if (!p->network.present || !direction->present)
		return 0;
	for (size_t i = 0; r == 0 && i < direction->n_rules; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		buf_addf(&text, "%s: ", name);
		network_rule_describe(&direction->rules[i], &text);
		r = add_line(show, "network", &text, is_profile, p);
	}
	if (direction->n_rules == 0) {
		_cleanup_buf_ struct buf text = { 0 };

		buf_addf(&text, "%s: nothing", name);
		r = add_line(show, "network", &text, is_profile, p);
	}
	return r;
}

/* A packet must pass every profile: each one's rules are told. */
static int show_network(struct show *show)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < show->n; i++) {
		r = show_direction(show, show->v[i].profile, true);
		if (r == 0)
			r = show_direction(show, show->v[i].profile, false);
	}
	return r;
}

/* ---- admission, limits ---- */

static bool denies(const struct profile *p, const void *arg)
{
	const enum admission_rule *rule = arg;

	return p->admission.present && (p->admission.denied & 1U << *rule);
}

static bool denies_path(const struct profile *p, const void *arg)
{
	return p->admission.present &&
	       strv_contains(p->admission.host_paths, p->admission.n_host_paths, arg);
}

static bool denied_before(const struct show *show, size_t end, const char *path)
{
	for (size_t i = 0; i < end; i++) {
		if (denies_path(show->v[i].profile, path))
			return true;
	}
	return false;
}

static int show_paths(struct show *show)
{
	int r = 0;

	for (size_t i = 0; i < show->n; i++) {
		const struct admission_section *section = &show->v[i].profile->admission;

		for (size_t k = 0; r == 0 && k < section->n_host_paths; k++) {
			_cleanup_buf_ struct buf text = { 0 };
			const char *path = section->host_paths[k];

			if (denied_before(show, i, path))
				continue;
			buf_addf(&text, "denies hostPath:%s", path);
			r = add_line(show, "admission", &text, denies_path, path);
		}
	}
	return r;
}

static int show_admission(struct show *show)
{
	int r = 0;

	for (enum admission_rule rule = 0; r == 0 && rule < ADMISSION_RULES_; rule++) {
		_cleanup_buf_ struct buf text = { 0 };
		bool any = false;

		for (size_t i = 0; i < show->n; i++)
			any = any || denies(show->v[i].profile, &rule);
		buf_addf(&text, "denies %s", admission_rule_name(rule));
		if (any)
			r = add_line(show, "admission", &text, denies, &rule);
	}
	return r < 0 ? r : show_paths(show);
}

static const struct {
	const char *what;
	size_t offset;
} limits[] = {
	{ "processes", offsetof(struct limits_section, pids) },
	{ "bytes of memory", offsetof(struct limits_section, memory_bytes) },
	{ "open files", offsetof(struct limits_section, nofile) },
};

static uint64_t limit_of(const struct profile *p, size_t i)
{
	uint64_t v = 0;

	if (p->limits.present)
		memcpy(&v, (const char *)&p->limits + limits[i].offset, sizeof(v));
	return v;
}

struct limit {
	size_t which;
	uint64_t value;
};

static bool limits_to(const struct profile *p, const void *arg)
{
	const struct limit *limit = arg;

	return limit_of(p, limit->which) == limit->value;
}

static int show_limits(struct show *show)
{
	int r = 0;

	for (size_t which = 0; r == 0 && which < ARRAY_SIZE(limits); which++) {
		struct limit least = { .which = which };
		_cleanup_buf_ struct buf text = { 0 };

		for (size_t i = 0; i < show->n; i++) {
			uint64_t v = limit_of(show->v[i].profile, which);

			if (v && (!least.value || v < least.value))
				least.value = v;
		}
		if (!least.value)
			continue;
		buf_addf(&text, "at most %llu %s", (unsigned long long)least.value,
			 limits[which].what);
		r = add_line(show, "limits", &text, limits_to, &least);
	}
	return r;
}

/* ---- separate ---- */

static bool separates(const struct profile *p, const void *arg)
{
	return p->separate.present && strv_contains(p->separate.keys, p->separate.n_keys, arg);
}

static int show_separate(struct show *show)
{
	char **all = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < show->n; i++) {
		const struct separate_section *separate = &show->v[i].profile->separate;

		for (size_t k = 0; r == 0 && k < separate->n_keys; k++)
			r = strv_add(&all, &n, separate->keys[k], show->err);
	}
	strv_sort_unique(all, &n);
	for (size_t i = 0; r == 0 && all && i < n; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		buf_addf(&text, "shares and exchanges nothing with containers whose %s differs",
			 Q(all[i]));
		r = add_line(show, "separate", &text, separates, all[i]);
	}
	strv_free(&all, &n);
	return r;
}

static bool kills_what_drifts(const struct profile *p, const void *arg)
{
	return p->attest.kills;
}

static int show_attest(struct show *show)
{
	_cleanup_buf_ struct buf text = { 0 };
	bool any = false;

	for (size_t i = 0; i < show->n; i++)
		any = any || kills_what_drifts(show->v[i].profile, NULL);
	if (!any)
		return 0;
	buf_adds(&text, "kills a container that drifted from what was admitted");
	return add_line(show, "attest", &text, kills_what_drifts, NULL);
}

static bool evidences(const struct profile *p, const void *arg)
{
	return strv_contains(p->controls, p->n_controls, arg);
}

static int show_controls(struct show *show)
{
	char **all = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < show->n; i++) {
		const struct profile *p = show->v[i].profile;

		for (size_t k = 0; r == 0 && k < p->n_controls; k++)
			r = strv_add(&all, &n, p->controls[k], show->err);
	}
	strv_sort_unique(all, &n);
	for (size_t i = 0; r == 0 && all && i < n; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		buf_adds(&text, all[i]);
		r = add_line(show, "controls", &text, evidences, all[i]);
	}
	strv_free(&all, &n);
	return r;
}

/* ---- printing ---- */

static void print_text(const struct show *show, const struct profile *profile,
		       const struct buf *rules)
{
	const struct term term = term_of(stdout);
	const char *section = "";

	term_put(&term, STYLE_BOLD, profile->name);
	(void)fprintf(term.out, " (%s), %s\n", mode_name(profile->mode), profile->file);
	if (profile->description) {
		(void)fputs("  ", term.out);
		term_wrap(&term, 2, 2, profile->description);
	}
	for (size_t i = 0; i < show->n_lines; i++) {
		const struct line *line = &show->lines[i];
		_cleanup_buf_ struct buf text = { 0 };

		if (!streq(section, line->section)) {
			term_put(&term, STYLE_BOLD, line->section);
			(void)fputc('\n', term.out);
		}
		section = line->section;
		buf_adds(&text, line->text);
		if (show->options->effective)
			buf_addf(&text, " [%s]", line->by);
		(void)fputs("  ", term.out);
		term_wrap(&term, 2, 6, buf_status(&text) < 0 ? line->text : text.data);
	}
	if (rules->len)
		(void)fprintf(term.out, "%s", rules->data);
}

static int print_json(const struct show *show, const struct profile *profile,
		      const struct buf *rules)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	e.indent = 2;
	emit_object(&e);
	emit_key(&e, "name");
	emit_string(&e, profile->name);
	emit_key(&e, "mode");
	emit_string(&e, mode_name(profile->mode));
	emit_key(&e, "file");
	emit_string(&e, profile->file);
	emit_key(&e, "description");
	emit_string(&e, profile->description ? profile->description : "");
	emit_key(&e, "lines");
	emit_array(&e);
	for (size_t i = 0; i < show->n_lines; i++) {
		emit_object(&e);
		emit_key(&e, "section");
		emit_string(&e, show->lines[i].section);
		emit_key(&e, "text");
		emit_string(&e, show->lines[i].text);
		emit_key(&e, "by");
		emit_string(&e, show->lines[i].by);
		emit_object_end(&e);
	}
	emit_array_end(&e);
	if (rules->len) {
		emit_key(&e, "nft");
		emit_string(&e, rules->data);
	}
	emit_object_end(&e);
	return out_print_line(&out, show->err);
}

static int (*const parts[])(struct show *show) = {
	show_seccomp, show_capabilities, show_rootfs, show_network,  show_admission,
	show_limits,  show_separate,     show_attest, show_controls,
};

int profile_show(const struct profile *profile, const struct selected *v, size_t n,
		 const struct show_options *options, struct err *err)
{
	_cleanup_(show_done) struct show show = { .v = v, .n = n, .options = options, .err = err };
	const struct selection all = { .v = (struct selected *)(uintptr_t)v, .n = n };
	_cleanup_buf_ struct buf rules = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](&show);
	if (r == 0 && options->nft && ruleset_is_needed(&all, options->host))
		r = ruleset_write(&all, options->host, "container", NULL, &rules, err);
	if (r < 0)
		return r;
	if (options->json)
		return print_json(&show, profile, &rules);
	print_text(&show, profile, &rules);
	return 0;
}
