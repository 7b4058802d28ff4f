/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registry has of a container.
 */
#include "hooks/register.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "hooks/members.h"
#include "hooks/netns.h"
#include "hooks/peers_sync.h"
#include "hooks/procfs.h"
#include "lib/path.h"
#include "lib/strv.h"
#include "profiles/separate.h"

bool register_is_needed(const struct host *host, const struct decision *decision)
{
	return !decision->selection.exempt && (decision->selection.n > 0 || host->n_separate > 0);
}

/* ---- who it is ---- */

/*
 * The engine's own word that a container only holds the namespaces of a pod: podman's record has
 * it, others write it into the config. Sources: CRI-O, pkg/annotations; containerd,
 * pkg/cri/annotations
 */
static bool is_infra(const struct decision *decision, const struct doc *config)
{
	static const char *const keys[] = { "io.kubernetes.cri-o.ContainerType",
					    "io.kubernetes.cri.container-type" };
	const struct node *annotations = node_get(doc_root(config), "annotations");

	if (decision->identity.infra)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct node *type = node_get(annotations, keys[i]);

		if (node_is(type, NODE_STRING) && streq(type->string, "sandbox"))
			return true;
	}
	return false;
}

/* podman's pods have an id alone. */
static const char *pod_of(const struct decision *decision, const struct doc *config)
{
	const struct node *sandbox =
		node_path(doc_root(config), "annotations", "io.kubernetes.cri-o.SandboxID", NULL);

	if (decision->identity.pod_uid)
		return decision->identity.pod_uid;
	return node_is(sandbox, NODE_STRING) && sandbox->string_len > 0 ? sandbox->string : NULL;
}

static int copy(char **to, const char *text, struct err *err)
{
	if (!text)
		return 0;
	*to = strdup(text);
	return *to ? 0 : err_oom(err);
}

static int set_identity(const struct decision *decision, const struct doc *config,
			struct registered *registered, struct err *err)
{
	int r;

	registered->infra = is_infra(decision, config);
	r = copy(&registered->id, decision->identity.id, err);
	if (r == 0)
		r = copy(&registered->name, decision->identity.name, err);
	if (r == 0)
		r = copy(&registered->pod_uid, pod_of(decision, config), err);
	if (r == 0)
		r = copy(&registered->pod_namespace, decision->identity.pod_namespace, err);
	for (size_t i = 0; r == 0 && i < decision->labels.n; i++) {
		const struct label *label = &decision->labels.v[i];

		r = labels_set(&registered->labels, label->key, label->value, label->source, NULL,
			       err);
	}
	for (size_t i = 0; r == 0 && i < decision->selection.n; i++)
		r = strv_add(&registered->profiles, &registered->n_profiles,
			     decision->selection.v[i].profile->name, err);
	return r;
}

/* ---- namespaces ---- */

static const struct {
	enum namespace_kind kind;
	const char *type; /* runtime-spec, config-linux.md, "Namespaces" */
	const char *file; /* below /proc/PID */
	size_t offset;    /* in struct registered */
} namespaces[] = {
	{ NS_NETWORK, "network", "ns/net", offsetof(struct registered, netns) },
	{ NS_IPC, "ipc", "ns/ipc", offsetof(struct registered, ipc) },
	{ NS_PID, "pid", "ns/pid", offsetof(struct registered, pidns) },
};

static uint64_t *inode_of(struct registered *registered, size_t i)
{
	return (uint64_t *)(void *)((char *)registered + namespaces[i].offset);
}

static int namespaces_of_process(const struct process *process, struct registered *registered,
				 struct err *err)
{
	_cleanup_close_ int proc = -1, dir = -1;
	int r;

	registered->pid = process->pid;
	registered->start_time = process->start_time;
	r = procfs_open(&proc, err);
	if (r == 0)
		r = procfs_open_process(proc, process, &dir, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(namespaces); i++) {
		struct stat st;

		if (fstatat(dir, namespaces[i].file, &st, 0) < 0)
			return err_errno(err, errno,
					 "cannot look at the %s namespace of process %d",
					 namespaces[i].type, (int)process->pid);
		*inode_of(registered, i) = st.st_ino;
	}
	return r;
}

/* facts_from_host() has looked at the same paths, and refuses one that leads nowhere. */
static void namespaces_of_config(const struct doc *config, const struct facts *facts,
				 struct registered *registered)
{
	const struct node *list = node_path(doc_root(config), "linux", "namespaces", NULL);

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		char own[32];
		struct stat st;

		(void)snprintf(own, sizeof(own), "/proc/self/%s", namespaces[i].file);
		if (facts->ns[namespaces[i].kind] == NS_HOST && stat(own, &st) == 0)
			*inode_of(registered, i) = st.st_ino;
		if (facts->ns[namespaces[i].kind] != NS_JOINED)
			continue;
		node_foreach (entry, list) {
			const struct node *type = node_get(entry, "type");
			const struct node *path = node_get(entry, "path");

			if (node_is(type, NODE_STRING) && node_is(path, NODE_STRING) &&
			    streq(type->string, namespaces[i].type) && stat(path->string, &st) == 0)
				*inode_of(registered, i) = st.st_ino;
		}
	}
}

/* ---- places of the host ---- */

static int add_place(struct shared_place *shared, const char *path, struct err *err)
{
	struct place *grown;
	struct stat st;

	if (stat(path, &st) < 0) /* it will not be mounted either */
		return 0;
	grown = reallocarray(shared->v, shared->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	shared->v = grown;
	grown[shared->n++] = (struct place){ st.st_dev, st.st_ino };
	return 0;
}

/* The place itself first, then what is above it. */
static int fill_place(struct shared_place *shared, const char *path, struct err *err)
{
	_cleanup_free_ char *above = strdup(path);
	int r;

	if (!above)
		return err_oom(err);
	r = copy(&shared->path, path, err);
	if (r == 0)
		r = add_place(shared, above, err);
	while (r == 0 && above[0] == '/' && above[1] != '\0') {
		char *slash = strrchr(above, '/');

		slash[slash == above] = '\0';
		r = add_place(shared, above, err);
	}
	return r;
}

static bool is_ignored(const struct host *host, const char *path)
{
	for (size_t i = 0; i < host->n_separate_ignores; i++) {
		if (path_is_within(path, host->separate_ignores[i]))
			return true;
	}
	return false;
}

static int add_shared(const struct host *host, const char *path, struct registered *registered,
		      struct err *err)
{
	struct shared_place *grown;

	if (!path || is_ignored(host, path))
		return 0;
	grown = reallocarray(registered->places, registered->n_places + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	registered->places = grown;
	grown[registered->n_places] = (struct shared_place){ 0 };
	return fill_place(&grown[registered->n_places++], path, err);
}

static int add_names(const struct host *host, const struct names *names,
		     struct registered *registered, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = add_shared(host, names->v[i], registered, err);
	return r;
}

/* Also under the other names that the host has for them: a volume that is mounted there. */
static int set_places(const struct host *host, const struct facts *facts,
		      struct registered *registered, struct err *err)
{
	int r;

	r = add_shared(host, facts->root, registered, err);
	for (size_t i = 0; r == 0 && i < facts->n_mount_sources; i++) {
		if (!facts->mount_sources[i] || is_ignored(host, facts->mount_sources[i]))
			continue;
		r = add_shared(host, facts->mount_sources[i], registered, err);
		if (r == 0 && facts->mount_names)
			r = add_names(host, &facts->mount_names[i], registered, err);
	}
	return r;
}

/* ---- sets ---- */

static int add_set(struct registered *registered, const struct peer_set *set, struct err *err)
{
	struct peer_set *grown =
		reallocarray(registered->sets, registered->n_sets + 1, sizeof(*grown));
	struct peer_set *to;
	int r;

	if (!grown)
		return err_oom(err);
	registered->sets = grown;
	to = &grown[registered->n_sets++];
	*to = (struct peer_set){ .selector = set->selector };
	r = copy(&to->name, set->name, err);
	if (r == 0)
		r = copy(&to->key, set->key, err);
	if (r == 0)
		r = copy(&to->class, set->class, err);
	return r < 0 ? r : copy(&to->by, set->by, err);
}

static int set_peer_sets(const struct decision *decision, struct registered *registered,
			 struct err *err)
{
	_cleanup_free_ const struct peer_selector **selectors = NULL;
	size_t n = 0;
	int r;

	r = ruleset_peers(&decision->selection, &selectors, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct peer_set set = {
			.name = (char *)(uintptr_t)selectors[i]->set,
			.selector = selectors[i],
		};

		r = add_set(registered, &set, err);
	}
	return r;
}

/* What only holds a pod's namespaces is of no class, so that none is another one. */
static int set_apart_sets(const struct host *host, const struct selection *selection,
			  struct registered *registered, struct err *err)
{
	struct separation at = { 0 };
	int r = 0;

	while (r == 0 && !registered->infra &&
	       separation_next(host, selection, MODE_ENFORCE, &at)) {
		char name[APART_SET_MAX];
		const struct peer_set set = {
			.name = (char *)(uintptr_t)separate_set(name, at.key),
			.key = (char *)(uintptr_t)at.key,
			.class = (char *)(uintptr_t)separate_class(&registered->labels, at.key),
			.by = (char *)(uintptr_t)at.profile,
		};

		r = add_set(registered, &set, err);
	}
	return r;
}

/* ---- the whole ---- */

static int set_network(int netns, struct registered *registered, struct err *err)
{
	bool host = true;
	int r;

	if (netns < 0)
		return 0;
	r = netns_is_host(netns, &host, err);
	if (r < 0 || host)
		return r;
	return addresses_read(netns, &registered->addresses, err);
}

static int make(const struct host *host, const struct decision *decision, const struct doc *config,
		const struct process *process, int netns, struct registered *registered,
		struct err *err)
{
	const struct host effective = decision_host(host, decision);
	int r;

	r = set_identity(decision, config, registered, err);
	if (r == 0 && process)
		r = namespaces_of_process(process, registered, err);
	else if (r == 0)
		namespaces_of_config(config, &decision->facts, registered);
	if (r == 0)
		r = set_network(netns, registered, err);
	registered->firewall = ruleset_is_needed(&decision->selection, &effective);
	if (r == 0)
		r = set_peer_sets(decision, registered, err);
	if (r == 0)
		r = set_apart_sets(&effective, &decision->selection, registered, err);
	return r < 0 ? r : set_places(host, &decision->facts, registered, err);
}

int register_make(const struct host *host, const struct decision *decision,
		  const struct doc *config, const struct process *process, int netns,
		  struct registered *ret, struct err *err)
{
	_cleanup_registered_ struct registered registered = { 0 };
	int r;

	r = make(host, decision, config, process, netns, &registered, err);
	if (r < 0)
		return r;
	*ret = registered;
	registered = (struct registered){ 0 };
	return 0;
}

/* ---- elements ---- */

void register_elements_done(struct register_elements *elements)
{
	for (size_t i = 0; i < elements->n; i++)
		addresses_done(&elements->addresses[i]);
	free(elements->addresses);
	free(elements->sets);
	*elements = (struct register_elements){ 0 };
}

static int fill_elements(const struct members *members, const struct registered *registered,
			 struct register_elements *elements, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < registered->n_sets; i++) {
		r = members_all(members, registered, &registered->sets[i], &elements->addresses[i],
				err);
		elements->sets[i] = (struct set_elements){
			.set = registered->sets[i].name,
			.addresses = elements->addresses[i].v,
			.n = elements->addresses[i].n,
		};
		elements->n++;
	}
	elements->elements = (struct elements){ elements->sets, elements->n };
	return r;
}

int register_elements(const struct peers *peers, const struct registered *registered,
		      struct register_elements *ret, struct err *err)
{
	_cleanup_members_ struct members members = { 0 };
	struct register_elements elements = {
		.sets = calloc(registered->n_sets + 1, sizeof(*elements.sets)),
		.addresses = calloc(registered->n_sets + 1, sizeof(*elements.addresses)),
	};
	int r = elements.sets && elements.addresses ? members_index(peers, &members, err)
						    : err_oom(err);

	if (r == 0)
		r = fill_elements(&members, registered, &elements, err);
	if (r < 0) {
		register_elements_done(&elements);
		return r;
	}
	*ret = elements;
	return 0;
}

/* ---- later addresses ---- */

static int read_again(const struct registered *known, struct addresses *addresses, struct err *err)
{
	_cleanup_process_ struct process process = { .pidfd = -1 };
	_cleanup_close_ int netns = -1;
	uint64_t inode = 0;
	bool host = true;
	int r;

	r = process_open(known->pid, &process, err);
	if (r == 0 && process.start_time != known->start_time)
		r = err_system(err, ESRCH, "the container's process %d is gone", (int)known->pid);
	if (r == 0)
		r = netns_open_of_pid(process.pid, process.pidfd, &netns, err);
	if (r == 0)
		r = netns_inode(netns, &inode, err);
	if (r == 0 && inode != known->netns)
		r = err_system(err, ESTALE, "the container is in another network namespace now");
	if (r == 0)
		r = netns_is_host(netns, &host, err);
	return r < 0 || host ? r : addresses_read(netns, addresses, err);
}

int register_refresh(const char *state_dir, const char *id, bool only_first, struct err *told,
		     struct err *err)
{
	_cleanup_peers_ struct peers peers = { 0 }, now = { 0 };
	_cleanup_addresses_ struct addresses addresses = { 0 };
	struct registered changed;
	const struct registered *known;
	int r;

	r = peers_read_one(state_dir, id, &peers, err);
	known = r == 0 ? peers_find(&peers, id) : NULL;
	if (!known || (only_first && known->addresses.n > 0))
		return r;
	r = read_again(known, &addresses, err);
	if (r < 0 || addresses_equal(&addresses, &known->addresses))
		return r;
	changed = *known; /* borrowed */
	changed.addresses = addresses;
	return peers_enter(state_dir, &changed, &now, told, err);
}
