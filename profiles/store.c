/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles by name, from the directories of the host configuration.
 *
 * MUST read a profile only through directories that root alone can change, unless it was opened for
 * people who start nothing.
 * MUST refuse where a profile's selector cannot be known: it might have applied.
 */
#include "profiles/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/match_index.h"

struct directory {
	const char *path; /* the host configuration's */
	int fd;           /* -1: it does not exist */
	bool untrusted;
};

struct store {
	const struct host *host;
	struct directory *dirs; /* highest precedence first */
	size_t n_dirs;
	struct profile **loaded;
	size_t n_loaded;
	bool untrusted;
	char late[PROFILE_NAME_MAX + 1]; /* see store_late() */
};

static int open_directory(struct directory *dir, struct err *err)
{
	if (!dir->untrusted)
		return dir_open_trusted(dir->path, &dir->fd, err);
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd >= 0)
		return 0;
	return err_input(err, errno, "cannot open %s: %s", Q(dir->path), strerror(errno));
}

static int open_directories(struct store *store, struct err *err)
{
	const struct host *host = store->host;
	int r;

	for (size_t i = 0; i < host->n_profile_dirs; i++) {
		struct directory *dir = &store->dirs[store->n_dirs++];

		dir->path = host->profile_dirs[i];
		dir->fd = -1;
		dir->untrusted = store->untrusted;
		r = open_directory(dir, err);
		if (r == -ENOENT && !dir->untrusted)
			err_clear(err);
		else if (r < 0)
			return r;
	}
	return 0;
}

static int open_store(const struct host *host, bool untrusted, struct store **ret, struct err *err)
{
	_cleanup_store_ struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return err_oom(err);
	store->host = host;
	store->untrusted = untrusted;
	store->dirs = calloc(host->n_profile_dirs + 1, sizeof(*store->dirs));
	if (!store->dirs)
		return err_oom(err);
	r = open_directories(store, err);
	if (r < 0) {
		err_context(err, "profile directory");
		return r;
	}
	*ret = take_ptr(store);
	return 0;
}

int store_open(const struct host *host, struct store **ret, struct err *err)
{
	return open_store(host, false, ret, err);
}

int store_open_untrusted(const struct host *host, struct store **ret, struct err *err)
{
	return open_store(host, true, ret, err);
}

void store_free(struct store **store)
{
	struct store *s = *store;

	if (!s)
		return;
	for (size_t i = 0; i < s->n_loaded; i++)
		profile_free(&s->loaded[i]);
	free(s->loaded);
	for (size_t i = 0; i < s->n_dirs; i++)
		closep(&s->dirs[i].fd);
	free(s->dirs);
	free(s);
	*store = NULL;
}

/* ---- one profile ---- */

/* A file that a profile names lies below the directory in which the profile was found. */
static int fetch(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	const struct directory *dir = arg;
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf path = { 0 };
	size_t len;
	int r;

	buf_addf(&path, "%s/%s", dir->path, relative_path);
	if (buf_status(&path) < 0)
		return err_oom(err);
	r = dir->untrusted ? file_read(dir->fd, relative_path, PROFILE_MAX_BYTES, &text, &len, err)
			   : file_read_trusted(path.data, PROFILE_MAX_BYTES, &text, &len, err);
	return r < 0 ? r : doc_parse(ret, path.data, text, len, err);
}

static int load_from(struct directory *dir, const char *name, struct profile **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	char file[PROFILE_NAME_MAX + sizeof(".json")], path[PATH_MAX];
	size_t len;
	int r;

	(void)snprintf(file, sizeof(file), "%s.json", name);
	(void)snprintf(path, sizeof(path), "%s/%s", dir->path, file);
	r = dir->untrusted ? file_read(dir->fd, file, PROFILE_MAX_BYTES, &text, &len, err)
			   : file_read_trusted_at(dir->fd, dir->path, file, PROFILE_MAX_BYTES,
						  &text, &len, err);
	if (r == 0)
		r = doc_parse(&doc, path, text, len, err);
	if (r == 0)
		r = profile_parse(doc, fetch, dir, ret, err);
	return r;
}

/* A profile that is there but whose seccomp file is not must not be passed over. */
static bool is_absent(const struct directory *dir, const char *name)
{
	char file[PROFILE_NAME_MAX + sizeof(".json")];
	struct stat st;

	(void)snprintf(file, sizeof(file), "%s.json", name);
	return fstatat(dir->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static int load(struct store *store, const char *name, struct profile **ret, struct err *err)
{
	for (size_t i = 0; i < store->n_dirs; i++) {
		int r;

		if (store->dirs[i].fd < 0)
			continue;
		r = load_from(&store->dirs[i], name, ret, err);
		if (r != -ENOENT || !is_absent(&store->dirs[i], name)) {
			err_context(err, "profile %s", name);
			/* -ENOENT says that there is no such profile: one whose seccomp file is
			 * missing is broken, and the index must not leave it out. */
			return r == -ENOENT ? -EBADMSG : r;
		}
		err_clear(err);
	}
	return -ENOENT;
}

static int keep(struct store *store, struct profile **profile, struct err *err)
{
	struct profile **grown = reallocarray(store->loaded, store->n_loaded + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	store->loaded = grown;
	grown[store->n_loaded++] = take_ptr(*profile);
	return 0;
}

int store_get(struct store *store, const char *name, const struct profile **ret, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	int r;

	/* Before it becomes a path. */
	if (!profile_name_is_valid(name))
		return -ENOENT;
	for (size_t i = 0; i < store->n_loaded; i++) {
		if (streq(store->loaded[i]->name, name)) {
			*ret = store->loaded[i];
			return 0;
		}
	}
	r = load(store, name, &profile, err);
	if (r == 0)
		r = keep(store, &profile, err);
	if (r == 0)
		*ret = store->loaded[store->n_loaded - 1];
	return r;
}

/* ---- all of them ---- */

/* "web.json" gives "web"; other names are not profiles: seccomp/, README, editors' leavings. */
static bool name_of_file(const char *file, char out[NAME_MAX + 1])
{
	size_t len = strlen(file);

	if (file[0] == '.' || len <= 5 || len > NAME_MAX || !streq(file + len - 5, ".json"))
		return false;
	memcpy(out, file, len - 5);
	out[len - 5] = '\0';
	return true;
}

static int list_directory(const struct directory *dir, char ***names, size_t *n, struct err *err)
{
	_cleanup_(closedirp) DIR *list = NULL;
	int fd;

	/* An own open description: readdir() moves its offset. */
	fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = fd >= 0 ? fdopendir(fd) : NULL;
	if (!list) {
		int e = errno;

		closep(&fd);
		return err_errno(err, e, "cannot list %s", Q(dir->path));
	}
	errno = 0;
	for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
		char name[NAME_MAX + 1];
		int r;

		if (!name_of_file(entry->d_name, name))
			continue;
		if (!profile_name_is_valid(name))
			return err_input(
				err, EINVAL,
				"%s/%s: no profile name: small letters, digits and - only, "
				"at most %d",
				dir->path, Q(entry->d_name), PROFILE_NAME_MAX);
		r = strv_add(names, n, name, err);
		if (r < 0)
			return r;
		errno = 0;
	}
	return errno ? err_errno(err, errno, "cannot list %s", Q(dir->path)) : 0;
}

int store_names(struct store *store, char ***ret_names, size_t *ret_n, struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < store->n_dirs; i++) {
		if (store->dirs[i].fd >= 0)
			r = list_directory(&store->dirs[i], &names, &n, err);
	}
	if (r < 0) {
		strv_free(&names, &n);
		return r;
	}
	strv_sort_unique(names, &n);
	*ret_names = names;
	*ret_n = n;
	return 0;
}

const char *store_nearest(struct store *store, const char *name, char out[PROFILE_NAME_MAX + 1])
{
	struct err ignored = { 0 };
	const char *near = NULL;
	char **names = NULL;
	size_t n = 0;

	if (store_names(store, &names, &n, &ignored) == 0)
		near = nearest_word(name, (const char *const *)names, n);
	(void)snprintf(out, PROFILE_NAME_MAX + 1, "%s", near ? near : "");
	strv_free(&names, &n);
	return out;
}

/* ---- the index ---- */

static int stamp(struct store *store, struct match_stamp *ret, struct err *err)
{
	int r = match_stamp_start(ret, err);

	for (size_t i = 0; r == 0 && i < store->n_dirs; i++)
		r = match_stamp_directory(ret, store->dirs[i].path, store->dirs[i].fd, err);
	return r;
}

/* Every profile's selector, and every file's stamp where there are few. */
static int build(struct store *store, struct match_index *index, struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	r = store_names(store, &names, &n, err);
	for (size_t i = 0; r == 0 && names && i < n; i++) {
		struct profile *profile = NULL;

		/* Not kept: ten thousand of them would fill the memory. */
		r = load(store, names[i], &profile, err);
		if (r == -ENOENT) { /* removed meanwhile: the stamp tells the next run */
			r = 0;
			continue;
		}
		if (r == 0 && profile->match.present)
			r = match_index_add(index, profile->name, &profile->match, err);
		profile_free(&profile);
	}
	for (size_t i = 0; r == 0 && i < store->n_dirs; i++) {
		for (size_t f = 0; r == 0 && names && store->dirs[i].fd >= 0 && f < n; f++)
			r = match_index_stamp_file(index, i, store->dirs[i].fd, names[f], err);
	}
	strv_free(&names, &n);
	return r;
}

static int open_state_dir(const struct store *store, int *ret_fd, struct err *err)
{
	return dir_make_open(store->host->state_dir, 0700, ret_fd, err);
}

/*
 * Build and write. The stamp is taken before anything is read: what changes meanwhile makes the
 * index old, never wrong. One that cannot be written only costs the next start its time.
 */
static int rebuild(struct store *store, struct match_index **ret, bool must_write, struct err *err)
{
	_cleanup_(match_index_free) struct match_index *index = NULL;
	_cleanup_close_ int state = -1;
	struct err why = { 0 };
	struct match_stamp now;
	int r;

	r = stamp(store, &now, err);
	if (r == 0)
		r = match_index_new(&now, &index, err);
	if (r == 0)
		r = build(store, index, err);
	if (r == 0)
		r = match_index_finish(index, err);
	if (r < 0)
		return r;
	r = open_state_dir(store, &state, &why);
	if (r == 0)
		r = match_index_write(index, state, &why);
	if (r < 0 && must_write) {
		*err = why;
		return r;
	}
	if (ret)
		*ret = take_ptr(index);
	return 0;
}

int store_reindex(struct store *store, struct err *err)
{
	return rebuild(store, NULL, true, err);
}

static bool is_present(struct store *store, const struct match_index *index, bool all)
{
	int *fds = calloc(store->n_dirs + 1, sizeof(*fds));
	const char *late;
	bool same;

	if (!fds)
		return false;
	for (size_t i = 0; i < store->n_dirs; i++)
		fds[i] = store->dirs[i].fd;
	same = match_index_files_unchanged(index, fds, store->n_dirs, all, &late);
	if (late)
		(void)snprintf(store->late, sizeof(store->late), "%s", late);
	free(fds);
	return same;
}

static int open_index(struct store *store, bool all, struct match_index **ret, struct err *err)
{
	_cleanup_(match_index_free) struct match_index *index = NULL;
	_cleanup_close_ int state = -1;
	struct err ignored = { 0 };
	struct match_stamp now;
	int r;

	r = stamp(store, &now, err);
	if (r < 0)
		return r;
	if (dir_open_trusted(store->host->state_dir, &state, &ignored) == 0 &&
	    match_index_read(state, &now, &index) == 0 && is_present(store, index, all)) {
		*ret = take_ptr(index);
		return 0;
	}
	return rebuild(store, ret, false, err);
}

int store_refresh(struct store *store, struct err *err)
{
	_cleanup_(match_index_free) struct match_index *index = NULL;

	return open_index(store, true, &index, err);
}

const char *store_late(const struct store *store)
{
	return store->late[0] ? store->late : NULL;
}

/* Those whose selector may fit; all of them where there is no index. */
static int candidates_of(struct store *store, const struct metadata *metadata, char ***ret,
			 size_t *ret_n, struct err *err)
{
	_cleanup_(match_index_free) struct match_index *index = NULL;
	int r;

	if (store->untrusted)
		return store_names(store, ret, ret_n, err);
	r = open_index(store, false, &index, err);
	return r < 0 ? r : match_index_candidates(index, metadata, ret, ret_n, err);
}

int store_match(struct store *store, const struct metadata *metadata, char ***ret_names,
		size_t *ret_n, struct err *err)
{
	char **candidates = NULL, **names = NULL;
	size_t n_candidates = 0, n = 0;
	int r;

	r = candidates_of(store, metadata, &candidates, &n_candidates, err);
	for (size_t i = 0; r == 0 && candidates && i < n_candidates; i++) {
		const struct profile *profile;

		r = store_get(store, candidates[i], &profile, err);
		if (r == -ENOENT) {
			r = 0; /* removed since the stamp was taken */
		} else if (r == 0 && match_fits(&profile->match, metadata)) {
			r = strv_add(&names, &n, candidates[i], err);
		}
	}
	strv_free(&candidates, &n_candidates);
	if (r < 0) {
		strv_free(&names, &n);
		return r;
	}
	*ret_names = names;
	*ret_n = n;
	return 0;
}
