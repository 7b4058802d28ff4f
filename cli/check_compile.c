/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would a runtime load the filter that a container gets under a profile?
 */
#include "cli/check_compile.h"

#include <errno.h>

#include "cli/compile.h"
#include "cli/engine_filter.h"
#include "hooks/facts.h"
#include "profiles/caps.h"
#include "profiles/profile.h"

/* Bounding sets under which a filter in Docker's format says most that is different. */
static const uint64_t bounding[] = { 0, CAPS_ALL };

static bool has_conditions(const struct seccomp_section *seccomp)
{
	for (size_t i = 0; i < seccomp->n_filters; i++) {
		for (size_t k = 0; k < seccomp->filters[i].n_rules; k++) {
			if (seccomp->filters[i].rules[k].n_args > 0)
				return true;
		}
	}
	return false;
}

/* *base meets one filter, and is replaced. */
static int meet(struct filter *base, const struct filter *filter, uint64_t caps, struct err *err)
{
	struct filter resolved = { 0 }, met = { 0 };
	int r;

	r = filter_resolve(filter, caps, facts_kernel(), &resolved, err);
	if (r == 0)
		r = filter_meet(base, &resolved, &met, NULL, NULL, err);
	filter_done(&resolved);
	if (r < 0)
		return r;
	filter_done(base);
	*base = met;
	return 0;
}

static int compile_under(const struct seccomp_section *seccomp, enum engine_filter which,
			 uint64_t caps, size_t *ret_instructions, struct err *err)
{
	struct filter filter = { 0 };
	int r;

	r = engine_filter_make(which, &filter, err);
	for (size_t i = 0; r == 0 && i < seccomp->n_filters; i++)
		r = meet(&filter, &seccomp->filters[i], caps, err);
	if (r == 0)
		r = compile_filter(&filter, NULL, ret_instructions, err);
	filter_done(&filter);
	return r;
}

/* The larger of what it becomes with no capability and with all of them. */
static int compile_all(const struct seccomp_section *seccomp, enum engine_filter which,
		       size_t *ret_instructions, struct err *err)
{
	int r = 0;

	*ret_instructions = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(bounding); i++) {
		size_t n = 0;

		r = compile_under(seccomp, which, bounding[i], &n, err);
		if (n > *ret_instructions)
			*ret_instructions = n;
	}
	/* A profile for other machines: whoever starts a container on this one is told then. */
	if (r < 0 && err->class == ERR_REFUSED) {
		err_clear(err);
		return 0;
	}
	return r;
}

static void tell(const struct checked_file *file, enum engine_filter which, const struct err *why,
		 faults_report_fn *report, void *arg)
{
	const struct node *node = node_get(doc_root(file->doc), "seccomp");
	char place[WHERE_MAX] = "";
	struct fault fault = { 0 };
	struct err text = { 0 };

	(void)err_input(&text, EBADMSG,
			"%s: the filter that becomes of \"seccomp\" %s cannot be loaded: %s",
			WHERE_KEY(file->doc, node), engine_filter_name(which), why->text);
	fault.text = text.text;
	(void)fault_place(text.text, doc_shown_name(place, file->doc), &fault.line, &fault.column);
	report(arg, &fault);
}

int check_compiles(const struct checked_file *file, bool verbose, faults_report_fn *report,
		   void *arg, struct err *err)
{
	const struct seccomp_section *seccomp = file->profile ? &file->profile->seccomp : NULL;

	if (!seccomp || !seccomp->present || (!verbose && !has_conditions(seccomp)))
		return 0;
	for (int which = 0; which < ENGINES_; which++) {
		struct err why = { 0 };
		size_t n = 0;
		int r;

		r = compile_all(seccomp, (enum engine_filter)which, &n, &why);
		if (r < 0 && why.class != ERR_INPUT) {
			*err = why;
			return r;
		}
		if (r < 0) {
			tell(file, (enum engine_filter)which, &why, report, arg);
			return 0;
		}
		if (verbose && n > 0)
			printf("%s: %zu instructions %s\n", file->path, n,
			       engine_filter_name((enum engine_filter)which));
	}
	return 0;
}
