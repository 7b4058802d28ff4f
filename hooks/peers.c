/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry. Files are named by the container's digest, so that no id can be a path, and are
 * root's alone.
 */
#include "hooks/peers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <time.h>

#include "hooks/process.h"
#include "lib/emit.h"
#include "lib/file.h"
#include "lib/strv.h"

#define SUFFIX     ".json"
#define FILE_CHARS (SHA256_HEX - 1 + sizeof(SUFFIX) - 1)
/* No writer takes that long between making a file and renaming it. */
#define WRITER_MAX_SECONDS 60
#define NSEC_A_SECOND      1000000000
/* A place and the directories above it, of the longest path. */
#define DEPTH_MAX (PATH_MAX / 2 + 1)

static void directory(const char *state_dir, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/peers", state_dir);
}

void peers_file_name(const char *id, char out[SHA256_HEX + 8])
{
	char digest[SHA256_HEX];

	sha256_hex1(digest, id, strlen(id));
	(void)snprintf(out, SHA256_HEX + 8, "%s" SUFFIX, digest);
}

/* ---- writing ---- */

static void emit_labels(struct emit *e, const struct labels *labels)
{
	emit_key(e, "labels");
	emit_object(e);
	for (size_t i = 0; i < labels->n; i++) {
		emit_key(e, labels->v[i].key);
		emit_object(e);
		emit_text(e, "value", labels->v[i].value);
		emit_text(e, "source", label_source_name(labels->v[i].source));
		emit_object_end(e);
	}
	emit_object_end(e);
}

static void emit_addresses(struct emit *e, const struct addresses *addresses)
{
	char text[CIDR_TEXT_MAX];

	emit_key(e, "addresses");
	emit_array(e);
	for (size_t i = 0; i < addresses->n; i++)
		emit_string(e, address_format(text, &addresses->v[i]));
	emit_array_end(e);
}

static void emit_sets(struct emit *e, const struct registered *registered)
{
	emit_key(e, "sets");
	emit_object(e);
	for (size_t i = 0; i < registered->n_sets; i++) {
		const struct peer_set *set = &registered->sets[i];

		emit_key(e, set->name);
		if (set->selector) {
			emit_raw(e, set->selector->text);
			continue;
		}
		emit_object(e);
		emit_text(e, "apart", set->key);
		emit_text(e, "class", set->class);
		if (set->by)
			emit_text(e, "by", set->by);
		emit_object_end(e);
	}
	emit_object_end(e);
}

static void emit_places(struct emit *e, const struct registered *registered)
{
	emit_key(e, "places");
	emit_array(e);
	for (size_t i = 0; i < registered->n_places; i++) {
		const struct shared_place *shared = &registered->places[i];

		emit_object(e);
		emit_text(e, "path", shared->path);
		emit_key(e, "files"); /* device, inode, device, inode... */
		emit_array(e);
		for (size_t p = 0; p < shared->n; p++) {
			emit_u64(e, shared->v[p].device);
			emit_u64(e, shared->v[p].inode);
		}
		emit_array_end(e);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void write_text(const struct registered *registered, struct buf *out)
{
	struct emit e = EMIT(out);

	emit_object(&e);
	emit_text(&e, "id", registered->id);
	emit_text(&e, "name", registered->name);
	emit_text_if(&e, "podUid", registered->pod_uid);
	emit_text_if(&e, "podNamespace", registered->pod_namespace);
	emit_key(&e, "infra");
	emit_bool(&e, registered->infra);
	emit_number(&e, "pid", (uint64_t)registered->pid);
	emit_number(&e, "startTime", registered->start_time);
	emit_number(&e, "netns", registered->netns);
	emit_number(&e, "ipc", registered->ipc);
	emit_number(&e, "pidns", registered->pidns);
	emit_key(&e, "firewall");
	emit_bool(&e, registered->firewall);
	emit_key(&e, "profiles");
	emit_array(&e);
	for (size_t i = 0; i < registered->n_profiles; i++)
		emit_string(&e, registered->profiles[i]);
	emit_array_end(&e);
	emit_labels(&e, &registered->labels);
	emit_addresses(&e, &registered->addresses);
	emit_sets(&e, registered);
	emit_places(&e, registered);
	emit_object_end(&e);
}

int peers_write(const char *state_dir, const struct registered *registered, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	_cleanup_buf_ struct buf text = { 0 };
	char path[PATH_MAX], name[SHA256_HEX + 8];
	int r;

	directory(state_dir, path);
	write_text(registered, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	if (text.len > REGISTERED_MAX_BYTES)
		return err_input(err, E2BIG, "more labels and mounts than the registry takes");
	r = dir_make_open(path, 0700, &dirfd, err);
	if (r < 0)
		return r;
	peers_file_name(registered->id, name);
	return file_write_atomic(dirfd, name, text.data, text.len, 0600, (uid_t)-1, (gid_t)-1,
				 false, err);
}

/* ---- selectors ---- */

/* Where it is, or belongs. */
static size_t selector_place(const struct peers *peers, const char *set, bool *ret_there)
{
	size_t low = 0, high = peers->n_selectors;

	*ret_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(peers->selectors[middle]->set, set);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert_selector(struct peers *peers, size_t at, struct peer_selector *selector,
			   struct err *err)
{
	struct peer_selector **grown = reallocarray(peers->selectors, peers->n_selectors + 1,
						    sizeof(struct peer_selector *));

	if (!grown)
		return err_oom(err);
	peers->selectors = grown;
	memmove(grown + at + 1, grown + at,
		(peers->n_selectors - at) * sizeof(struct peer_selector *));
	grown[at] = selector;
	peers->n_selectors++;
	return 0;
}

/* The name follows from the selector: each is parsed once, however many have it. */
static int find_selector(struct peers *peers, const struct doc *doc, const struct node *node,
			 const struct peer_selector **ret, struct err *err)
{
	bool there;
	size_t at = selector_place(peers, node->key, &there);
	struct peer_selector *selector;
	int r;

	if (there) {
		*ret = peers->selectors[at];
		return 0;
	}
	selector = calloc(1, sizeof(*selector));
	if (!selector)
		return err_oom(err);
	r = peer_selector_parse(doc, node, selector, err);
	if (r == 0 && !streq(selector->set, node->key))
		r = err_input(err, EBADMSG, "%s: its selector is not this one, but that of %s",
			      WHERE_KEY(doc, node), selector->set);
	if (r == 0)
		r = insert_selector(peers, at, selector, err);
	if (r < 0) {
		peer_selector_done(selector);
		free(selector);
		return r;
	}
	*ret = selector;
	return 0;
}

/* ---- reading ---- */

static int read_text(const struct doc *doc, const struct node *object, const char *key,
		     bool required, char **ret, struct err *err)
{
	const struct node *node = node_get(object, key);
	const char *text;
	int r;

	if (!node && !required)
		return 0;
	if (!node)
		return err_input(err, EBADMSG, "%s: \"%s\" is missing", doc_name(doc), key);
	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : err_oom(err);
}

static int read_numbers(const struct doc *doc, struct registered *registered, struct err *err)
{
	const struct node *root = doc_root(doc);
	uint64_t pid = 0;
	const struct {
		const char *key;
		uint64_t *to;
	} numbers[] = {
		{ "pid", &pid },
		{ "startTime", &registered->start_time },
		{ "netns", &registered->netns },
		{ "ipc", &registered->ipc },
		{ "pidns", &registered->pidns },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++) {
		const struct node *node = node_get(root, numbers[i].key);

		r = node ? node_read_u64(doc, node, numbers[i].to, err)
			 : err_input(err, EBADMSG, "%s: \"%s\" is missing", doc_name(doc),
				     numbers[i].key);
	}
	if (r == 0 && (pid < 2 || pid > INT32_MAX))
		r = err_input(err, EBADMSG, "%s: pid out of range", doc_name(doc));
	registered->pid = (pid_t)pid;
	if (r == 0)
		r = node_read_bool(doc, node_get(root, "infra"), &registered->infra, err);
	if (r == 0)
		r = node_read_bool(doc, node_get(root, "firewall"), &registered->firewall, err);
	return r;
}

static int read_source(const struct doc *doc, const struct node *node, enum label_source *ret,
		       struct err *err)
{
	const char *text;
	int r = node_read_string(doc, node, &text, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < LABEL_SOURCES_; i++) {
		if (streq(text, label_source_name((enum label_source)i))) {
			*ret = (enum label_source)i;
			return 0;
		}
	}
	return err_input(err, EBADMSG, "%s: unknown source %s", WHERE(doc, node), Q(text));
}

static int read_labels(const struct doc *doc, struct labels *labels, struct err *err)
{
	const struct node *object = node_get(doc_root(doc), "labels");
	int r = node_expect(doc, object, NODE_OBJECT, err);

	if (r < 0)
		return r;
	node_foreach (node, object) {
		enum label_source source = LABEL_FROM_IMAGE;
		const char *value = NULL;

		r = node_read_string(doc, node_get(node, "value"), &value, err);
		if (r == 0)
			r = read_source(doc, node_get(node, "source"), &source, err);
		if (r == 0)
			r = labels_set(labels, node->key, value, source, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_addresses(const struct doc *doc, struct addresses *addresses, struct err *err)
{
	const struct node *list = node_get(doc_root(doc), "addresses");
	int r = node_expect_list(doc, list, ADDRESSES_MAX, err);

	if (r < 0)
		return r;
	node_foreach (node, list) {
		struct cidr address = { 0 };
		const char *text;

		r = node_read_string(doc, node, &text, err);
		if (r == 0 && (strchr(text, '/') || cidr_parse(text, &address) < 0))
			r = err_input(err, EBADMSG, "%s: %s is no address", WHERE(doc, node),
				      Q(text));
		if (r == 0)
			r = addresses_add(addresses, &address, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_set(struct peers *peers, const struct doc *doc, const struct node *node,
		    struct peer_set *set, struct err *err)
{
	int r;

	set->name = strdup(node->key);
	if (!set->name)
		return err_oom(err);
	if (!node_get(node, "apart"))
		return find_selector(peers, doc, node, &set->selector, err);
	r = read_text(doc, node, "apart", true, &set->key, err);
	if (r == 0)
		r = read_text(doc, node, "class", true, &set->class, err);
	return r < 0 ? r : read_text(doc, node, "by", false, &set->by, err);
}

static int read_sets(struct peers *peers, const struct doc *doc, struct registered *registered,
		     struct err *err)
{
	const struct node *object = node_get(doc_root(doc), "sets");
	int r = node_expect(doc, object, NODE_OBJECT, err);

	if (r < 0 || object->count == 0)
		return r;
	registered->sets = calloc(object->count, sizeof(*registered->sets));
	if (!registered->sets)
		return err_oom(err);
	node_foreach (node, object) {
		r = read_set(peers, doc, node, &registered->sets[registered->n_sets++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_place(const struct doc *doc, const struct node *node, struct shared_place *shared,
		      struct err *err)
{
	const struct node *files = node_get(node, "files");
	size_t i = 0;
	int r;

	r = read_text(doc, node, "path", true, &shared->path, err);
	if (r == 0)
		r = node_expect_list(doc, files, 2 * (size_t)DEPTH_MAX, err);
	if (r == 0 && files->count % 2 != 0)
		r = err_input(err, EBADMSG, "%s: pairs are expected", WHERE(doc, files));
	if (r < 0)
		return r;
	shared->v = calloc(files->count / 2 + 1, sizeof(*shared->v));
	if (!shared->v)
		return err_oom(err);
	node_foreach (number, files) {
		struct place *place = &shared->v[i / 2];

		r = node_read_u64(doc, number, i % 2 ? &place->inode : &place->device, err);
		if (r < 0)
			return r;
		i++;
	}
	shared->n = files->count / 2;
	return 0;
}

static int read_places(const struct doc *doc, struct registered *registered, struct err *err)
{
	const struct node *list = node_get(doc_root(doc), "places");
	int r = node_expect(doc, list, NODE_ARRAY, err);

	if (r < 0 || list->count == 0)
		return r;
	registered->places = calloc(list->count, sizeof(*registered->places));
	if (!registered->places)
		return err_oom(err);
	node_foreach (node, list) {
		r = read_place(doc, node, &registered->places[registered->n_places++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_profiles(const struct doc *doc, struct registered *registered, struct err *err)
{
	const struct node *list = node_get(doc_root(doc), "profiles");
	int r = node_expect(doc, list, NODE_ARRAY, err);

	if (r < 0)
		return r;
	node_foreach (node, list) {
		const char *text;

		r = node_read_string(doc, node, &text, err);
		if (r == 0)
			r = strv_add(&registered->profiles, &registered->n_profiles, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse(struct peers *peers, const struct doc *doc, struct registered *registered,
		 struct err *err)
{
	static const char *const keys[] = {
		"id",        "name",      "podUid", "podNamespace", "infra",    "pid",
		"startTime", "netns",     "ipc",    "pidns",        "firewall", "profiles",
		"labels",    "addresses", "sets",   "places",
	};
	const struct node *root = doc_root(doc);
	int r;

	r = node_expect(doc, root, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, root, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = read_text(doc, root, "id", true, &registered->id, err);
	if (r == 0)
		r = read_text(doc, root, "name", true, &registered->name, err);
	if (r == 0)
		r = read_text(doc, root, "podUid", false, &registered->pod_uid, err);
	if (r == 0)
		r = read_text(doc, root, "podNamespace", false, &registered->pod_namespace, err);
	if (r == 0)
		r = read_numbers(doc, registered, err);
	if (r == 0)
		r = read_profiles(doc, registered, err);
	if (r == 0)
		r = read_labels(doc, &registered->labels, err);
	if (r == 0)
		r = read_addresses(doc, &registered->addresses, err);
	if (r == 0)
		r = read_sets(peers, doc, registered, err);
	return r < 0 ? r : read_places(doc, registered, err);
}

static void set_stamp(const struct stat *st, struct file_stamp *ret)
{
	*ret = (struct file_stamp){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.mtime_nsec = st->st_mtim.tv_sec * NSEC_A_SECOND + st->st_mtim.tv_nsec,
		.ctime_nsec = st->st_ctim.tv_sec * NSEC_A_SECOND + st->st_ctim.tv_nsec,
	};
}

static bool same_stamp(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_nsec == b->mtime_nsec && a->ctime_nsec == b->ctime_nsec;
}

/* A file that speaks of another container would have that one's sets changed. */
static int check_name(const struct registered *registered, const char *name, struct err *err)
{
	char wanted[SHA256_HEX + 8];

	peers_file_name(registered->id, wanted);
	if (!streq(name, wanted))
		return err_input(err, EBADMSG, "%s: it speaks of container %s, whose file is %s",
				 name, Q(registered->id), wanted);
	return 0;
}

/* Of a thousand files each system call counts: what is replaced whole is read in one. */
static int read_text_of(int fd, const char *name, const struct stat *st, char **ret,
			struct err *err)
{
	const size_t len = (size_t)st->st_size;
	_cleanup_free_ char *text = NULL;
	ssize_t n;

	if (st->st_size < 0 || len > REGISTERED_MAX_BYTES)
		return err_input(err, E2BIG, "%s is longer than %zu bytes", Q(name),
				 REGISTERED_MAX_BYTES);
	text = malloc(len + 1);
	if (!text)
		return err_oom(err);
	n = read(fd, text, len + 1);
	if (n < 0)
		return err_errno(err, errno, "cannot read %s", Q(name));
	if ((size_t)n != len)
		return err_input(err, EBADMSG, "%s changes while it is read", Q(name));
	*ret = take_ptr(text);
	return 0;
}

/* The directory has been checked to be root's alone, and so are the files. */
static int read_file(int dirfd, const char *name, struct peers *peers, struct registered *ret,
		     struct err *err)
{
	_cleanup_registered_ struct registered registered = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = file_open(dirfd, name, &fd, &st, err);
	if (r == 0 && ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 0077)))
		r = err_input(err, EPERM, "%s is not root's alone", Q(name));
	if (r == 0)
		r = read_text_of(fd, name, &st, &text, err);
	if (r == 0)
		r = doc_parse(&doc, name, text, (size_t)st.st_size, err);
	if (r == 0)
		r = parse(peers, doc, &registered, err);
	if (r == 0)
		r = check_name(&registered, name, err);
	if (r < 0)
		return r;
	set_stamp(&st, &registered.stamp);
	(void)snprintf(registered.file, sizeof(registered.file), "%s", name);
	*ret = registered;
	registered = (struct registered){ 0 };
	return 0;
}

/* ---- all of them ---- */

static bool is_file_name(const char *name)
{
	return strlen(name) == FILE_CHARS && strspn(name, "0123456789abcdef") == SHA256_HEX - 1 &&
	       streq(name + SHA256_HEX - 1, SUFFIX);
}

static bool is_leaving(int dirfd, const char *name)
{
	struct stat st;

	return name[0] == '.' && strlen(name) > 4 && streq(name + strlen(name) - 4, ".tmp") &&
	       fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_mtime > WRITER_MAX_SECONDS;
}

/* clean: also remove what killed writers have left */
static int list_files(int *dirfd, const char *path, bool clean, char ***ret, size_t *ret_n,
		      struct err *err)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	int fd = dup(*dirfd), r = 0;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = err_errno(err, errno, "cannot list %s", Q(path));
		closep(&fd);
		return r;
	}
	errno = 0;
	for (struct dirent *entry = readdir(dir); r == 0 && entry; entry = readdir(dir)) {
		if (is_file_name(entry->d_name))
			r = *ret_n >= PEERS_MAX
				    ? err_system(err, E2BIG, "more than %d containers in %s",
						 PEERS_MAX, Q(path))
				    : strv_add(ret, ret_n, entry->d_name, err);
		else if (clean && is_leaving(*dirfd, entry->d_name))
			(void)unlinkat(*dirfd, entry->d_name, 0);
		errno = 0;
	}
	if (r == 0 && errno != 0)
		r = err_errno(err, errno, "cannot list %s", Q(path));
	return r;
}

static int open_and_list(const char *state_dir, bool clean, int *ret_fd, char ***ret, size_t *ret_n,
			 struct err *err)
{
	char path[PATH_MAX];
	int r;

	directory(state_dir, path);
	r = dir_open_trusted(path, ret_fd, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : list_files(ret_fd, path, clean, ret, ret_n, err);
}

static int compare_files(const void *left, const void *right)
{
	const struct registered *a = left, *b = right;

	return strcmp(a->file, b->file);
}

static struct registered *find_file(const struct peers *peers, const char *name)
{
	struct registered wanted = { 0 };

	if (peers->n == 0)
		return NULL;
	(void)snprintf(wanted.file, sizeof(wanted.file), "%s", name);
	return bsearch(&wanted, peers->v, peers->n, sizeof(*peers->v), compare_files);
}

/* Is what we have of it still what is there? */
static bool is_current(int dirfd, const struct registered *known)
{
	struct file_stamp stamp;
	struct stat st;

	if (!known || fstatat(dirfd, known->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	set_stamp(&st, &stamp);
	return same_stamp(&stamp, &known->stamp);
}

/* One that has gone meanwhile is over, and no damage. */
static int take_file(int dirfd, const char *name, struct peers *peers, struct peers *now,
		     struct err *damaged, struct err *err)
{
	struct registered *known = find_file(peers, name), *to = &now->v[now->n];
	struct err why = { 0 };
	int r;

	if (is_current(dirfd, known)) {
		*to = *known;
		*known = (struct registered){ 0 };
		/* The search goes on by it. */
		memcpy(known->file, to->file, sizeof(known->file));
		now->n++;
		return 0;
	}
	peers->revision++;
	r = read_file(dirfd, name, peers, to, &why);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r == 0)
		now->n++;
	if (r == 0 || r == -ENOENT)
		return 0;
	peers->n_damaged++;
	if (damaged->class == ERR_NONE)
		*damaged = why;
	return 0;
}

static int take_files(int dirfd, char *const *names, size_t n, struct peers *peers,
		      struct err *damaged, struct err *err)
{
	struct peers now = { .v = calloc(n + 1, sizeof(*now.v)) };
	int r = now.v ? 0 : err_oom(err);

	peers->n_damaged = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_file(dirfd, names[i], peers, &now, damaged, err);
	if (r == 0) {
		struct registered *old = peers->v;
		size_t n_old = peers->n;

		if (now.n != n_old)
			peers->revision++;
		qsort(now.v, now.n, sizeof(*now.v), compare_files);
		peers->v = now.v;
		peers->n = now.n;
		now.v = old;
		now.n = n_old;
	}
	for (size_t i = 0; i < now.n; i++)
		registered_done(&now.v[i]);
	free(now.v);
	return r;
}

int peers_read(const char *state_dir, struct peers *peers, struct err *damaged, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	char **names = NULL;
	size_t n = 0;
	int r;

	r = open_and_list(state_dir, false, &dirfd, &names, &n, err);
	if (r == 0)
		r = take_files(dirfd, names, n, peers, damaged, err);
	strv_free(&names, &n);
	return r;
}

int peers_read_one(const char *state_dir, const char *id, struct peers *ret, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX], name[SHA256_HEX + 8];
	int r;

	directory(state_dir, path);
	peers_file_name(id, name);
	ret->v = calloc(1, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	r = dir_open_trusted(path, &dirfd, err);
	if (r == 0)
		r = read_file(dirfd, name, ret, ret->v, err);
	if (r == -ENOENT)
		err_clear(err);
	ret->n = r == 0;
	return r == -ENOENT ? 0 : r;
}

int peers_files(const char *state_dir, char ***ret, size_t *ret_n, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	int r;

	*ret = NULL;
	*ret_n = 0;
	r = open_and_list(state_dir, true, &dirfd, ret, ret_n, err);
	if (r < 0)
		strv_free(ret, ret_n);
	return r;
}

int peers_remove_file(const char *state_dir, const char *file, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX];
	int r;

	directory(state_dir, path);
	r = dir_open_trusted(path, &dirfd, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (r == 0 && unlinkat(dirfd, file, 0) < 0 && errno != ENOENT)
		r = err_errno(err, errno, "cannot remove %s", Q(file));
	return r;
}

int peers_remove(const char *state_dir, const char *id, struct err *err)
{
	char name[SHA256_HEX + 8];

	peers_file_name(id, name);
	return peers_remove_file(state_dir, name, err);
}

const struct registered *peers_find(const struct peers *peers, const char *id)
{
	char name[SHA256_HEX + 8];

	peers_file_name(id, name);
	return find_file(peers, name);
}

bool registered_is_gone(const struct registered *registered)
{
	struct err ignored = { 0 };
	uint64_t now;

	return process_start_time(registered->pid, &now, &ignored) < 0 ||
	       now != registered->start_time;
}

void peer_set_done(struct peer_set *set)
{
	free(set->name);
	free(set->key);
	free(set->class);
	free(set->by);
	*set = (struct peer_set){ 0 };
}

void registered_done(struct registered *registered)
{
	free(registered->id);
	free(registered->name);
	free(registered->pod_uid);
	free(registered->pod_namespace);
	strv_free(&registered->profiles, &registered->n_profiles);
	labels_done(&registered->labels);
	addresses_done(&registered->addresses);
	for (size_t i = 0; i < registered->n_sets; i++)
		peer_set_done(&registered->sets[i]);
	free(registered->sets);
	for (size_t i = 0; i < registered->n_places; i++) {
		free(registered->places[i].path);
		free(registered->places[i].v);
	}
	free(registered->places);
	*registered = (struct registered){ 0 };
}

void peers_done(struct peers *peers)
{
	for (size_t i = 0; i < peers->n; i++)
		registered_done(&peers->v[i]);
	free(peers->v);
	for (size_t i = 0; i < peers->n_selectors; i++) {
		peer_selector_done(peers->selectors[i]);
		free(peers->selectors[i]);
	}
	free(peers->selectors);
	*peers = (struct peers){ 0 };
}
