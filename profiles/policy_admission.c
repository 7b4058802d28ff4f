/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission: what is refused rather than changed, because the container would not be what its
 * author meant without it.
 */
#include <errno.h>
#include <linux/capability.h>

#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/exec.h"
#include "profiles/policy_internal.h"

/* ---- rules that ask one question ---- */

/*
 * A rule of linux.resources.devices that lets devices be read or written. mknod alone opens none,
 * and the engines give it for all.
 *
 * Source: runtime-spec 1.2, config-linux.md, "Allowed Device list"; absent and -1 mean all
 */
struct device_rule {
	char type; /* 'a': all */
	int64_t major, minor;
};

#define ANY_NUMBER (-1)

/* What cannot be read as a number is taken for the widest. */
static int64_t number_of(const struct doc *doc, const struct node *rule, const char *key)
{
	const struct node *node = present(rule, key);
	struct err ignored = { 0 };
	int64_t v;

	if (!node || node_read_i64(doc, node, &v, &ignored) < 0 || v < 0)
		return ANY_NUMBER;
	return v;
}

static bool read_device_rule(const struct doc *doc, const struct node *rule,
			     struct device_rule *ret)
{
	const struct node *type = present(rule, "type"), *access = present(rule, "access");

	if (!node_is(node_get(rule, "allow"), NODE_TRUE))
		return false;
	if (node_is(access, NODE_STRING) && access->string_len > 0 &&
	    !strpbrk(access->string, "rw"))
		return false;
	ret->type = node_is(type, NODE_STRING) && type->string_len > 0 ? type->string[0] : 'a';
	ret->major = number_of(doc, rule, "major");
	ret->minor = number_of(doc, rule, "minor");
	return true;
}

/* Every device, or every disk. */
static bool allows_all_devices(const struct request *request)
{
	const struct node *rules = node_path(request->linux_node, "resources", "devices", NULL);

	node_foreach (item, rules) {
		struct device_rule rule;

		if (read_device_rule(request->doc, item, &rule) && rule.type != 'c' &&
		    rule.major == ANY_NUMBER && rule.minor == ANY_NUMBER)
			return true;
	}
	return false;
}

/* The engines' --privileged: CAP_SYS_ADMIN, and the kernel's files or all devices laid open. */
static bool is_privileged(const struct pass *pass)
{
	const struct node *masked = present(pass->request->linux_node, "maskedPaths");

	return (request_asked_caps(pass->request) & CAP_MASK(CAP_SYS_ADMIN)) &&
	       (!masked || masked->count == 0 || allows_all_devices(pass->request));
}

static bool is_host_network(const struct pass *pass)
{
	return pass->facts->ns[NS_NETWORK] == NS_HOST;
}

static bool is_host_pid(const struct pass *pass)
{
	return pass->facts->ns[NS_PID] == NS_HOST;
}

static bool is_host_ipc(const struct pass *pass)
{
	return pass->facts->ns[NS_IPC] == NS_HOST;
}

static bool is_host_uts(const struct pass *pass)
{
	return pass->facts->ns[NS_UTS] == NS_HOST;
}

static bool is_host_user(const struct pass *pass)
{
	return pass->facts->ns[NS_USER] == NS_HOST;
}

/* Root for the host's files, whatever its number inside (podman run --user 1 --uidmap 1:0:1). */
static bool is_mapped_to_root(const struct request *request)
{
	node_foreach (mapping, present(request->linux_node, "uidMappings")) {
		int64_t inside = number_of(request->doc, mapping, "containerID");
		int64_t outside = number_of(request->doc, mapping, "hostID");
		int64_t size = number_of(request->doc, mapping, "size");

		if (outside == 0 && (int64_t)request->uid == inside && size != 0)
			return true;
	}
	return false;
}

static bool is_root(const struct pass *pass)
{
	return pass->request->process &&
	       (pass->request->uid == 0 || is_mapped_to_root(pass->request));
}

/* What every runtime makes by itself. Source: runtime-spec, config-linux.md, "Default Devices" */
static const char *const default_devices[] = {
	"/dev/console", "/dev/full", "/dev/null",    "/dev/ptmx",
	"/dev/random",  "/dev/tty",  "/dev/urandom", "/dev/zero",
};

static bool is_default_device(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		if (streq(path, default_devices[i]))
			return true;
	}
	return false;
}

/* Places below /dev where engines bind directories of their own. */
static bool is_own_place(const char *path)
{
	return path_is_within(path, "/dev/shm") || path_is_within(path, "/dev/mqueue") ||
	       path_is_within(path, "/dev/pts") || path_is_within(path, "/dev/termination-log");
}

/*
 * The devices above by number, with ptys and the tunnel device, which containerd and older runtimes
 * allow to all. Source: Linux, Documentation/admin-guide/devices.txt
 */
static const struct device_rule default_numbers[] = {
	{ 'c', 1, 3 }, { 'c', 1, 5 }, { 'c', 1, 7 }, { 'c', 1, 8 },    { 'c', 1, 9 },
	{ 'c', 5, 0 }, { 'c', 5, 1 }, { 'c', 5, 2 }, { 'c', 10, 200 }, { 'c', 136, ANY_NUMBER },
};

static bool is_default_number(const struct device_rule *rule)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_numbers); i++) {
		const struct device_rule *known = &default_numbers[i];

		if (rule->type == known->type && rule->major == known->major &&
		    (rule->minor == known->minor || known->minor == ANY_NUMBER))
			return true;
	}
	return false;
}

/* With CAP_MKNOD, which engines give, a rule is a device (docker run --device-cgroup-rule). */
static bool has_device_rules(const struct request *request)
{
	const struct node *rules = node_path(request->linux_node, "resources", "devices", NULL);

	node_foreach (item, rules) {
		struct device_rule rule;

		if (read_device_rule(request->doc, item, &rule) && !is_default_number(&rule))
			return true;
	}
	return false;
}

/* By its number too: what is called /dev/null may be a disk. */
static bool is_default_node(const struct doc *doc, const struct node *device)
{
	const struct node *path = node_get(device, "path"), *type = node_get(device, "type");
	struct device_rule number = {
		.type = node_is(type, NODE_STRING) && type->string_len == 1 ? type->string[0] : 'a',
		.major = number_of(doc, device, "major"),
		.minor = number_of(doc, device, "minor"),
	};

	if (number.type == 'u') /* unbuffered: another word for a character device */
		number.type = 'c';
	return node_is(path, NODE_STRING) && is_default_device(path->string) &&
	       is_default_number(&number);
}

/* Below the container's /dev, or of the host's, wherever it is put. Out of memory counts as a
 * device: the answer must not be the weaker one. */
static bool is_device_mount(const struct pass *pass, size_t i)
{
	const struct request_mount *mount = &pass->request->mounts[i];
	_cleanup_free_ char *to = path_normalise(mount->destination);
	struct err ignored = { 0 };
	char **places = NULL;
	size_t n = 0;
	bool found;

	if (!to || mount_places(pass, i, &places, &n, &ignored) < 0)
		return true;
	found = mount->bind && path_is_within(to, "/dev") && !is_own_place(to);
	for (size_t p = 0; p < n && !found; p++)
		found = path_is_within(places[p], "/dev") && !is_own_place(places[p]) &&
			!is_default_device(places[p]);
	strv_free(&places, &n);
	return found;
}

static bool has_devices(const struct pass *pass)
{
	const struct request *request = pass->request;
	const struct node *net;

	if (has_device_rules(request))
		return true;
	/* Network interfaces of the host. Source: runtime-spec 1.3, "Network Devices" */
	net = present(request->linux_node, "netDevices");
	if (net && net->count > 0)
		return true;
	node_foreach (device, present(request->linux_node, "devices")) {
		if (!is_default_node(request->doc, device))
			return true;
	}
	for (size_t i = 0; i < request->n_mounts; i++) {
		if (is_device_mount(pass, i))
			return true;
	}
	return false;
}

static bool is_any(const struct pass *pass)
{
	return true;
}

static bool is_exec_privileged(const struct pass *pass)
{
	return exec_asks_privileged(request_asked_caps(pass->request), pass->facts->exec->own_caps);
}

static bool has_terminal(const struct pass *pass)
{
	return pass->request->terminal;
}

enum occasion { ON_START = 1, ON_EXEC = 2 };

static const struct {
	bool (*holds)(const struct pass *pass);
	const char *what;
	const char *remedy;
	unsigned when; /* enum occasion */
} rules[] = {
	[DENY_PRIVILEGED] = { is_privileged,
			      "privileged is denied: it has CAP_SYS_ADMIN and the kernel's "
			      "files, or all devices",
			      "start it without --privileged", ON_START },
	[DENY_HOST_NETWORK] = { is_host_network,
				"hostNetwork is denied: it asks for the host's network",
				"give it a network of its own", ON_START },
	[DENY_HOST_PID] = { is_host_pid,
			    "hostPID is denied: it asks for the host's process namespace",
			    "start it without --pid=host", ON_START },
	[DENY_HOST_IPC] = { is_host_ipc, "hostIPC is denied: it asks for the host's IPC namespace",
			    "start it without --ipc=host", ON_START },
	[DENY_HOST_UTS] = { is_host_uts, "hostUTS is denied: it asks for the host's UTS namespace",
			    "start it without --uts=host", ON_START },
	[DENY_HOST_USER] = { is_host_user,
			     "hostUser is denied: it asks for the host's user namespace",
			     "start it with a user namespace, such as --userns=auto", ON_START },
	[DENY_ROOT_USER] = { is_root, "rootUser is denied: it asks to run as root (uid 0)",
			     "start it with --user, or set USER in the image", ON_START | ON_EXEC },
	[DENY_DEVICES] = { has_devices, "devices is denied: it asks for devices of the host",
			   "start it without --device", ON_START },
	[DENY_EXEC] = { is_any, "exec is denied: no process may be executed in it once it runs",
			"look into it by its logs, or start another one", ON_EXEC },
	[DENY_EXEC_PRIVILEGED] = { is_exec_privileged,
				   "exec-privileged is denied: it asks for CAP_SYS_ADMIN or "
				   "CAP_SYS_MODULE, which its container does not have",
				   "execute it without --privileged", ON_EXEC },
	[DENY_EXEC_TTY] = { has_terminal, "exec-tty is denied: it asks for a terminal",
			    "execute it without --tty", ON_EXEC },
};
static_assert(ARRAY_SIZE(rules) == ADMISSION_RULES_, "a row a rule");

static int check_rule(const struct pass *pass, size_t rule, struct err *err)
{
	const enum occasion now = pass->facts->exec ? ON_EXEC : ON_START;
	struct demand demand = { 0 };

	for (size_t i = 0; (rules[rule].when & now) && i < pass->n; i++) {
		const struct admission_section *admission = &pass->profiles[i]->admission;

		if (admission->present && (admission->denied & (1U << rule)))
			demand_add(&demand, i);
	}
	if (!demand.any || !rules[rule].holds(pass))
		return 0;
	return refusal_add(pass, SECTION_ADMISSION, &demand, rules[rule].what, rules[rule].remedy,
			   err);
}

/* ---- host paths ---- */

/* At, below, or above: mounting / lays open what lies below it. */
static bool overlaps(const char *source, const char *prefix)
{
	return path_is_within(source, prefix) || path_is_within(prefix, source);
}

static int refuse_host_path(const struct pass *pass, const struct demand *demand,
			    const char *through, const char *source, const char *prefix,
			    struct err *err)
{
	_cleanup_buf_ struct buf what = { 0 };

	buf_addf(&what, "hostPath:%s is denied: the %s %s reaches it", QN(prefix, strlen(prefix)),
		 through, Q(source));
	if (buf_status(&what) < 0)
		return err_oom(err);
	return refusal_add(pass, SECTION_ADMISSION, demand, what.data,
			   streq(through, "root") ? "give it a root of its own"
						  : "start it without this mount",
			   err);
}

/* Who denies exactly this prefix; *ret_first: this profile is the first to. */
static void who_denies(const struct pass *pass, const char *prefix, struct demand *demand)
{
	for (size_t i = 0; i < pass->n; i++) {
		const struct admission_section *admission = &pass->profiles[i]->admission;

		for (size_t p = 0; p < admission->n_host_paths; p++) {
			if (streq(admission->host_paths[p], prefix))
				demand_add(demand, i);
		}
	}
}

static bool holds(const char *root, const char *prefix, const char *real_prefix)
{
	return path_is_within(prefix, root) || (real_prefix && path_is_within(real_prefix, root));
}

/*
 * A root that is the host's own, or holds the path, reaches it as a mount does (podman run --rootfs
 * /). What lies below the path is no matter: engines keep their containers' roots somewhere.
 */
static int check_root(const struct pass *pass, const char *prefix, const char *real_prefix,
		      const struct demand *demand, struct err *err)
{
	const struct node *path = present(pass->request->rootfs, "path");
	const struct names *names = &pass->facts->root_names;
	_cleanup_free_ char *written = NULL;
	const char *root = pass->facts->root;
	bool reaches;

	if (!root && node_is(path, NODE_STRING) && path->string[0] == '/') {
		written = path_normalise(path->string);
		if (!written)
			return err_oom(err);
		root = written;
	}
	reaches = root && holds(root, prefix, real_prefix);
	for (size_t i = 0; i < names->n; i++)
		reaches = reaches || holds(names->v[i], prefix, real_prefix);
	return reaches ? refuse_host_path(pass, demand, "root", root, prefix, err) : 0;
}

/* Told with the source; that of an overlay is a mere word, so that its directory is. */
static int check_mount(const struct pass *pass, size_t m, const char *prefix,
		       const char *real_prefix, const struct demand *demand, struct err *err)
{
	const struct request_mount *mount = &pass->request->mounts[m];
	char **places = NULL;
	size_t n = 0;
	int r;

	r = mount_places(pass, m, &places, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		bool told = !mount->bind && !streq(places[i], "/");

		if (!overlaps(places[i], prefix) &&
		    !(real_prefix && overlaps(places[i], real_prefix)))
			continue;
		r = refuse_host_path(pass, demand, "mount of", told ? places[i] : mount->source,
				     prefix, err);
		break;
	}
	strv_free(&places, &n);
	return r;
}

static int check_prefix(const struct pass *pass, size_t profile, const char *prefix,
			struct err *err)
{
	_cleanup_free_ char *real = pass->facts->resolve ? pass->facts->resolve(prefix) : NULL;
	struct demand demand = { 0 };
	int r;

	who_denies(pass, prefix, &demand);
	for (size_t i = 0; i < profile; i++) {
		if (demand.by[i]) /* told with the first of them */
			return 0;
	}
	r = check_root(pass, prefix, real, &demand, err);
	for (size_t m = 0; r == 0 && m < pass->request->n_mounts; m++)
		r = check_mount(pass, m, prefix, real, &demand, err);
	return r;
}

int policy_admission(const struct pass *pass, struct err *err)
{
	int r = 0;

	for (size_t rule = 0; r == 0 && rule < ARRAY_SIZE(rules); rule++)
		r = check_rule(pass, rule, err);
	for (size_t i = 0; r == 0 && !pass->facts->exec && i < pass->n; i++) {
		const struct admission_section *admission = &pass->profiles[i]->admission;

		for (size_t p = 0; r == 0 && p < admission->n_host_paths; p++)
			r = check_prefix(pass, i, admission->host_paths[p], err);
	}
	return r;
}
