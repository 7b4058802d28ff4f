/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that run on this host.
 */
#include "cli/running.h"

#include <errno.h>

#include "audit/coverage.h"
#include "audit/query.h"
#include "hooks/bundle.h"
#include "hooks/labels.h"
#include "hooks/netns.h"
#include "hooks/peers.h"
#include "hooks/process.h"
#include "lib/strv.h"
#include "profiles/ruleset.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
/* No host runs more, and a list of more is of no use to anybody. */
#define RUNNING_MAX 65536

static const char *const modes[] = {
	[RUNNING_UNADMITTED] = "unadmitted", [RUNNING_UNCONFINED] = "unconfined",
	[RUNNING_EXEMPT] = "exempt",         [RUNNING_BREAK_GLASS] = "break-glass",
	[RUNNING_AUDIT] = "audit",           [RUNNING_ENFORCE] = "enforce",
};
static_assert(ARRAY_SIZE(modes) == RUNNING_MODES_, "a name a mode");

const char *running_mode_name(enum running_mode mode)
{
	return modes[mode];
}

static void running_done(struct running *r)
{
	live_done(&r->live);
	labels_done(&r->labels);
	free(r->labels_why);
	free(r->counters_why);
	addresses_done(&r->addresses);
}

void running_list_done(struct running_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		running_done(&list->v[i]);
	free(list->v);
	*list = (struct running_list){ 0 };
}

static int append(struct running_list *list, struct running **ret, struct err *err)
{
	struct running *grown;

	if (list->n >= RUNNING_MAX)
		return err_system(err, E2BIG, "more than %d containers", RUNNING_MAX);
	grown = reallocarray(list->v, list->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	list->v = grown;
	grown[list->n] = (struct running){ 0 };
	*ret = &grown[list->n++];
	return 0;
}

/* ---- what is known of one ---- */

static enum running_mode mode_of(const struct live *live)
{
	return live->exempt               ? RUNNING_EXEMPT
	       : live->break_glass        ? RUNNING_BREAK_GLASS
	       : live->n_profiles == 0    ? RUNNING_UNCONFINED
	       : live->mode == MODE_AUDIT ? RUNNING_AUDIT
					  : RUNNING_ENFORCE;
}

/* As a decision would find them now: what the engine keeps may have changed since. */
static int read_labels(const struct host *host, struct running *r, struct err *err)
{
	struct labels_request request = { .host = host, .bundle = r->live.bundle };
	_cleanup_bundle_ BUNDLE(bundle);
	struct err why = { 0 };
	int e;

	e = bundle_open(r->live.bundle, "config.json", &bundle, &why);
	request.config = bundle.config;
	if (e == 0)
		e = labels_find(&request, &r->live.identity, &r->labels, &why);
	r->has_labels = e == 0;
	if (e == 0)
		return 0;
	r->labels_why = strdup(why.text);
	return e == -ENOMEM || !r->labels_why ? err_oom(err) : 0;
}

static int read_counters(const struct host *host, struct running *r, struct err *err)
{
	_cleanup_(firewall_counters_done) struct firewall_counters counters = { 0 };
	_cleanup_close_ int netns = -1;
	char table[RULESET_TABLE_MAX];
	struct err why = { 0 };
	int e;

	if (!r->live.firewall)
		return 0;
	ruleset_table(table, r->live.identity.id);
	e = netns_pin_open(host->state_dir, table + strlen("coaming_"), &netns, &why);
	if (e == 0)
		e = firewall_read(netns, table, &counters, &why);
	r->has_counters = e == 0;
	r->refused_packets = counters.refused_packets;
	if (e == 0)
		return 0;
	r->counters_why = strdup(why.text[0] ? why.text : "its network namespace is not pinned");
	return r->counters_why ? 0 : err_oom(err);
}

static bool lives(const struct live *live)
{
	struct err ignored = { 0 };
	uint64_t now;

	return live->state == LIVE_CREATED && process_start_time(live->pid, &now, &ignored) == 0 &&
	       now == live->start_time;
}

static int add_live(const struct host *host, const char *id, struct running_list *list,
		    struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	struct err why = { 0 };
	struct running *running = NULL;
	int r = live_read(host->state_dir, id, &live, &why);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0 || !lives(&live)) /* it ended meanwhile, or is being made */
		return 0;
	r = append(list, &running, err);
	if (r < 0)
		return r;
	running->live = live;
	live = (struct live){ 0 };
	running->is_live = true;
	running->mode = mode_of(&running->live);
	r = read_labels(host, running, err);
	return r < 0 ? r : read_counters(host, running, err);
}

static int add_all_live(const struct host *host, struct running_list *list, struct err *err)
{
	char **ids = NULL;
	size_t n = 0;
	int r = live_list(host->state_dir, &ids, &n, &list->damaged, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_live(host, ids[i], list, err);
	strv_free(&ids, &n);
	return r;
}

/* ---- what the kernel knows beyond ---- */

struct unknown {
	struct running_list *list;
	size_t first; /* from there on those that were found now */
};

static struct running *find(const struct running_list *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++) {
		if (streq(list->v[i].live.identity.id, id))
			return &list->v[i];
	}
	return NULL;
}

static int found_group(void *arg, const char *id, struct err *err)
{
	const struct unknown *u = arg;
	char whole[COVERAGE_ID_LEN + 1];
	struct running *running = NULL;
	int r;

	(void)snprintf(whole, sizeof(whole), "%.*s", COVERAGE_ID_LEN, id);
	if (find(u->list, whole))
		return 0;
	r = append(u->list, &running, err);
	if (r < 0)
		return r;
	running->live.identity.id = strdup(whole);
	running->live.identity.name = strdup("");
	return running->live.identity.id && running->live.identity.name ? 0 : err_oom(err);
}

static int copy(const struct entry *entry, const char *field, char **to, struct err *err)
{
	const struct view *v = entry_get(entry, field);

	if (!v)
		return 0;
	free(*to);
	*to = strndup(v->value, v->len);
	return *to ? 0 : err_oom(err);
}

static int copy_identity(const struct entry *entry, struct identity *identity, struct err *err)
{
	const struct {
		const char *field;
		char **to;
	} members[] = {
		{ "CONTAINER_NAME", &identity->name },
		{ "IMAGE_NAME", &identity->image },
		{ "COAMING_ENGINE", &identity->engine },
		{ "COAMING_POD_NAMESPACE", &identity->pod_namespace },
		{ "COAMING_POD", &identity->pod },
		{ "COAMING_POD_UID", &identity->pod_uid },
		{ "COAMING_POD_CONTAINER", &identity->pod_container },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++)
		r = copy(entry, members[i].field, members[i].to, err);
	return r;
}

static int copy_labels(const struct entry *entry, struct running *running, struct err *err)
{
	int r = 0;

	labels_done(&running->labels);
	running->has_labels = true;
	for (size_t i = 0; r == 0 && i < entry->n; i++) {
		const struct view *v = &entry->fields[i];
		_cleanup_free_ char *text = NULL;
		char *value;

		if (v->name_len != strlen("COAMING_LABEL") ||
		    memcmp(v->name, "COAMING_LABEL", v->name_len) != 0)
			continue;
		text = strndup(v->value, v->len);
		value = text ? strchr(text, '=') : NULL;
		if (!text)
			return err_oom(err);
		if (!value)
			continue;
		*value++ = '\0';
		r = labels_set(&running->labels, text, value, LABEL_FROM_ENGINE, NULL, err);
	}
	return r;
}

/* The newest decision stands; the ledger gives the oldest first. */
static int found_record(void *arg, const struct found *found, struct err *err)
{
	const struct unknown *u = arg;
	const struct view *id = entry_get(found->entry, "CONTAINER_ID_FULL");
	bool admit = entry_is(found->entry, "COAMING_EVENT", "admit");
	struct running *running;
	char text[COVERAGE_ID_LEN + 1];
	int r = 0;

	if (!id || id->len != COVERAGE_ID_LEN ||
	    (!admit && !entry_is(found->entry, "COAMING_EVENT", "exempt")))
		return 0;
	(void)snprintf(text, sizeof(text), "%.*s", COVERAGE_ID_LEN, id->value);
	running = find(u->list, text);
	if (!running || running->is_live)
		return 0;
	running->mode = admit ? RUNNING_UNCONFINED : RUNNING_EXEMPT;
	if (!admit)
		r = copy(found->entry, "COAMING_REASON", &running->live.exempt, err);
	if (r == 0)
		r = copy_identity(found->entry, &running->live.identity, err);
	return r < 0 ? r : copy_labels(found->entry, running, err);
}

/* Through the runtime's door a container without a profile has no live file. */
static int add_others(const struct host *host, struct running_list *list, struct err *err)
{
	struct unknown u = { list, list->n };
	const struct query query = { .audit_dir = host->audit_dir, .without_journal = true };
	struct query_notes notes;
	int r = coverage_walk(CGROUP_ROOT, found_group, &u, err);

	if (r < 0 || list->n == u.first)
		return r;
	return query_run(&query, found_record, &u, &notes, err);
}

static int by_name(const void *a, const void *b)
{
	const struct running *x = a, *y = b;
	int c = (x->mode == RUNNING_UNADMITTED) - (y->mode == RUNNING_UNADMITTED);

	c = c ? c : strcmp(x->live.identity.name, y->live.identity.name);
	return c ? c : strcmp(x->live.identity.id, y->live.identity.id);
}

/* The registry is asked once for all of them. */
static int add_addresses(const struct host *host, struct running_list *list, struct err *err)
{
	_cleanup_peers_ struct peers peers = { 0 };
	int r = peers_read(host->state_dir, &peers, &list->damaged, err);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct running *one = &list->v[i];
		struct registered *found =
			(struct registered *)(uintptr_t)peers_find(&peers, one->live.identity.id);

		if (!found)
			continue;
		one->registered = true;
		one->addresses = found->addresses;
		found->addresses = (struct addresses){ 0 };
	}
	return r;
}

int running_read(const struct host *host, struct running_list *ret, struct err *err)
{
	_cleanup_running_list_ struct running_list list = { 0 };
	int r;

	r = add_all_live(host, &list, err);
	if (r == 0)
		r = add_others(host, &list, err);
	if (r == 0)
		r = add_addresses(host, &list, err);
	if (r < 0)
		return r;
	if (list.n > 1)
		qsort(list.v, list.n, sizeof(*list.v), by_name);
	*ret = list;
	list = (struct running_list){ 0 };
	return 0;
}
