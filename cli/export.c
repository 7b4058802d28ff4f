/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming export: Kubernetes' NetworkPolicies from profiles, see coaming-export(1).
 */
#include "cli/cli.h"

#include <errno.h>

#include "cli/options.h"
#include "lib/strv.h"
#include "lib/yaml_write.h"
#include "profiles/kube.h"

/* What the command line says. */
struct wishes {
	const char *config;
	bool networkpolicy, partial, json;
	struct words profiles, dirs, namespaces;
};

/* The profiles that were chosen, with all that each extends. */
struct sources {
	struct kube_source *v;
	struct selection *selections; /* one each */
	size_t n;
	bool separates;   /* one of them keeps classes apart */
	size_t n_audited; /* network sections in audit mode, which take nothing */
};

static void sources_done(struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		selection_done(&sources->selections[i]);
	free(sources->selections);
	free(sources->v);
}

/* ---- which profiles ---- */

static bool has_network(const struct selection *selection, struct sources *sources)
{
	bool found = false;

	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		sources->separates = sources->separates || s->profile->separate.present;
		if (!s->profile->network.present)
			continue;
		if (selected_enforces(s, s->profile->network.mode))
			found = true;
		else
			sources->n_audited++;
	}
	return found;
}

static int add_source(const struct host *host, struct store *store, const char *name,
		      bool everywhere, struct sources *sources, struct err *err)
{
	struct selection selection = { 0 };
	const struct profile *profile;
	int r;

	r = store_get(store, name, &profile, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		return err_input(err, ENOENT, "there is no profile %s", Q(name));
	if (r == 0)
		r = select_extended(host, store, profile, &selection, err);
	if (r < 0 || !has_network(&selection, sources)) {
		selection_done(&selection);
		return r;
	}
	sources->selections[sources->n] = selection;
	sources->v[sources->n] = (struct kube_source){
		.profile = profile,
		.selection = &sources->selections[sources->n],
		.everywhere = everywhere,
	};
	sources->n++;
	return 0;
}

static int make_room(struct sources *sources, size_t n, struct err *err)
{
	sources->v = calloc(n + 1, sizeof(*sources->v));
	sources->selections = calloc(n + 1, sizeof(*sources->selections));
	return sources->v && sources->selections ? 0 : err_oom(err);
}

static int take_named(const struct host *host, struct store *store, const struct words *names,
		      struct sources *sources, struct err *err)
{
	int r = make_room(sources, names->n, err);

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		for (size_t k = 0; r == 0 && k < i; k++) {
			if (streq(names->v[i], names->v[k]))
				r = err_input(err, EINVAL, "%s is named twice", Q(names->v[i]));
		}
		if (r == 0)
			r = add_source(host, store, names->v[i],
				       strv_contains(host->floor, host->n_floor, names->v[i]),
				       sources, err);
	}
	return r;
}

/* Those that apply by themselves: of the floor, and with a `match`. */
static int take_all(const struct host *host, struct store *store, struct sources *sources,
		    struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	r = store_names(store, &names, &n, err);
	if (r == 0)
		r = make_room(sources, n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		bool floor = strv_contains(host->floor, host->n_floor, names[i]);
		const struct profile *profile;

		r = store_get(store, names[i], &profile, err);
		if (r == 0 && (floor || profile->match.present))
			r = add_source(host, store, names[i], floor, sources, err);
	}
	strv_free(&names, &n);
	return r;
}

/* ---- telling and printing ---- */

static void note(const char *text)
{
	(void)fprintf(stderr, "coaming: export: note: %s\n", text);
}

static void tell_notes(const struct kube_told *told, const struct sources *sources,
		       const struct host *host)
{
	if (told->unnamed)
		note("policies without a namespace are for each: apply them in every one (kubectl "
		     "-n), or name them with --namespace");
	if (sources->n_audited > 0)
		note("sections in audit mode are left out: they take nothing");
	if (sources->separates)
		note("\"separate\" in a profile keeps classes apart, and is no policy");
	if (host->n_separate > 0)
		note("\"separate\" in the host configuration keeps classes apart, and is no "
		     "policy");
}

static int print_yaml(const struct doc *doc, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };
	int r = 0;

	node_foreach (policy, doc_root(doc)) {
		if (text.len > 0)
			buf_adds(&text, "---\n");
		r = yaml_write(policy, &text, err);
		if (r < 0)
			return r;
	}
	(void)fputs(text.data ? text.data : "", stdout);
	return 0;
}

static int print_policies(const struct buf *json, bool as_json, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	if (as_json) {
		printf("{\n\"apiVersion\": \"v1\",\n\"kind\": \"List\",\n\"items\": %s\n}\n",
		       json->data);
		return 0;
	}
	r = doc_parse(&doc, "policies", json->data, json->len, err);
	return r < 0 ? r : print_yaml(doc, err);
}

static int answer(const struct wishes *wishes, const struct host *host,
		  const struct sources *sources, struct err *err)
{
	_cleanup_kube_told_ struct kube_told told = { 0 };
	_cleanup_buf_ struct buf json = { 0 };
	int r;

	r = kube_export(sources->v, sources->n, &host->zones, wishes->namespaces.v,
			wishes->namespaces.n, &json, &told, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < told.n_gaps; i++)
		(void)fprintf(stderr, "coaming: export: %s\n", told.gaps[i]);
	if (told.n_gaps > 0 && !wishes->partial)
		return err_refuse(
			err, ENOTSUP,
			"nothing is printed: %zu %s cannot be said in Kubernetes (--partial "
			"leaves them out: less is let through)",
			told.n_gaps, told.n_gaps == 1 ? "part" : "parts");
	tell_notes(&told, sources, host);
	return print_policies(&json, wishes->json, err);
}

static int export(const struct wishes *wishes, struct err *err)
{
	_cleanup_(sources_done) struct sources sources = { 0 };
	_cleanup_host_ struct host *host = NULL;
	_cleanup_store_ struct store *store = NULL;
	int r;

	if (!wishes->networkpolicy)
		return err_input(err, EINVAL, "say as what: --networkpolicy");
	r = host_load(wishes->config, &host, err);
	for (size_t i = 0; r == 0 && i < wishes->dirs.n; i++) {
		if (i == 0)
			strv_free(&host->profile_dirs, &host->n_profile_dirs);
		r = strv_add(&host->profile_dirs, &host->n_profile_dirs, wishes->dirs.v[i], err);
	}
	if (r == 0)
		r = wishes->dirs.n > 0 ? store_open_untrusted(host, &store, err)
				       : store_open(host, &store, err);
	if (r == 0)
		r = wishes->profiles.n > 0
			    ? take_named(host, store, &wishes->profiles, &sources, err)
			    : take_all(host, store, &sources, err);
	if (r == 0 && sources.n == 0)
		r = err_input(err, ENOENT,
			      wishes->profiles.n > 0
				      ? "none of them has an enforced network section"
				      : "no profile with an enforced network section applies by "
					"itself (name those that labels name)");
	return r < 0 ? r : answer(wishes, host, &sources, err);
}

int cmd_export(int argc, char **argv, struct err *err)
{
	struct wishes wishes = { 0 };
	const struct option options[] = {
		{ .name = "networkpolicy",
		  .flag = &wishes.networkpolicy,
		  .help = "as Kubernetes' NetworkPolicies" },
		{ .letter = 'n',
		  .name = "namespace",
		  .value = "NAME",
		  .list = &wishes.namespaces,
		  .help = "write policies of this one alone; may be given often" },
		{ .name = "partial",
		  .flag = &wishes.partial,
		  .help = "leave out what cannot be said: less is let through" },
		{ .letter = 'j',
		  .name = "json",
		  .flag = &wishes.json,
		  .help = "print a JSON List, not YAML" },
		{ .letter = 'd',
		  .name = "dir",
		  .value = "DIR",
		  .list = &wishes.dirs,
		  .help = "profiles from this directory, not the host's" },
		OPTION_CONFIG(&wishes.config),
	};
	const struct usage usage = {
		.args = "[PROFILE]...",
		.about =
			"Print Kubernetes' NetworkPolicies that mean what the network sections of\n"
			"profiles mean: of those that are named, or of all that apply by\n"
			"themselves. Exit status: 0, 1 where a part cannot be said in Kubernetes\n"
			"and nothing was printed, 2 wrong use or bad input.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &wishes.profiles, err);
	if (r == 0)
		r = export(&wishes, err);
	else if (r > 0)
		r = 0;
	words_done(&wishes.profiles);
	words_done(&wishes.dirs);
	words_done(&wishes.namespaces);
	return r;
}
