/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile: parsed into one plain struct, complete and checked. Pure: what it needs besides its
 * own text comes through `fetch`.
 */
#include "profiles/profile.h"

#include <errno.h>
#include <sys/uio.h>

#include "lib/hash.h"
#include "lib/strv.h"
#include "profiles/advice.h"
#include "profiles/caps.h"
#include "profiles/network_parse.h"
#include "profiles/seccomp_parse.h"
#include "profiles/separate.h"

/* Below this a runtime cannot even start its own init process in the cgroup. */
#define MEMORY_MIN_BYTES ((uint64_t)4 << 20)
#define WRITABLE_MAX     256
#define HOST_PATHS_MAX   256
#define CONTROLS_MAX     256
#define SILENCES_MAX     64
#define PATH_BYTES_MAX   4096

static const char *const mode_names[] = { [MODE_ENFORCE] = "enforce", [MODE_AUDIT] = "audit" };

static const char *const admission_names[] = {
	[DENY_PRIVILEGED] = "privileged",
	[DENY_HOST_NETWORK] = "hostNetwork",
	[DENY_HOST_PID] = "hostPID",
	[DENY_HOST_IPC] = "hostIPC",
	[DENY_HOST_UTS] = "hostUTS",
	[DENY_HOST_USER] = "hostUser",
	[DENY_ROOT_USER] = "rootUser",
	[DENY_DEVICES] = "devices",
	[DENY_EXEC] = "exec",
	[DENY_EXEC_PRIVILEGED] = "exec-privileged",
	[DENY_EXEC_TTY] = "exec-tty",
};
static_assert(ARRAY_SIZE(admission_names) == ADMISSION_RULES_, "a name a rule");

const char *mode_name(enum mode mode)
{
	return mode_names[mode];
}

const char *admission_rule_name(enum admission_rule rule)
{
	return admission_names[rule];
}

bool profile_name_is_valid(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(name);

	return len > 0 && len <= PROFILE_NAME_MAX && name[0] != '-' && name[len - 1] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       strchr(letters, name[0]) != NULL;
}

/* One row a section of a profile. */
struct section_row {
	bool *present;
	enum mode *mode;
};
#define PROFILE_SECTIONS 7

static void sections_of(struct profile *p, struct section_row rows[PROFILE_SECTIONS])
{
	const struct section_row all[PROFILE_SECTIONS] = {
		{ &p->capabilities.present, &p->capabilities.mode },
		{ &p->seccomp.present, &p->seccomp.mode },
		{ &p->rootfs.present, &p->rootfs.mode },
		{ &p->network.present, &p->network.mode },
		{ &p->admission.present, &p->admission.mode },
		{ &p->limits.present, &p->limits.mode },
		{ &p->separate.present, &p->separate.mode },
	};

	memcpy(rows, all, sizeof(all));
}

bool profile_has_mode(const struct profile *profile, enum mode mode)
{
	struct section_row rows[PROFILE_SECTIONS];
	struct profile copy = *profile;
	bool any = false;

	sections_of(&copy, rows);
	for (size_t i = 0; i < PROFILE_SECTIONS; i++) {
		if (*rows[i].present && *rows[i].mode == mode)
			return true;
		any = any || *rows[i].present;
	}
	return !any && profile->mode == mode;
}

void profile_keep_mode(struct profile *profile, enum mode mode)
{
	struct section_row rows[PROFILE_SECTIONS];

	sections_of(profile, rows);
	for (size_t i = 0; i < PROFILE_SECTIONS; i++)
		*rows[i].present = *rows[i].present && *rows[i].mode == mode;
}

/* Everything the parsing of one profile shares. */
struct context {
	const struct doc *doc;
	profile_fetch_fn *fetch;
	void *arg;
	struct err *err;
};

static int copy_string(const struct context *c, const struct node *node, char **ret)
{
	const char *text;
	int r;

	r = node_read_string(c->doc, node, &text, c->err);
	if (r < 0)
		return r;
	free(*ret);
	*ret = strdup(text);
	return *ret ? 0 : err_oom(c->err);
}

static int expect_object(const struct context *c, const struct node *node, const char *const keys[],
			 size_t n)
{
	int r;

	r = node_expect(c->doc, node, NODE_OBJECT, c->err);
	if (r == 0)
		r = node_check_keys(c->doc, node, keys, n, c->err);
	return r;
}

/* ---- plain members ---- */

static int parse_schema(const struct context *c, const struct node *node, struct profile *profile)
{
	return node_expect(c->doc, node, NODE_STRING, c->err);
}

/* The stem of the file's name, in out. */
static void stem_of(const char *path, char out[PATH_BYTES_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len;

	(void)snprintf(out, PATH_BYTES_MAX, "%s", slash ? slash + 1 : path);
	len = strlen(out);
	if (len > 5 && streq(out + len - 5, ".json"))
		out[len - 5] = '\0';
}

static int parse_name(const struct context *c, const struct node *node, struct profile *profile)
{
	char stem[PATH_BYTES_MAX];
	int r;

	r = copy_string(c, node, &profile->name);
	if (r < 0)
		return r;
	if (!profile_name_is_valid(profile->name))
		return err_input(c->err, EBADMSG,
				 "%s: %s is no profile name: small letters, digits and -, at most "
				 "%d, a letter or digit first and last",
				 WHERE(c->doc, node), Q(profile->name), PROFILE_NAME_MAX);
	stem_of(doc_name(c->doc), stem);
	if (!streq(stem, profile->name))
		return err_input(c->err, EBADMSG,
				 "%s: profile %s must be in a file of its name: %s.json",
				 WHERE(c->doc, node), Q(profile->name), profile->name);
	return 0;
}

static int parse_description(const struct context *c, const struct node *node,
			     struct profile *profile)
{
	return copy_string(c, node, &profile->description);
}

static int read_mode(const struct context *c, const struct node *node, enum mode *ret)
{
	const char *near, *text;
	int r;

	r = node_read_string(c->doc, node, &text, c->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++) {
		if (streq(text, mode_names[i])) {
			*ret = (enum mode)i;
			return 0;
		}
	}
	near = nearest_word(text, mode_names, ARRAY_SIZE(mode_names));
	return err_input(c->err, EBADMSG, "%s: unknown mode %s: expected enforce or audit%s%s%s",
			 WHERE(c->doc, node), Q(text), near ? " (did you mean " : "",
			 near ? near : "", near ? "?)" : "");
}

static int parse_mode(const struct context *c, const struct node *node, struct profile *profile)
{
	return read_mode(c, node, &profile->mode);
}

/* A section's own mode, or the profile's, which has been read before it. */
static int parse_section_mode(const struct context *c, const struct node *section,
			      const struct profile *profile, enum mode *ret)
{
	const struct node *node = node_get(section, "mode");

	*ret = profile->mode;
	return node ? read_mode(c, node, ret) : 0;
}

static int parse_match(const struct context *c, const struct node *node, struct profile *profile)
{
	return match_parse(c->doc, node, &profile->match, c->err);
}

static int parse_extends(const struct context *c, const struct node *node, struct profile *profile)
{
	int r;

	r = node_expect_list(c->doc, node, EXTENDS_MAX, c->err);
	if (r < 0)
		return r;
	node_foreach (item, node) {
		const char *name;

		r = node_read_string(c->doc, item, &name, c->err);
		if (r < 0)
			return r;
		if (!profile_name_is_valid(name))
			return err_input(c->err, EBADMSG, "%s: %s is no profile name",
					 WHERE(c->doc, item), Q(name));
		if (streq(name, profile->name))
			return err_input(c->err, EBADMSG, "%s: a profile cannot extend itself",
					 WHERE(c->doc, item));
		if (strv_contains(profile->extends, profile->n_extends, name))
			return err_input(c->err, EBADMSG, "%s: %s stands twice in the list",
					 WHERE(c->doc, item), Q(name));
		r = strv_add(&profile->extends, &profile->n_extends, name, c->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_selectable(const struct context *c, const struct node *node,
			    struct profile *profile)
{
	return node_read_bool(c->doc, node, &profile->selectable, c->err);
}

/* ---- silence ---- */

static int read_silenced(const struct context *c, const struct node *node, char **ret)
{
	const char *near = NULL;
	int r;

	r = copy_string(c, node, ret);
	if (r < 0 || advice_is_known(*ret, &near))
		return r;
	return err_input(c->err, EBADMSG, "%s: unknown warning %s%s%s%s", WHERE(c->doc, node),
			 Q(*ret), near ? " (did you mean " : " (see coaming check --warnings",
			 near ? near : "", near ? "?)" : ")");
}

static int parse_silence(const struct context *c, const struct node *node, struct profile *profile)
{
	static const char *const keys[] = { "id", "reason" };
	struct silence *silence = &profile->silences[profile->n_silences];
	int r;

	r = expect_object(c, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!node_get(node, "id") || !node_get(node, "reason"))
		return err_input(c->err, EBADMSG, "%s: a silence needs \"id\" and \"reason\"",
				 WHERE(c->doc, node));
	profile->n_silences++;
	r = read_silenced(c, node_get(node, "id"), &silence->id);
	if (r == 0)
		r = copy_string(c, node_get(node, "reason"), &silence->reason);
	if (r == 0 && silence->reason[0] == '\0')
		r = err_input(c->err, EBADMSG, "%s: give a reason, for those who read this later",
			      WHERE(c->doc, node_get(node, "reason")));
	return r;
}

static int parse_silences(const struct context *c, const struct node *node, struct profile *profile)
{
	int r;

	r = node_expect_list(c->doc, node, SILENCES_MAX, c->err);
	if (r < 0)
		return r;
	profile->silences = calloc(node->count + 1, sizeof(*profile->silences));
	if (!profile->silences)
		return err_oom(c->err);
	node_foreach (item, node) {
		r = parse_silence(c, item, profile);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool control_is_valid(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = strlen(text);

	return colon && colon != text && colon[1] && len <= 128 &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			    ".:()_/-") == len;
}

static int parse_controls(const struct context *c, const struct node *node, struct profile *profile)
{
	int r;

	r = node_expect_list(c->doc, node, CONTROLS_MAX, c->err);
	if (r < 0)
		return r;
	node_foreach (item, node) {
		const char *text;

		r = node_read_string(c->doc, item, &text, c->err);
		if (r < 0)
			return r;
		if (!control_is_valid(text))
			return err_input(c->err, EBADMSG,
					 "%s: %s is no control: FRAMEWORK:ID is expected, such as "
					 "\"PCI-DSS-4.0:1.3.2\"",
					 WHERE(c->doc, item), Q(text));
		r = strv_add(&profile->controls, &profile->n_controls, text, c->err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- capabilities ---- */

static int parse_capabilities(const struct context *c, const struct node *node,
			      struct profile *profile)
{
	static const char *const keys[] = { "mode", "allow", "deny" };
	const struct node *allow = node_get(node, "allow"), *deny = node_get(node, "deny");
	uint64_t caps = 0;
	int r;

	r = expect_object(c, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!allow == !deny)
		return err_input(c->err, EBADMSG,
				 "%s: give either \"allow\" (all others are taken) or \"deny\" "
				 "(only these are taken)",
				 WHERE(c->doc, node));
	r = parse_section_mode(c, node, profile, &profile->capabilities.mode);
	if (r == 0)
		r = caps_parse(c->doc, allow ? allow : deny, &caps, c->err);
	if (r < 0)
		return r;
	profile->capabilities.present = true;
	profile->capabilities.allowed = allow ? caps : ~caps;
	return 0;
}

static int parse_seccomp(const struct context *c, const struct node *node, struct profile *profile)
{
	int r;

	r = seccomp_section_parse(c->doc, node, c->fetch, c->arg, &profile->seccomp, c->err);
	return r < 0 ? r : parse_section_mode(c, node, profile, &profile->seccomp.mode);
}

static int parse_network(const struct context *c, const struct node *node, struct profile *profile)
{
	int r;

	r = network_section_parse(c->doc, node, &profile->network, c->err);
	return r < 0 ? r : parse_section_mode(c, node, profile, &profile->network.mode);
}

/* ---- rootfs ---- */

bool path_is_normal(const char *path)
{
	if (path[0] != '/' || path[1] == '\0' || strlen(path) >= PATH_BYTES_MAX)
		return false;
	for (const char *part = path; *part; part += strcspn(part, "/")) {
		size_t len = strcspn(++part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

static bool is_at_or_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* The kernel's and the runtime's own mounts: a tmpfs there would hide them. */
static const char *const reserved[] = { "/proc", "/sys", "/dev" };

bool path_is_grantable(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (is_at_or_below(path, reserved[i]))
			return false;
	}
	return path_is_normal(path);
}

static int check_writable_path(const struct context *c, const struct node *node, const char *path,
			       const struct rootfs_section *section)
{
	if (!path_is_normal(path))
		return err_input(c->err, EBADMSG,
				 "%s: %s is not an absolute, normalised path below /",
				 WHERE(c->doc, node), Q(path));
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (is_at_or_below(path, reserved[i]))
			return err_input(c->err, EBADMSG, "%s: %s: nothing below %s can be granted",
					 WHERE(c->doc, node), Q(path), reserved[i]);
	}
	for (size_t i = 0; i < section->n_writable; i++) {
		if (streq(section->writable[i].path, path))
			return err_input(c->err, EBADMSG, "%s: %s stands twice in the list",
					 WHERE(c->doc, node), Q(path));
	}
	return 0;
}

static int read_size(const struct context *c, const struct node *node, uint64_t *ret)
{
	return size_read(c->doc, node, ret, c->err);
}

static int parse_writable(const struct context *c, const struct node *node,
			  struct rootfs_section *section)
{
	static const char *const keys[] = { "path", "size" };
	const struct node *path = node_get(node, "path"), *size = node_get(node, "size");
	struct writable writable = { 0 }, *grown;
	const char *text;
	int r;

	r = expect_object(c, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!path)
		return err_input(c->err, EBADMSG, "%s: an entry of \"writable\" needs \"path\"",
				 WHERE(c->doc, node));
	r = node_read_string(c->doc, path, &text, c->err);
	if (r == 0)
		r = check_writable_path(c, path, text, section);
	if (r == 0 && size)
		r = read_size(c, size, &writable.size_bytes);
	if (r < 0)
		return r;
	grown = reallocarray(section->writable, section->n_writable + 1, sizeof(*grown));
	if (!grown)
		return err_oom(c->err);
	section->writable = grown;
	writable.path = strdup(text);
	if (!writable.path)
		return err_oom(c->err);
	grown[section->n_writable++] = writable;
	return 0;
}

static int parse_rootfs(const struct context *c, const struct node *node, struct profile *profile)
{
	static const char *const keys[] = { "mode", "readOnly", "writable" };
	const struct node *read_only = node_get(node, "readOnly");
	const struct node *writable = node_get(node, "writable");
	struct rootfs_section *section = &profile->rootfs;
	int r;

	r = expect_object(c, node, keys, ARRAY_SIZE(keys));
	if (r == 0)
		r = parse_section_mode(c, node, profile, &section->mode);
	if (r < 0)
		return r;
	section->present = true;
	if (read_only) {
		r = node_read_bool(c->doc, read_only, &section->read_only, c->err);
		if (r < 0)
			return r;
	}
	if (!section->read_only)
		return err_input(c->err, EBADMSG,
				 "%s: a rootfs section without \"readOnly\": true takes nothing "
				 "away: set it, or leave the section out",
				 WHERE(c->doc, node));
	if (!writable)
		return 0;
	r = node_expect_list(c->doc, writable, WRITABLE_MAX, c->err);
	if (r < 0)
		return r;
	node_foreach (item, writable) {
		r = parse_writable(c, item, section);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- admission ---- */

static int parse_host_path(const struct context *c, const struct node *node, const char *path,
			   struct admission_section *section)
{
	if (!streq(path, "/") && !path_is_normal(path))
		return err_input(c->err, EBADMSG,
				 "%s: hostPath: %s is not an absolute, normalised path",
				 WHERE(c->doc, node), Q(path));
	if (section->n_host_paths >= HOST_PATHS_MAX)
		return err_input(c->err, E2BIG, "%s: more than %d host paths", WHERE(c->doc, node),
				 HOST_PATHS_MAX);
	return strv_add(&section->host_paths, &section->n_host_paths, path, c->err);
}

/* The word before a path is compared alone. */
static int refuse_denial(const struct context *c, const struct node *node, const char *text)
{
	const char *names[ADMISSION_RULES_ + 1] = { [ADMISSION_RULES_] = "hostPath:" };
	const char *colon = strchr(text, ':');
	char word[32];

	memcpy(names, admission_names, sizeof(admission_names));
	(void)snprintf(word, sizeof(word), "%.*s",
		       colon ? (int)(colon - text) + 1 : (int)sizeof(word), text);
	return err_input(c->err, EBADMSG, "%s: unknown admission rule %s%s", WHERE(c->doc, node),
			 Q(text), SUGGESTION(word, names, ARRAY_SIZE(names)));
}

static int parse_denial(const struct context *c, const struct node *node,
			struct admission_section *section)
{
	static const char prefix[] = "hostPath:";
	const char *text;
	int r;

	r = node_read_string(c->doc, node, &text, c->err);
	if (r < 0)
		return r;
	if (starts_with(text, prefix))
		return parse_host_path(c, node, text + strlen(prefix), section);
	for (size_t i = 0; i < ARRAY_SIZE(admission_names); i++) {
		if (streq(text, admission_names[i])) {
			section->denied |= 1U << i;
			return 0;
		}
	}
	return refuse_denial(c, node, text);
}

static int parse_admission(const struct context *c, const struct node *node,
			   struct profile *profile)
{
	static const char *const keys[] = { "mode", "deny" };
	const struct node *deny = node_get(node, "deny");
	int r;

	r = expect_object(c, node, keys, ARRAY_SIZE(keys));
	if (r == 0)
		r = parse_section_mode(c, node, profile, &profile->admission.mode);
	if (r < 0)
		return r;
	if (!deny)
		return err_input(c->err, EBADMSG, "%s: \"admission\" needs \"deny\"",
				 WHERE(c->doc, node));
	r = node_expect_list(c->doc, deny, HOST_PATHS_MAX + ADMISSION_RULES_, c->err);
	if (r < 0)
		return r;
	profile->admission.present = true;
	node_foreach (item, deny) {
		r = parse_denial(c, item, &profile->admission);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- limits ---- */

static int read_count(const struct context *c, const struct node *node, uint64_t most,
		      uint64_t *ret)
{
	int r;

	if (!node)
		return 0;
	r = node_read_u64(c->doc, node, ret, c->err);
	if (r == 0 && (*ret == 0 || *ret > most))
		r = err_input(c->err, ERANGE, "%s: a number from 1 to %llu is expected",
			      WHERE(c->doc, node), (unsigned long long)most);
	return r;
}

static int parse_limits(const struct context *c, const struct node *node, struct profile *profile)
{
	static const char *const keys[] = { "mode", "pids", "memory", "nofile" };
	const struct node *memory = node_get(node, "memory");
	struct limits_section *limits = &profile->limits;
	int r;

	r = expect_object(c, node, keys, ARRAY_SIZE(keys));
	if (r == 0)
		r = parse_section_mode(c, node, profile, &limits->mode);
	if (r == 0)
		r = read_count(c, node_get(node, "pids"), 1U << 22, &limits->pids);
	if (r == 0)
		r = read_count(c, node_get(node, "nofile"), 1U << 30, &limits->nofile);
	if (r == 0 && memory)
		r = read_size(c, memory, &limits->memory_bytes);
	if (r < 0)
		return r;
	if (memory && limits->memory_bytes < MEMORY_MIN_BYTES)
		return err_input(c->err, ERANGE,
				 "%s: less than 4M of memory, in which no container starts",
				 WHERE(c->doc, memory));
	if (!limits->pids && !limits->nofile && !memory)
		return err_input(c->err, EBADMSG,
				 "%s: empty: give \"pids\", \"memory\" or \"nofile\"",
				 WHERE(c->doc, node));
	limits->present = true;
	return 0;
}

/* ---- separate ---- */

static int parse_separate(const struct context *c, const struct node *node, struct profile *profile)
{
	struct separate_section *separate = &profile->separate;
	int r;

	r = separate_parse(c->doc, node, &separate->keys, &separate->n_keys, c->err);
	if (r == 0 && separate->n_keys == 0)
		r = err_input(c->err, EBADMSG, "%s: empty: name a label, or leave it out",
			      WHERE(c->doc, node));
	separate->present = r == 0;
	separate->mode = profile->mode;
	return r;
}

/* ---- attest ---- */

static const char *const on_drift[] = { "record", "kill" };

static int parse_attest(const struct context *c, const struct node *node, struct profile *profile)
{
	static const char *const keys[] = { "onDrift" };
	const struct node *word = node_get(node, "onDrift");
	const char *text;
	int r;

	r = expect_object(c, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!word)
		return err_input(c->err, EBADMSG, "%s: \"attest\" needs \"onDrift\"",
				 WHERE(c->doc, node));
	r = node_read_string(c->doc, word, &text, c->err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(on_drift); i++) {
		if (!streq(text, on_drift[i]))
			continue;
		profile->attest.present = true;
		profile->attest.kills = i == 1;
		return 0;
	}
	return r < 0 ? r
		     : err_input(c->err, EBADMSG,
				 "%s: \"record\" or \"kill\" is expected, not %s%s",
				 WHERE(c->doc, word), Q(text),
				 SUGGESTION(text, on_drift, ARRAY_SIZE(on_drift)));
}

/* ---- the whole ---- */

static const struct {
	const char *key;
	int (*parse)(const struct context *c, const struct node *node, struct profile *profile);
} members[] = {
	{ "$schema", parse_schema },
	{ "name", parse_name },
	{ "description", parse_description },
	{ "mode", parse_mode }, /* before the sections */
	{ "match", parse_match },
	{ "extends", parse_extends },
	{ "selectable", parse_selectable },
	{ "seccomp", parse_seccomp },
	{ "capabilities", parse_capabilities },
	{ "rootfs", parse_rootfs },
	{ "network", parse_network },
	{ "admission", parse_admission },
	{ "limits", parse_limits },
	{ "separate", parse_separate },
	{ "attest", parse_attest },
	{ "controls", parse_controls },
	{ "silence", parse_silences },
};

static int parse_members(const struct context *c, struct profile *profile)
{
	const struct node *root = doc_root(c->doc);
	const char *keys[ARRAY_SIZE(members)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		keys[i] = members[i].key;
	r = expect_object(c, root, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!node_get(root, "name"))
		return err_input(c->err, EBADMSG, "%s: a profile needs \"name\"",
				 WHERE(c->doc, root));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct node *node = node_get(root, members[i].key);

		if (!node)
			continue;
		r = members[i].parse(c, node, profile);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Over the profile's text and that of the seccomp file it names. */
static void set_digest(const struct doc *doc, struct profile *profile)
{
	size_t len;
	const char *text = doc_text(doc, &len);
	const struct iovec pieces[] = {
		{ .iov_base = (void *)(uintptr_t)text, .iov_len = len },
		{ .iov_base = profile->seccomp.file_digest,
		  .iov_len = strlen(profile->seccomp.file_digest) },
	};

	sha256_hex(profile->digest, pieces, ARRAY_SIZE(pieces));
}

void profile_free(struct profile **profile)
{
	struct profile *p = *profile;

	if (!p)
		return;
	match_done(&p->match);
	seccomp_section_done(&p->seccomp);
	network_section_done(&p->network);
	for (size_t i = 0; i < p->rootfs.n_writable; i++)
		free(p->rootfs.writable[i].path);
	free(p->rootfs.writable);
	strv_free(&p->admission.host_paths, &p->admission.n_host_paths);
	strv_free(&p->separate.keys, &p->separate.n_keys);
	strv_free(&p->controls, &p->n_controls);
	strv_free(&p->extends, &p->n_extends);
	for (size_t i = 0; i < p->n_silences; i++) {
		free(p->silences[i].id);
		free(p->silences[i].reason);
	}
	free(p->silences);
	free(p->name);
	free(p->description);
	free(p->file);
	free(p);
	*profile = NULL;
}

int profile_parse(const struct doc *doc, profile_fetch_fn *fetch, void *arg, struct profile **ret,
		  struct err *err)
{
	const struct context c = { .doc = doc, .fetch = fetch, .arg = arg, .err = err };
	_cleanup_profile_ struct profile *profile = calloc(1, sizeof(*profile));
	int r;

	if (!profile)
		return err_oom(err);
	profile->selectable = true;
	profile->file = strdup(doc_name(doc));
	if (!profile->file)
		return err_oom(err);
	r = parse_members(&c, profile);
	if (r < 0)
		return r;
	set_digest(doc, profile);
	*ret = take_ptr(profile);
	return 0;
}
