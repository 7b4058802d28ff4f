/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision: request and profiles in, the confined config and every change out.
 *
 * Two passes. The enforced profiles' meet with the request becomes the new config; what the
 * audited ones would take from that is then told, and changes nothing.
 */
#include "profiles/policy_internal.h"

#include <errno.h>
#include <sys/uio.h>

#include "lib/hash.h"
#include "profiles/separate.h"

static const struct {
	const char *name;
	section_fn *run;
	bool of_process; /* asked also of a process that is executed later */
} sections[] = {
	[SECTION_SECCOMP] = { "seccomp", policy_seccomp, false },
	[SECTION_CAPABILITIES] = { "capabilities", policy_capabilities, true },
	[SECTION_ROOTFS] = { "rootfs", policy_rootfs, false },
	[SECTION_NETWORK] = { "network", policy_network, false },
	[SECTION_ADMISSION] = { "admission", policy_admission, true },
	[SECTION_LIMITS] = { "limits", policy_limits, true },
	[SECTION_ANNOTATIONS] = { "annotations", policy_annotations, false },
	[SECTION_CONFIG] = { "config", policy_config, true },
	/* Judged by who knows the host's other containers, see verdict_refuse(). */
	[SECTION_SEPARATE] = { "separate", NULL, false },
};
static_assert(ARRAY_SIZE(sections) == SECTIONS_, "a row a section");

const char *section_name(enum section section)
{
	return sections[section].name;
}

/* ---- what the sections share ---- */

void demand_add(struct demand *demand, size_t profile)
{
	demand->by[profile] = true;
	demand->any = true;
}

/* "restricted, web", or "host" */
static char *demanders(const struct pass *pass, const struct demand *demand)
{
	_cleanup_buf_ struct buf text = { 0 };
	bool any = false;

	if (!demand)
		return strdup("host");
	for (size_t i = 0; i < pass->n; i++) {
		if (!demand->by[i])
			continue;
		buf_addf(&text, "%s%s", any ? ", " : "", pass->profiles[i]->name);
		any = true;
	}
	return buf_take(&text);
}

static int append(const struct pass *pass, enum section section, bool refusal,
		  const struct demand *demand, const char *what, const char *remedy,
		  struct err *err)
{
	struct change change = {
		.section = section,
		.refusal = refusal,
		.audit = pass->audit,
		.what = strdup(what),
		.by = demanders(pass, demand),
		.remedy = remedy ? strdup(remedy) : NULL,
	};
	struct change *grown = NULL;

	if (change.what && change.by && (change.remedy || !remedy))
		grown = reallocarray(pass->changes->v, pass->changes->n + 1, sizeof(*grown));
	if (!grown) {
		free(change.what);
		free(change.by);
		free(change.remedy);
		return err_oom(err);
	}
	pass->changes->v = grown;
	grown[pass->changes->n++] = change;
	return 0;
}

int change_add(const struct pass *pass, enum section section, const struct demand *demand,
	       const char *what, struct err *err)
{
	return append(pass, section, false, demand, what, NULL, err);
}

int refusal_add(const struct pass *pass, enum section section, const struct demand *demand,
		const char *what, const char *remedy, struct err *err)
{
	return append(pass, section, true, demand, what, remedy, err);
}

bool profile_filters_network(const struct profile *profile)
{
	return profile->separate.present ||
	       (profile->network.present &&
		(profile->network.ingress.present || profile->network.egress.present));
}

/* ---- the passes ---- */

static int run_sections(const struct pass *pass, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		int r = 0;

		if (sections[i].run && (!pass->facts->exec || sections[i].of_process))
			r = sections[i].run(pass, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The profiles of a pass, each with the sections that are of its mode. */
struct picked {
	struct profile *copies; /* all that they point to is the store's */
	const struct profile *v[PASS_PROFILES_MAX];
	size_t n;
};

static void picked_done(struct picked *picked)
{
	free(picked->copies);
}

/* Data classes that the host keeps apart: to the container it is one more profile that filters it.
 */
static const struct profile separation = {
	.name = (char[]){ "host" },
	.network = { .present = true,
		     .ingress = { .present = true },
		     .egress = { .present = true } },
};

static bool separates(const struct host *host, const struct selection *selection, enum mode mode)
{
	enum mode own = host_separates(host) ? MODE_ENFORCE : MODE_AUDIT;

	return host->n_separate > 0 && !selection->exempt && mode == own;
}

static int pick(const struct host *host, const struct selection *selection, enum mode mode,
		struct picked *ret, struct err *err)
{
	ret->copies = calloc(selection->n + 1, sizeof(*ret->copies));
	if (!ret->copies)
		return err_oom(err);
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];
		bool whole = s->mode == MODE_AUDIT;

		if (whole ? mode == MODE_ENFORCE : !profile_has_mode(s->profile, mode))
			continue;
		ret->copies[ret->n] = *s->profile;
		if (!whole)
			profile_keep_mode(&ret->copies[ret->n], mode);
		ret->v[ret->n] = &ret->copies[ret->n];
		ret->n++;
	}
	if (separates(host, selection, mode))
		ret->v[ret->n++] = &separation;
	return 0;
}

/* One pass over one document; *ret_text stays empty where nothing changes. */
static int run_pass(const struct host *host, const struct selection *selection,
		    const struct doc *config, const struct facts *facts, enum mode mode,
		    struct verdict *verdict, struct buf *ret_text, struct err *err)
{
	_cleanup_(picked_done) struct picked picked = { 0 };
	_cleanup_request_ struct request request = { 0 };
	_cleanup_edit_ struct edit *edit = NULL;
	struct pass pass = {
		.host = host,
		.request = &request,
		.facts = facts,
		.profiles = picked.v,
		.audit = mode == MODE_AUDIT,
		.changes = &verdict->changes,
	};
	int r;

	r = pick(host, selection, mode, &picked, err);
	pass.n = picked.n;
	pass.separates = separates(host, selection, mode);
	if (r < 0 || pass.n == 0)
		return r;
	r = request_parse(config, &request, err);
	if (r == 0)
		r = edit_new(&edit, config, err);
	if (r < 0)
		return r;
	pass.edit = edit;
	r = run_sections(&pass, err);
	if (r == 0 && ret_text && !edit_is_empty(edit))
		r = edit_apply(edit, ret_text, err);
	return r;
}

/* Where only audited profiles apply, a config that cannot be judged would have been refused. */
static int would_not_judge(const struct host *host, const struct selection *selection,
			   struct verdict *verdict, struct err *err)
{
	_cleanup_(picked_done) struct picked picked = { 0 };
	struct pass pass = { .profiles = picked.v, .audit = true, .changes = &verdict->changes };
	const struct err why = *err;
	struct demand demand = { 0 };
	int r;

	err_clear(err);
	r = pick(host, selection, MODE_AUDIT, &picked, err);
	if (r < 0)
		return r;
	pass.n = picked.n;
	for (size_t i = 0; i < pass.n; i++)
		demand_add(&demand, i);
	return refusal_add(&pass, SECTION_CONFIG, &demand, why.text,
			   "mend it, or ask who wrote the config", err);
}

static void judge(const struct host *host, const struct selection *selection,
		  struct verdict *verdict)
{
	bool refused = false;

	verdict->mode = separates(host, selection, MODE_ENFORCE) ? MODE_ENFORCE : MODE_AUDIT;
	for (size_t i = 0; i < selection->n; i++) {
		if (selection->v[i].mode == MODE_ENFORCE)
			verdict->mode = MODE_ENFORCE;
	}
	for (size_t i = 0; i < verdict->changes.n; i++) {
		const struct change *change = &verdict->changes.v[i];

		refused = refused || (change->refusal && !change->audit);
		verdict->would_refuse = verdict->would_refuse || (change->refusal && change->audit);
	}
	verdict->outcome = refused ? OUTCOME_REFUSE : OUTCOME_ACCEPT;
	if (refused)
		verdict->would_refuse = false;
}

static int digest(const struct host *host, const struct selection *selection, struct verdict *ret,
		  struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_addf(&text, "%s\n", host->digest);
	for (size_t i = 0; i < selection->n; i++)
		buf_addf(&text, "%s %s %s\n", selection->v[i].profile->name,
			 selection->v[i].profile->digest, mode_name(selection->v[i].mode));
	if (buf_status(&text) < 0)
		return err_oom(err);
	sha256_hex1(ret->policy_digest, text.data, text.len);
	return 0;
}

static int decide_on(const struct host *host, const struct selection *selection,
		     const struct doc *config, const struct facts *facts, struct verdict *verdict,
		     struct err *err)
{
	_cleanup_doc_ struct doc *result = NULL;
	int r;

	r = run_pass(host, selection, config, facts, MODE_ENFORCE, verdict, &verdict->config, err);
	if (r < 0)
		return r;
	verdict->changed = verdict->config.len > 0;
	if (verdict->changed)
		r = doc_parse(&result, doc_name(config), verdict->config.data, verdict->config.len,
			      err);
	if (r == 0)
		r = run_pass(host, selection, result ? result : config, facts, MODE_AUDIT, verdict,
			     NULL, err);
	if (r < 0 && err->class == ERR_INPUT)
		r = would_not_judge(host, selection, verdict, err);
	if (r < 0)
		return r;
	judge(host, selection, verdict);
	return digest(host, selection, verdict, err);
}

void verdict_done(struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->changes.n; i++) {
		free(verdict->changes.v[i].what);
		free(verdict->changes.v[i].by);
		free(verdict->changes.v[i].remedy);
	}
	free(verdict->changes.v);
	buf_done(&verdict->config);
	*verdict = (struct verdict){ 0 };
}

int verdict_refuse(struct verdict *verdict, enum section section, bool audit, const char *what,
		   const char *remedy, const char *profile, struct err *err)
{
	const struct profile *by = &(struct profile){ .name = (char *)(uintptr_t)profile };
	const struct pass pass = {
		.profiles = &by, .n = 1, .changes = &verdict->changes, .audit = audit
	};
	const struct demand demand = { .by[0] = true, .any = true };
	int r = refusal_add(&pass, section, profile ? &demand : NULL, what, remedy, err);

	if (audit) {
		verdict->would_refuse = verdict->outcome == OUTCOME_ACCEPT;
		return r;
	}
	verdict->outcome = OUTCOME_REFUSE;
	verdict->would_refuse = false;
	verdict->mode = MODE_ENFORCE;
	return r;
}

int policy_decide(const struct host *host, const struct selection *selection,
		  const struct doc *config, const struct facts *facts, struct verdict *ret,
		  struct err *err)
{
	struct verdict verdict = { 0 };
	int r;

	r = config_check_keys(config, err);
	if (r == 0 && selection->n > APPLYING_MAX)
		r = err_input(err, E2BIG, "more than %d profiles apply", APPLYING_MAX);
	if (r == 0 && separation_count(host, selection, MODE_ENFORCE) > SEPARATIONS_MAX)
		r = err_input(err, E2BIG, "it is kept apart by more than %d labels",
			      SEPARATIONS_MAX);
	if (r == 0)
		r = decide_on(host, selection, config, facts, &verdict, err);
	if (r < 0) {
		verdict_done(&verdict);
		return r;
	}
	*ret = verdict;
	return 0;
}
