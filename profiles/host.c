/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's configuration.
 */
#include "profiles/host.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/hash.h"
#include "lib/strv.h"
#include "profiles/break_glass.h"
#include "profiles/host_audit.h"
#include "profiles/separate.h"

#define LIST_MAX   64
#define EXEMPT_MAX 256

static int read_path(const struct doc *doc, const struct node *node, const char **ret,
		     struct err *err)
{
	int r = node_read_string(doc, node, ret, err);

	if (r == 0 && !path_is_normal(*ret))
		r = err_input(err, EBADMSG, "%s: %s is not an absolute, normalised path",
			      WHERE(doc, node), Q(*ret));
	return r;
}

static int replace(char **text, const char *with, struct err *err)
{
	char *copy = strdup(with);

	if (!copy)
		return err_oom(err);
	free(*text);
	*text = copy;
	return 0;
}

static int read_profile_name(const struct doc *doc, const struct node *node, const char **ret,
			     struct err *err)
{
	int r = node_read_string(doc, node, ret, err);

	if (r == 0 && !profile_name_is_valid(*ret))
		r = err_input(err, EBADMSG, "%s: %s is no profile name", WHERE(doc, node), Q(*ret));
	return r;
}

/* One of two words. */
static int read_word(const struct doc *doc, const struct node *node, const char *first,
		     const char *second, bool *ret_second, struct err *err)
{
	const char *const words[] = { first, second };
	const char *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	if (!streq(text, first) && !streq(text, second))
		return err_input(err, EBADMSG, "%s: \"%s\" is %s: expected %s or %s%s",
				 WHERE(doc, node), node->key, Q(text), first, second,
				 SUGGESTION(text, words, ARRAY_SIZE(words)));
	*ret_second = streq(text, second);
	return 0;
}

/* ---- members ---- */

static int parse_schema(const struct doc *doc, const struct node *node, struct host *host,
			struct err *err)
{
	return node_expect(doc, node, NODE_STRING, err);
}

typedef int read_word_fn(const struct doc *doc, const struct node *node, const char **ret,
			 struct err *err);

/* What stands in the list replaces the defaults. */
static int read_words(const struct doc *doc, const struct node *list, read_word_fn *read,
		      char ***words, size_t *n, struct err *err)
{
	int r;

	r = node_expect_list(doc, list, LIST_MAX, err);
	if (r < 0)
		return r;
	strv_free(words, n);
	node_foreach (item, list) {
		const char *word;

		r = read(doc, item, &word, err);
		if (r == 0)
			r = strv_add(words, n, word, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_profile_dirs(const struct doc *doc, const struct node *node, struct host *host,
			      struct err *err)
{
	int r;

	r = read_words(doc, node, read_path, &host->profile_dirs, &host->n_profile_dirs, err);
	if (r == 0 && host->n_profile_dirs == 0)
		r = err_input(err, EBADMSG, "%s: no directory is named", WHERE(doc, node));
	return r;
}

static int parse_state_dir(const struct doc *doc, const struct node *node, struct host *host,
			   struct err *err)
{
	const char *path;
	int r = read_path(doc, node, &path, err);

	return r < 0 ? r : replace(&host->state_dir, path, err);
}

static int parse_audit_dir(const struct doc *doc, const struct node *node, struct host *host,
			   struct err *err)
{
	const char *path;
	int r = read_path(doc, node, &path, err);

	return r < 0 ? r : replace(&host->audit_dir, path, err);
}

static int parse_floor(const struct doc *doc, const struct node *node, struct host *host,
		       struct err *err)
{
	return read_words(doc, node, read_profile_name, &host->floor, &host->n_floor, err);
}

static int parse_default_object(const struct doc *doc, const struct node *node, struct host *host,
				struct err *err)
{
	static const char *const keys[] = { "name", "mode" };
	const struct node *mode = node_get(node, "mode");
	const char *name;
	int r;

	r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r < 0)
		return r;
	if (!node_get(node, "name"))
		return err_input(err, EBADMSG, "%s: \"defaultProfile\" needs \"name\"",
				 WHERE(doc, node));
	r = read_profile_name(doc, node_get(node, "name"), &name, err);
	if (r == 0 && mode)
		r = read_word(doc, mode, "enforce", "audit", &host->default_audits, err);
	return r < 0 ? r : replace(&host->default_profile, name, err);
}

static int parse_default(const struct doc *doc, const struct node *node, struct host *host,
			 struct err *err)
{
	const char *name;
	int r;

	host->default_audits = false;
	if (node->type == NODE_OBJECT)
		return parse_default_object(doc, node, host, err);
	if (node->type == NODE_NULL) {
		free(host->default_profile);
		host->default_profile = NULL;
		return 0;
	}
	r = read_profile_name(doc, node, &name, err);
	return r < 0 ? r : replace(&host->default_profile, name, err);
}

static int parse_unknown(const struct doc *doc, const struct node *node, struct host *host,
			 struct err *err)
{
	bool second = false;
	int r = read_word(doc, node, "deny", "default", &second, err);

	host->unknown_profile = second ? UNKNOWN_DEFAULT : UNKNOWN_DENY;
	return r;
}

static int parse_mode(const struct doc *doc, const struct node *node, struct host *host,
		      struct err *err)
{
	bool second = false;
	int r = read_word(doc, node, "enforce", "audit", &second, err);

	host->mode = second ? MODE_AUDIT : MODE_ENFORCE;
	return r;
}

static int read_runtime(const struct doc *doc, const struct node *node, const char **ret,
			struct err *err)
{
	int r = node_read_string(doc, node, ret, err);

	if (r < 0 || path_is_normal(*ret))
		return r;
	if ((*ret)[0] == '\0' || strchr(*ret, '/') || streq(*ret, ".") || streq(*ret, ".."))
		return err_input(err, EBADMSG,
				 "%s: %s is neither a program's name nor an absolute path",
				 WHERE(doc, node), Q(*ret));
	return 0;
}

static int parse_runtimes(const struct doc *doc, const struct node *node, struct host *host,
			  struct err *err)
{
	int r;

	r = read_words(doc, node, read_runtime, &host->runtimes, &host->n_runtimes, err);
	if (r == 0 && host->n_runtimes == 0)
		r = err_input(err, EBADMSG, "%s: no runtime is named", WHERE(doc, node));
	return r;
}

static int parse_exemption(const struct doc *doc, const struct node *node,
			   struct exemption *exemption, struct err *err)
{
	static const char *const keys[] = { "labelSelector", "reason" };
	const char *reason;
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r < 0)
		return r;
	if (!node_get(node, "labelSelector") || !node_get(node, "reason"))
		return err_input(err, EBADMSG,
				 "%s: an exemption needs \"labelSelector\" and \"reason\"",
				 WHERE(doc, node));
	r = node_read_string(doc, node_get(node, "reason"), &reason, err);
	if (r == 0 && reason[0] == '\0')
		r = err_input(err, EBADMSG, "%s: an empty reason is none",
			      WHERE(doc, node_get(node, "reason")));
	if (r == 0)
		r = selector_parse(doc, node_get(node, "labelSelector"), &exemption->selector, err);
	if (r == 0 && exemption->selector.n == 0)
		r = err_input(err, EBADMSG, "%s: an empty selector would exempt every container",
			      WHERE(doc, node_get(node, "labelSelector")));
	return r < 0 ? r : replace(&exemption->reason, reason, err);
}

static int parse_exempt(const struct doc *doc, const struct node *node, struct host *host,
			struct err *err)
{
	int r;

	r = node_expect_list(doc, node, EXEMPT_MAX, err);
	if (r < 0)
		return r;
	host->exempt = calloc(node->count + 1, sizeof(*host->exempt));
	if (!host->exempt)
		return err_oom(err);
	node_foreach (item, node) {
		r = parse_exemption(doc, item, &host->exempt[host->n_exempt++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_unsafe(const struct doc *doc, const struct node *node, struct host *host,
			struct err *err)
{
	bool second = false;
	int r = read_word(doc, node, "deny", "strip", &second, err);

	host->unsafe_annotations = second ? UNSAFE_STRIP : UNSAFE_DENY;
	return r;
}

static int parse_glass_floor(const struct doc *doc, const struct node *node, struct host *host,
			     struct err *err)
{
	bool enforce = false;
	int r = read_word(doc, node, "audit", "enforce", &enforce, err);

	host->break_glass.floor_is_spared = enforce;
	return r;
}

static int parse_break_glass(const struct doc *doc, const struct node *node, struct host *host,
			     struct err *err)
{
	static const char *const keys[] = { "maxMinutes", "floor" };
	const struct node *minutes = node_get(node, "maxMinutes"), *floor = node_get(node, "floor");
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0 && minutes)
		r = node_read_u64(doc, minutes, &host->break_glass.max_minutes, err);
	if (r == 0 && host->break_glass.max_minutes > BREAK_GLASS_MINUTES_MAX)
		r = err_input(err, EBADMSG, "%s: at most %d minutes (a day); 0 forbids it",
			      WHERE(doc, minutes), BREAK_GLASS_MINUTES_MAX);
	if (r == 0 && floor)
		r = parse_glass_floor(doc, floor, host, err);
	return r;
}

static int parse_audit(const struct doc *doc, const struct node *node, struct host *host,
		       struct err *err)
{
	return host_audit_parse(doc, node, &host->keeping, err);
}

static const struct {
	const char *engine, *key;
	size_t offset; /* in struct engine_places */
} engine_keys[] = {
	{ "docker", "dataRoot", offsetof(struct engine_places, docker_data_root) },
	{ "podman", "graphRoot", offsetof(struct engine_places, podman_graph_root) },
	{ "podman", "staticDir", offsetof(struct engine_places, podman_static_dir) },
	{ "containerd", "root", offsetof(struct engine_places, containerd_root) },
};
#define ENGINE_KEYS ARRAY_SIZE(engine_keys)
static_assert(ENGINE_KEYS == sizeof(struct engine_places) / sizeof(char *), "every place");

static char **engine_place(struct engine_places *places, size_t i)
{
	return (char **)(void *)((char *)places + engine_keys[i].offset);
}

static int parse_engine(const struct doc *doc, const struct node *node, struct host *host,
			struct err *err)
{
	const char *keys[ENGINE_KEYS];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < ENGINE_KEYS; i++) {
		if (streq(engine_keys[i].engine, node->key))
			keys[n++] = engine_keys[i].key;
	}
	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, n, err);
	for (size_t i = 0; r == 0 && i < ENGINE_KEYS; i++) {
		const struct node *place = node_get(node, engine_keys[i].key);
		const char *path;

		if (!place || !streq(engine_keys[i].engine, node->key))
			continue;
		r = read_path(doc, place, &path, err);
		if (r == 0)
			r = replace(engine_place(&host->engines, i), path, err);
	}
	return r;
}

static int parse_engines(const struct doc *doc, const struct node *node, struct host *host,
			 struct err *err)
{
	static const char *const keys[] = { "docker", "podman", "containerd" };
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	node_foreach (engine, node) {
		if (r == 0)
			r = parse_engine(doc, engine, host, err);
	}
	return r;
}

static int parse_zones(const struct doc *doc, const struct node *node, struct host *host,
		       struct err *err)
{
	return zones_parse(doc, node, &host->zones, err);
}

static int parse_separate(const struct doc *doc, const struct node *list, struct host *host,
			  struct err *err)
{
	return separate_parse(doc, list, &host->separate, &host->n_separate, err);
}

static int parse_separate_ignores(const struct doc *doc, const struct node *node, struct host *host,
				  struct err *err)
{
	return read_words(doc, node, read_path, &host->separate_ignores, &host->n_separate_ignores,
			  err);
}

static int parse_taxonomy(const struct doc *doc, const struct node *node, struct host *host,
			  struct err *err)
{
	return taxonomy_parse(doc, node, &host->taxonomy, err);
}

static const struct {
	const char *key;
	int (*parse)(const struct doc *doc, const struct node *node, struct host *host,
		     struct err *err);
} members[] = {
	{ "$schema", parse_schema },
	{ "profileDirs", parse_profile_dirs },
	{ "stateDir", parse_state_dir },
	{ "auditDir", parse_audit_dir },
	{ "audit", parse_audit },
	{ "floor", parse_floor },
	{ "defaultProfile", parse_default },
	{ "unknownProfile", parse_unknown },
	{ "mode", parse_mode },
	{ "runtimes", parse_runtimes },
	{ "exempt", parse_exempt },
	{ "unsafeAnnotations", parse_unsafe },
	{ "breakGlass", parse_break_glass },
	{ "engines", parse_engines },
	{ "zones", parse_zones },
	{ "separate", parse_separate },
	{ "separateIgnores", parse_separate_ignores },
	{ "taxonomy", parse_taxonomy },
};

/* ---- the whole ---- */

static int set_defaults(struct host *host, struct err *err)
{
	static const char *const dirs[] = {
		SYSCONFDIR "/coaming/profiles",
		RUNSTATEDIR "/coaming/profiles",
		DATADIR "/coaming/profiles",
	};
	static const char *const runtimes[] = { "crun", "runc" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++)
		r = strv_add(&host->profile_dirs, &host->n_profile_dirs, dirs[i], err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(runtimes); i++)
		r = strv_add(&host->runtimes, &host->n_runtimes, runtimes[i], err);
	if (r == 0)
		r = replace(&host->state_dir, RUNSTATEDIR "/coaming", err);
	if (r == 0)
		r = replace(&host->audit_dir, LOCALSTATEDIR "/lib/coaming", err);
	if (r == 0)
		r = replace(&host->default_profile, "baseline", err);
	if (r == 0)
		r = taxonomy_init(&host->taxonomy, err);
	host->default_audits = true;
	host->break_glass.max_minutes = BREAK_GLASS_MINUTES_DEFAULT;
	host_audit_defaults(&host->keeping);
	sha256_hex1(host->digest, "", 0);
	return r;
}

static int parse_members(const struct doc *doc, struct host *host, struct err *err)
{
	const struct node *root = doc_root(doc);
	const char *keys[ARRAY_SIZE(members)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		keys[i] = members[i].key;
	r = node_expect(doc, root, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, root, keys, ARRAY_SIZE(keys), err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++) {
		const struct node *node = node_get(root, members[i].key);

		if (node)
			r = members[i].parse(doc, node, host, err);
	}
	return r;
}

bool host_enforces(const struct host *host)
{
	return host->mode == MODE_ENFORCE || host->audit_spares_floor;
}

bool host_separates(const struct host *host)
{
	return host->n_separate > 0 && host_enforces(host);
}

void host_free(struct host **host)
{
	struct host *h = *host;

	if (!h)
		return;
	for (size_t i = 0; i < h->n_exempt; i++) {
		selector_done(&h->exempt[i].selector);
		free(h->exempt[i].reason);
	}
	free(h->exempt);
	strv_free(&h->profile_dirs, &h->n_profile_dirs);
	strv_free(&h->floor, &h->n_floor);
	strv_free(&h->runtimes, &h->n_runtimes);
	zones_done(&h->zones);
	taxonomy_done(&h->taxonomy);
	strv_free(&h->separate, &h->n_separate);
	strv_free(&h->separate_ignores, &h->n_separate_ignores);
	free(h->default_profile);
	free(h->state_dir);
	free(h->audit_dir);
	free(h->keeping.journal_namespace);
	for (size_t i = 0; i < ENGINE_KEYS; i++)
		free(*engine_place(&h->engines, i));
	free(h->file);
	free(h);
	*host = NULL;
}

int host_parse(const struct doc *doc, struct host **ret, struct err *err)
{
	_cleanup_host_ struct host *host = calloc(1, sizeof(*host));
	const char *text;
	size_t len;
	int r;

	if (!host)
		return err_oom(err);
	r = set_defaults(host, err);
	if (r == 0)
		r = parse_members(doc, host, err);
	if (r == 0)
		r = replace(&host->file, doc_name(doc), err);
	if (r < 0)
		return r;
	text = doc_text(doc, &len);
	sha256_hex1(host->digest, text, len);
	host->keeping.dir = host->audit_dir;
	host->keeping.state_dir = host->state_dir;
	*ret = take_ptr(host);
	return 0;
}

static int load_defaults(struct host **ret, struct err *err)
{
	_cleanup_host_ struct host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return err_oom(err);
	r = set_defaults(host, err);
	if (r < 0)
		return r;
	host->keeping.dir = host->audit_dir;
	host->keeping.state_dir = host->state_dir;
	*ret = take_ptr(host);
	return 0;
}

int host_load(const char *path, struct host **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct stat st;
	size_t len;
	int r;

	/* Nothing there at all, not even a dangling link: a host that was never configured. */
	if (!path && lstat(HOST_CONFIG_DEFAULT, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return load_defaults(ret, err);
	path = path ? path : HOST_CONFIG_DEFAULT;
	r = file_read_trusted(path, FILE_MAX_BYTES, &text, &len, err);
	if (r == 0)
		r = doc_parse(&doc, path, text, len, err);
	if (r == 0)
		r = host_parse(doc, ret, err);
	if (r < 0)
		err_context(err, "host configuration");
	return r;
}
