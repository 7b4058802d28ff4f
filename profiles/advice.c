/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is legal in a profile but unwise: the table of all warnings, the silencing, and what
 * concerns a profile as a whole. Lists of system calls are in advice_seccomp.c.
 */
#include "profiles/advice.h"

#include <errno.h>
#include <stdarg.h>

#include "lib/strv.h"
#include "profiles/advice_internal.h"
#include "profiles/caps.h"
#include "profiles/policy_internal.h"

static const struct {
	const char *name;
	const char *about;
	bool here; /* depends on this machine: a silence of it may be for another one */
} advices[] = {
	[ADVICE_DENY_SIBLINGS] = { "deny-siblings",
				   "a system call is denied, and not another that does the same" },
	[ADVICE_EMPTY_PROFILE] = { "empty-profile", "a profile without a section takes nothing" },
	[ADVICE_EXEC_HEALTH] = { "exec-health",
				 "exec is denied, by which engines check the health" },
	[ADVICE_NATIVE_ARCHITECTURE] = { "native-architecture",
					 "a seccomp section without this machine's architecture",
					 true },
	[ADVICE_NESTED_WRITABLE] = { "nested-writable", "a writable path below another one" },
	[ADVICE_NET_ADMIN] = { "net-admin",
			       "a capability is allowed that the network section takes" },
	[ADVICE_NEVER_APPLIED] = { "never-applied", "nothing can ever choose the profile", true },
	[ADVICE_NO_IPV6] = { "no-ipv6", "every address of IPv4 is a peer, and none of IPv6" },
	[ADVICE_PEER_ALL] = { "peer-all", "a selector of peers that lets every container in" },
	[ADVICE_PEER_APART] = { "peer-apart", "a peer of a class that is kept apart from it",
				true },
	[ADVICE_PEER_NEVER] = { "peer-never", "a selector of peers that fits no container" },
	[ADVICE_ROOTFS_ADMIN] = { "rootfs-admin",
				  "a capability is allowed that the rootfs section takes" },
	[ADVICE_SECCOMP_START] = { "seccomp-start",
				   "a system call is forbidden that runc needs to start" },
	[ADVICE_SELECTOR_ALL] = { "selector-all", "a match that fits every container" },
	[ADVICE_SELECTOR_NEVER] = { "selector-never", "a selector that fits no container" },
	[ADVICE_TAKES_NOTHING] = { "takes-nothing", "a section that takes nothing away" },
	[ADVICE_TMPFS_SIZE] = { "tmpfs-size", "a writable path that may fill the memory" },
	[ADVICE_UNKNOWN_SYSCALL] = { "unknown-syscall",
				     "a system call that libseccomp does not know", true },
	[ADVICE_WRITABLE_VOLUME] = { "writable-volume",
				     "a writable path where data is kept: it is lost" },
	[ADVICE_UNUSED_SILENCE] = { "unused-silence", "a silence that silences nothing" },
};
static_assert(ARRAY_SIZE(advices) == ADVICES_, "a row an advice");

const char *advice_name(enum advice_id id)
{
	return advices[id].name;
}

const char *advice_about(enum advice_id id)
{
	return advices[id].about;
}

bool advice_is_known(const char *name, const char **ret_near)
{
	const char *names[ADVICE_SILENCEABLE];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		names[i] = advices[i].name;
		if (streq(name, names[i]))
			return true;
	}
	*ret_near = nearest_word(name, names, ARRAY_SIZE(names));
	return false;
}

static bool is_silenced(const struct profile *profile, enum advice_id id)
{
	for (size_t i = 0; i < profile->n_silences; i++) {
		if (streq(profile->silences[i].id, advices[id].name))
			return true;
	}
	return false;
}

int advise(struct advising *a, enum advice_id id, const char *where, const char *fmt, ...)
{
	struct advice *grown;
	char *text = NULL;
	char said[1024];
	va_list ap;

	a->found |= 1U << id;
	if (is_silenced(a->profile, id))
		return 0;
	va_start(ap, fmt);
	(void)vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	grown = reallocarray(a->advices->v, a->advices->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(a->err);
	a->advices->v = grown;
	if (asprintf(&text, "%s: %s", where, said) < 0)
		return err_oom(a->err);
	grown[a->advices->n++] = (struct advice){ .id = id, .text = text };
	return 0;
}

/* ---- whom it applies to ---- */

static int about_never_applied(struct advising *a)
{
	const struct profile *profile = a->profile;
	const struct node *selectable = node_get(a->root, "selectable");

	if (!a->applied || profile->match.present || profile->selectable ||
	    strv_contains((char *const *)a->applied, a->n_applied, profile->name))
		return 0;
	return advise(a, ADVICE_NEVER_APPLIED, WHERE_KEY(a->doc, selectable),
		      "nothing can choose this profile: no label may name it, it has no \"match\", "
		      "and no floor, defaultProfile or \"extends\" names it: give it one of these");
}

static int about_selector_all(struct advising *a)
{
	const struct match *match = &a->profile->match;
	bool any_image = match->n_images == 0;

	if (!match->present || match->selector.n > 0)
		return 0;
	for (size_t i = 0; i < match->n_images; i++)
		any_image = any_image || streq(match->images[i], "*");
	if (!any_image)
		return 0;
	return advise(a, ADVICE_SELECTOR_ALL, WHERE_KEY(a->doc, node_get(a->root, "match")),
		      "it matches every container%s: name it in \"floor\" of coaming.json, where "
		      "that is seen, or give the selector a requirement",
		      match->n_images ? " whose image is known" : "");
}

/* Of one label: what the requirements say of it together. */
static const char *contradiction(const struct requirement *a, const struct requirement *b)
{
	bool needed = a->op == SELECTOR_IN || a->op == SELECTOR_EXISTS;

	if (needed && b->op == SELECTOR_DOES_NOT_EXIST)
		return "must be there and must not";
	if (a->op != SELECTOR_IN || (b->op != SELECTOR_IN && b->op != SELECTOR_NOT_IN))
		return NULL;
	for (size_t i = 0; i < a->n_values; i++) {
		if (strv_contains(b->values, b->n_values, a->values[i]) == (b->op == SELECTOR_IN))
			return NULL;
	}
	return b->op == SELECTOR_IN ? "must have two values at once"
				    : "must have a value that it must not have";
}

static int about_selector_never(struct advising *a)
{
	const struct selector *selector = &a->profile->match.selector;
	const struct node *node = node_path(a->root, "match", "labelSelector", NULL);

	for (size_t i = 0; i < selector->n; i++) {
		for (size_t j = 0; j < selector->n; j++) {
			const struct requirement *x = &selector->v[i], *y = &selector->v[j];
			const char *why = streq(x->key, y->key) ? contradiction(x, y) : NULL;

			if (why)
				return advise(a, ADVICE_SELECTOR_NEVER, WHERE_KEY(a->doc, node),
					      "no container fits: label %s %s: take one of the "
					      "requirements out",
					      Q(x->key), why);
		}
	}
	return 0;
}

/* ---- what it takes ---- */

static bool has_section(const struct profile *p)
{
	return p->capabilities.present || p->seccomp.present || p->rootfs.present ||
	       p->network.present || p->admission.present || p->limits.present ||
	       p->separate.present;
}

static int about_empty_profile(struct advising *a)
{
	if (has_section(a->profile) || a->profile->n_extends > 0)
		return 0;
	return advise(a, ADVICE_EMPTY_PROFILE, WHERE(a->doc, a->root),
		      "it takes nothing from a container: give it a section or \"extends\"");
}

/* Does a direction stand between a container and anybody? */
static bool is_open(const struct direction *direction)
{
	for (size_t i = 0; direction->present && i < direction->n_rules; i++) {
		if (direction->rules[i].n_peers == 0 && direction->rules[i].n_ports == 0)
			return true;
	}
	return !direction->present;
}

static int about_takes_nothing(struct advising *a)
{
	const struct profile *p = a->profile;
	const struct {
		const char *key;
		bool idle;
	} rows[] = {
		{ "capabilities",
		  p->capabilities.present && (p->capabilities.allowed & CAPS_ALL) == CAPS_ALL },
		{ "network", p->network.present && is_open(&p->network.ingress) &&
				     is_open(&p->network.egress) },
		{ "admission", p->admission.present && p->admission.denied == 0 &&
				       p->admission.n_host_paths == 0 },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++) {
		if (rows[i].idle)
			r = advise(
				a, ADVICE_TAKES_NOTHING,
				WHERE_KEY(a->doc, node_get(a->root, rows[i].key)),
				"section \"%s\" takes nothing away: leave it out, or say what it "
				"is to take",
				rows[i].key);
	}
	return r;
}

/*
 * A capability that is allowed by name, and that another section takes all the same.
 *
 * kept   what that section alone leaves
 * taker  its mode: one that only records takes nothing
 */
static int about_taken(struct advising *a, enum advice_id id, const char *section, uint64_t kept,
		       enum mode taker)
{
	const struct node *allow = node_path(a->root, "capabilities", "allow", NULL);
	int r = 0;

	if (taker == MODE_AUDIT && a->profile->capabilities.mode == MODE_ENFORCE)
		return 0;
	node_foreach (item, allow) {
		int number = cap_number(item->string);

		if (r < 0 || number < 0 || (kept & CAP_MASK(number)))
			continue;
		r = advise(a, id, WHERE(a->doc, item),
			   "%s is taken all the same, since it undoes the section \"%s\": take it "
			   "out of the list",
			   Q(item->string), section);
	}
	return r;
}

static int about_net_admin(struct advising *a)
{
	const struct profile alone = { .network = a->profile->network };

	return about_taken(a, ADVICE_NET_ADMIN, "network", profile_keeps(&alone),
			   a->profile->network.mode);
}

static int about_rootfs_admin(struct advising *a)
{
	const struct profile alone = { .rootfs = a->profile->rootfs };

	return about_taken(a, ADVICE_ROOTFS_ADMIN, "rootfs", profile_keeps(&alone),
			   a->profile->rootfs.mode);
}

/* ---- writable paths ---- */

/* Where the images that people run most keep their data. */
static const char *const volumes[] = {
	"/bitnami",
	"/config",
	"/data",
	"/home",
	"/prometheus",
	"/srv",
	"/usr/share/elasticsearch/data",
	"/var/jenkins_home",
	"/var/lib/cassandra",
	"/var/lib/docker",
	"/var/lib/grafana",
	"/var/lib/mongodb",
	"/var/lib/mysql",
	"/var/lib/neo4j",
	"/var/lib/postgresql",
	"/var/lib/rabbitmq",
	"/var/lib/redis",
	"/var/lib/registry",
	"/var/www",
};

static const char *volume_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++) {
		if (path_is_within(volumes[i], path) || path_is_within(path, volumes[i]))
			return volumes[i];
	}
	return NULL;
}

static const struct writable *above(const struct rootfs_section *rootfs, const char *path)
{
	for (size_t i = 0; i < rootfs->n_writable; i++) {
		const char *top = rootfs->writable[i].path;

		if (!streq(top, path) && path_is_within(path, top))
			return &rootfs->writable[i];
	}
	return NULL;
}

static int about_one_writable(struct advising *a, const struct node *node,
			      const struct writable *writable)
{
	const struct writable *top = above(&a->profile->rootfs, writable->path);
	const char *where = WHERE(a->doc, node_get(node, "path"));
	const char *volume = volume_of(writable->path);
	int r = 0;

	if (top)
		r = advise(a, ADVICE_NESTED_WRITABLE, where,
			   "it lies in %s, which is writable already: no tmpfs is made for it and "
			   "its size does not count: take one of them out",
			   Q(top->path));
	if (r == 0 && volume)
		r = advise(a, ADVICE_WRITABLE_VOLUME, where,
			   "%s is where images keep data: without a volume there it goes to "
			   "memory and is lost with the container: grant less, or have a volume "
			   "mounted",
			   volume);
	if (r == 0 && !top && !writable->size_bytes && !a->profile->limits.memory_bytes)
		r = advise(a, ADVICE_TMPFS_SIZE, WHERE(a->doc, node),
			   "without \"size\" it may fill half of the host's memory: give it one, "
			   "or limit the memory");
	return r;
}

static int about_writable(struct advising *a)
{
	const struct node *list = node_path(a->root, "rootfs", "writable", NULL);
	const struct writable *writable = a->profile->rootfs.writable;
	int r = 0;

	node_foreach (node, list) {
		if (r == 0)
			r = about_one_writable(a, node, writable++);
	}
	return r;
}

/* ---- admission ---- */

static int about_exec_health(struct advising *a)
{
	const struct node *deny = node_path(a->root, "admission", "deny", NULL);
	int r = 0;

	node_foreach (item, deny) {
		if (r == 0 && streq(item->string, admission_rule_name(DENY_EXEC)))
			r = advise(a, ADVICE_EXEC_HEALTH, WHERE(a->doc, item),
				   "health checks of Docker and podman and exec probes of "
				   "Kubernetes are refused too, so that a container that has one "
				   "is never healthy: deny exec-privileged and exec-tty instead, "
				   "or say in \"silence\" why not");
	}
	return r;
}

/* ---- the whole ---- */

static int (*const checks[])(struct advising *a) = {
	about_empty_profile, about_never_applied, about_selector_all, about_selector_never,
	about_takes_nothing, about_net_admin,     about_rootfs_admin, advise_on_seccomp,
	about_writable,      advise_on_network,   about_exec_health,
};

static int about_unused_silence(struct advising *a)
{
	const struct node *list = node_get(a->root, "silence");
	int r = 0;

	node_foreach (node, list) {
		const struct node *name = node_get(node, "id");

		for (size_t i = 0; r == 0 && i < ADVICE_SILENCEABLE; i++) {
			if (!streq(advices[i].name, name->string) || (a->found & (1U << i)) ||
			    advices[i].here)
				continue;
			r = advise(a, ADVICE_UNUSED_SILENCE, WHERE(a->doc, name),
				   "%s is not warned of here: take the silence out",
				   Q(name->string));
		}
	}
	return r;
}

void advices_done(struct advices *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i].text);
	free(a->v);
	*a = (struct advices){ 0 };
}

int advice_find(const struct profile *profile, const struct doc *doc, const struct host *host,
		char *const *applied, size_t n_applied, struct advices *ret, struct err *err)
{
	struct advices found = { 0 };
	struct advising a = {
		.profile = profile,
		.doc = doc,
		.root = doc_root(doc),
		.host = host,
		.applied = applied,
		.n_applied = n_applied,
		.advices = &found,
		.err = err,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](&a);
	if (r == 0)
		r = about_unused_silence(&a);
	if (r < 0) {
		advices_done(&found);
		return r;
	}
	*ret = found;
	return 0;
}
