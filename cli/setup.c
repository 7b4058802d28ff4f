/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming setup: have an engine use coaming, and leave it as it was; see coaming-setup(1).
 *
 * MUST NOT write before all was checked that can be, nor write anything but the engine's file and
 * the copy of it. MUST NOT leave an engine that names coaming after --remove and not say so.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "cli/options.h"
#include "cli/setup.h"
#include "cli/unified.h"
#include "hooks/runtime_find.h"
#include "hooks/self.h"
#include "lib/doc.h"
#include "lib/emit.h"
#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/host.h"

#define BACKUP_SUFFIX ".coaming-backup"
#define CHECK_SUFFIX  ".coaming-check"
/* The link that the packaged file told people to make, and where it leads. */
#define LINK_PATH    "/etc/containers/containers.conf.d/50-coaming.conf"
#define LINK_TARGET  DATADIR "/coaming/containers.conf.d/50-coaming.conf"
#define RUNTIMES_MAX 64

static const struct engine *const engines[] = {
	&engine_podman,
	&engine_docker,
	&engine_containerd,
	&engine_crio,
};

static const char *const program_dirs[] = {
	"/usr/local/sbin",
	"/usr/local/bin",
	"/usr/sbin",
	"/usr/bin",
};

struct request {
	bool remove, list, all, dry_run, make_default, hooks;
	const char *file, *runtime, *root, *config;
};

struct file {
	char path[2 * SETUP_PATH_MAX];
	char *data; /* NULL: there is none */
	size_t len;
};

/* One engine's file, as it was found. */
struct job {
	const struct engine *engine;
	const struct request *request;
	struct setup *setup;
	int dirfd; /* -1: the directory is not there */
	char dir[SETUP_PATH_MAX];
	const char *name; /* of the file in it */
	struct file now, before;
	struct stat st; /* of now */
	struct setup_way way;
	bool untouched; /* `now` is what coaming made of `before`, to the byte */
};

/* ---- what engines use ---- */

bool setup_is_ours(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && streq(slash + 1, SETUP_PROGRAM_NAME);
}

void setup_see_runtime(struct setup_way *way, const char *key, const char *path, const char *chosen)
{
	if (!path || !setup_is_ours(path))
		return;
	if (way->state == SETUP_NONE)
		way->state = SETUP_REGISTERED;
	if (chosen && streq(chosen, key))
		way->state = SETUP_DEFAULT;
	/* Where there are several, that which coaming setup makes is told of. */
	if (!*way->runtime || streq(key, SETUP_RUNTIME_NAME))
		(void)snprintf(way->runtime, sizeof(way->runtime), "%s", path);
}

char *setup_quoted(const char *text)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_string(&e, text);
	return buf_take(&out);
}

void setup_note_default(struct setup *setup, const struct setup_way *way, const char *old)
{
	static const char *const usual[] = { SETUP_RUNTIME_NAME, SETUP_PROGRAM_NAME, "runc",
					     "crun" };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (!old || streq(old, usual[i]))
			return;
	if (way->state != SETUP_DEFAULT)
		buf_addf(&setup->notes,
			 "the default runtime stays %s; --default puts coaming in its place\n",
			 Q(old));
	else
		buf_addf(&setup->notes,
			 "coaming takes the place of the default runtime %s and calls %s, not that "
			 "one; --remove puts it back\n",
			 Q(old), setup->real_path);
}

static void cut_notes(struct setup *setup, size_t len)
{
	setup->notes.len = len;
	if (setup->notes.data)
		setup->notes.data[len] = '\0';
}

/* ---- files ---- */

static void file_done(struct file *file)
{
	free(file->data);
	file->data = NULL;
}

static struct setup_text text_of(const struct file *file)
{
	return (struct setup_text){ file->path, file->data, file->len };
}

static bool is_same(const struct file *file, const struct buf *text)
{
	return file->data && file->len == text->len &&
	       (text->len == 0 || memcmp(file->data, text->data, text->len) == 0);
}

static void job_done(struct job *job)
{
	closep(&job->dirfd);
	file_done(&job->now);
	file_done(&job->before);
}

/* Root's own, no link; one that is not there is none. */
static int read_file(const struct job *job, const char *suffix, struct file *ret, struct err *err)
{
	struct err said = { 0 };
	char name[NAME_MAX + 1];
	int r;

	(void)snprintf(ret->path, sizeof(ret->path), "%s/%s%s", job->dir, job->name, suffix);
	(void)snprintf(name, sizeof(name), "%s%s", job->name, suffix);
	if (job->dirfd < 0)
		return 0;
	r = file_read_trusted_at(job->dirfd, job->dir, name, FILE_MAX_BYTES, &ret->data, &ret->len,
				 &said);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*err = said;
	return r;
}

/* Two of them at a time would each keep the other's file as the one before. */
static int lock_directory(const struct job *job, struct err *err)
{
	if (job->request->dry_run || job->request->list || job->dirfd < 0)
		return 0;
	if (flock(job->dirfd, LOCK_EX | LOCK_NB) < 0)
		return err_system(err, errno, "another coaming setup is at work in %s",
				  Q(job->dir));
	return 0;
}

static int open_directory(struct job *job, struct err *err)
{
	struct err said = { 0 };
	int r = dir_open_trusted(job->dir, &job->dirfd, &said);

	if (r == -ENOENT) {
		job->dirfd = -1;
		return 0;
	}
	if (r < 0) {
		*err = said;
		return r;
	}
	return lock_directory(job, err);
}

static int set_paths(struct job *job, struct err *err)
{
	const char *file = job->request->file ? job->request->file : job->engine->file;
	const char *slash = strrchr(file, '/');

	if (file[0] != '/' || slash[1] == '\0')
		return err_input(err, EINVAL, "--file: %s is not the absolute path of a file",
				 Q(file));
	if (strlen(job->setup->root) + strlen(file) + sizeof(BACKUP_SUFFIX) > SETUP_PATH_MAX ||
	    strlen(slash + 1) + sizeof(BACKUP_SUFFIX) + 16 > NAME_MAX)
		return err_input(err, ENAMETOOLONG, "%s is too long", Q(file));
	job->name = slash + 1;
	(void)snprintf(job->dir, sizeof(job->dir), "%s%.*s", job->setup->root, (int)(slash - file),
		       file);
	return 0;
}

/* What names coaming nowhere says nothing of it, and need not be right for that. */
static int look(const struct job *job, const struct file *file, struct setup_way *ret,
		struct err *err)
{
	const struct setup_text text = text_of(file);

	*ret = (struct setup_way){ 0 };
	if (!file->data || !memmem(file->data, file->len, "coaming", strlen("coaming")))
		return 0;
	return job->engine->look(job->setup, &text, ret, err);
}

/* Did coaming make `now` of `before`, and nobody change it since? It would make the same again. */
static bool is_untouched(struct job *job)
{
	const struct setup_text before = text_of(&job->before);
	_cleanup_buf_ struct buf again = { 0 };
	struct err ignored = { 0 };
	size_t noted = job->setup->notes.len;
	int r;

	if (job->way.state == SETUP_NONE || job->engine->whole_file)
		return false;
	r = job->engine->add(job->setup, &before, &job->way, &again, &ignored);
	cut_notes(job->setup, noted);
	return r == 0 && is_same(&job->now, &again);
}

static int job_open(struct job *job, struct err *err)
{
	int r;

	r = set_paths(job, err);
	if (r == 0)
		r = open_directory(job, err);
	if (r == 0)
		r = read_file(job, "", &job->now, err);
	if (r == 0)
		r = read_file(job, BACKUP_SUFFIX, &job->before, err);
	if (r == 0 && job->now.data &&
	    fstatat(job->dirfd, job->name, &job->st, AT_SYMLINK_NOFOLLOW))
		r = err_errno(err, errno, "cannot stat %s", Q(job->now.path));
	if (r == 0)
		r = look(job, &job->now, &job->way, err);
	if (r == 0)
		job->untouched = is_untouched(job);
	return r;
}

static int write_named(const struct job *job, const char *suffix, const char *data, size_t len,
		       struct err *err)
{
	bool there = job->now.data != NULL;
	char name[NAME_MAX + 1];

	(void)snprintf(name, sizeof(name), "%s%s", job->name, suffix);
	return file_write_atomic(
		job->dirfd, name, data, len, there ? job->st.st_mode & 07777 : 0644,
		there ? job->st.st_uid : (uid_t)-1, there ? job->st.st_gid : (gid_t)-1, true, err);
}

/* One that is gone already is as it should be. */
static int remove_named(const struct job *job, const char *suffix, struct err *err)
{
	char name[NAME_MAX + 1];

	(void)snprintf(name, sizeof(name), "%s%s", job->name, suffix);
	if (job->dirfd >= 0 && unlinkat(job->dirfd, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove %s", Q(name));
	return 0;
}

/* ---- what is said ---- */

static void print_notes(struct job *job)
{
	const char *line = job->setup->notes.data;

	while (line && *line) {
		size_t n = strcspn(line, "\n");

		printf("%s: %.*s\n", job->engine->name, (int)n, line);
		line += n + (line[n] == '\n');
	}
	cut_notes(job->setup, 0);
}

static int print_diff(const struct job *job, const struct buf *after, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	int r = unified_diff(&out, job->now.path, job->now.data, job->now.len,
			     after ? after->data : NULL, after ? after->len : 0, err);

	if (r == 0)
		(void)fwrite(out.data ? out.data : "", 1, out.len, stdout);
	return r;
}

static void print_next(const struct job *job, const char *command)
{
	if (*job->setup->root)
		return;
	if (command)
		printf("%s: now: %s\n", job->engine->name, command);
	else
		printf("%s: nothing to restart: the next container sees it\n", job->engine->name);
}

/* ---- adding ---- */

/* 0 where it is not installed. */
static int find_program(const struct job *job, char path[SETUP_PATH_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(program_dirs); i++) {
		(void)snprintf(path, SETUP_PATH_MAX, "%s%s/%s", job->setup->root, program_dirs[i],
			       job->engine->program);
		if (access(path, X_OK) == 0)
			return 1;
	}
	return 0;
}

/* 1: the engine finds it right; 0: it could not be asked, which is noted. */
static int ask_engine(struct job *job, const char *path, const struct setup_way *way,
		      struct err *err)
{
	char program[SETUP_PATH_MAX];

	if (!find_program(job, program)) {
		buf_addf(&job->setup->notes, "%s is not installed%s: not checked by it\n",
			 job->engine->program, *job->setup->root ? " there" : "");
		return 0;
	}
	if (*job->setup->root || (job->engine->whole_file && job->request->file)) {
		buf_addf(&job->setup->notes, "not checked by %s, which reads another place\n",
			 job->engine->program);
		return 0;
	}
	return job->engine->check(job->setup, program, path, way, err);
}

/* The new text beside the file, for the engine to read; relative imports stay what they are. */
static int check_candidate(struct job *job, const struct buf *after, const struct setup_way *way,
			   struct err *err)
{
	struct err ignored = { 0 };
	char path[2 * SETUP_PATH_MAX + 32];
	int r;

	(void)snprintf(path, sizeof(path), "%s" CHECK_SUFFIX, job->now.path);
	r = write_named(job, CHECK_SUFFIX, after->data, after->len, err);
	if (r == 0)
		r = ask_engine(job, path, way, err);
	(void)remove_named(job, CHECK_SUFFIX, &ignored);
	return r;
}

static int put_back(const struct job *job, struct err *err)
{
	if (job->now.data)
		return write_named(job, "", job->now.data, job->now.len, err);
	return remove_named(job, "", err);
}

/*
 * A drop-in counts only in its place, among the others: it is put there, the engine asked, and the
 * file put back where it says no. An engine that says no without it as well is not the file's
 * fault.
 */
static int check_in_place(struct job *job, const struct buf *after, const struct setup_way *way,
			  struct err *err)
{
	struct err said = { 0 }, without = { 0 };
	const struct setup_way none = { 0 };
	int r = ask_engine(job, job->now.path, way, &said), back;

	if (r >= 0)
		return r;
	back = put_back(job, err);
	if (back < 0)
		return back;
	if (ask_engine(job, job->now.path, &none, &without) >= 0) {
		*err = said;
		return r;
	}
	buf_addf(&job->setup->notes, "not checked: without the new file, too, %s\n", without.text);
	r = write_named(job, "", after->data, after->len, err);
	return r;
}

/* A copy of what was there before coaming; one that is there already stays. */
static int keep_backup(const struct job *job, struct err *err)
{
	if (!job->now.data || job->engine->whole_file || job->untouched)
		return 0;
	if (job->before.data && job->way.state != SETUP_NONE)
		return 0;
	return write_named(job, BACKUP_SUFFIX, job->now.data, job->now.len, err);
}

static int make_directory(struct job *job, struct err *err)
{
	int r;

	if (job->dirfd >= 0)
		return 0;
	r = dir_make_open(job->dir, 0755, &job->dirfd, err);
	return r < 0 ? r : lock_directory(job, err);
}

static int write_added(struct job *job, const struct buf *after, const struct setup_way *way,
		       struct err *err)
{
	int r, checked = 0;

	r = make_directory(job, err);
	if (r == 0 && !job->engine->whole_file)
		r = checked = check_candidate(job, after, way, err);
	if (r >= 0)
		r = keep_backup(job, err);
	/* From here on the engine sees it. */
	if (r == 0)
		r = write_named(job, "", after->data, after->len, err);
	if (r == 0 && job->engine->whole_file)
		r = checked = check_in_place(job, after, way, err);
	if (r < 0)
		return r;
	printf("%s: wrote %s%s%s\n", job->engine->name, job->now.path,
	       checked > 0 ? ", checked by " : "", checked > 0 ? job->engine->program : "");
	if (job->now.data && !job->engine->whole_file)
		printf("%s: what was there before is in %s\n", job->engine->name, job->before.path);
	print_notes(job);
	if (way->state != SETUP_DEFAULT)
		printf("%s: only containers that ask for it go through coaming (%s); --default: "
		       "all\n",
		       job->engine->name, job->engine->choose);
	print_next(job, job->engine->activate);
	return 0;
}

static int setup_add(struct job *job, const char *runtime, struct err *err)
{
	const struct file *base = job->untouched ? &job->before : &job->now;
	const struct setup_text text = text_of(base);
	_cleanup_buf_ struct buf after = { 0 };
	struct setup_way way = { .state = SETUP_REGISTERED };
	int r;

	/* Nothing that is open already is closed by asking for less. */
	if (job->request->make_default || job->way.state == SETUP_DEFAULT)
		way.state = SETUP_DEFAULT;
	way.hooks = job->request->hooks || job->way.hooks;
	(void)snprintf(way.runtime, sizeof(way.runtime), "%s", runtime);
	r = job->engine->add(job->setup, &text, &way, &after, err);
	if (r < 0)
		return r;
	if (is_same(&job->now, &after)) {
		printf("%s: nothing to change\n", job->engine->name);
		return 0;
	}
	r = print_diff(job, &after, err);
	if (r < 0)
		return r;
	if (!job->request->dry_run)
		return write_added(job, &after, &way, err);
	print_notes(job);
	printf("%s: nothing was written (--dry-run)\n", job->engine->name);
	return 0;
}

/* ---- removing ---- */

/*
 * What the file is to hold without coaming.
 *
 * Returns  1; 0: nothing, it goes
 */
static int text_without(struct job *job, struct buf *after, struct err *err)
{
	const struct setup_text now = text_of(&job->now), before = text_of(&job->before);
	const struct setup_text none = { job->before.path, NULL, 0 };
	struct setup_way way = { 0 };
	int r;

	if (job->engine->whole_file || (job->untouched && !before.data))
		return 0;
	if (!job->untouched) {
		buf_addf(&job->setup->notes,
			 "%s was changed by others since: only coaming's keys are taken out\n",
			 job->now.path);
		r = job->engine->take_out(job->setup, &now, &before, after, err);
		return r < 0 ? r : 1;
	}
	r = look(job, &job->before, &way, err);
	if (r == 0 && way.state != SETUP_NONE)
		r = job->engine->take_out(job->setup, &before, &none, after, err);
	else
		buf_add(after, before.data, before.len);
	if (r == 0 && buf_status(after) < 0)
		r = err_oom(err);
	return r < 0 ? r : 1;
}

static int write_removed(struct job *job, const struct buf *after, struct err *err)
{
	int r;

	r = after ? write_named(job, "", after->data ? after->data : "", after->len, err)
		  : remove_named(job, "", err);
	if (r == 0)
		r = remove_named(job, BACKUP_SUFFIX, err);
	if (r < 0)
		return r;
	printf("%s: %s %s\n", job->engine->name, after ? "restored" : "removed", job->now.path);
	if (job->engine->remembers && job->way.state != SETUP_NONE)
		printf("%s: a container that was made with this runtime does not start any more "
		       "until it is made anew, see coaming-setup(1)\n",
		       job->engine->name);
	print_notes(job);
	print_next(job, job->engine->deactivate);
	return 0;
}

/* The link to the packaged drop-in would break podman once that is gone. */
static int remove_link(struct job *job, struct err *err)
{
	char path[SETUP_PATH_MAX + 64], target[SETUP_PATH_MAX];
	ssize_t n;

	if (job->engine != &engine_podman)
		return 0;
	(void)snprintf(path, sizeof(path), "%s" LINK_PATH, job->setup->root);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return 0;
	target[n] = '\0';
	if (!streq(target, LINK_TARGET))
		return 0;
	printf("%s: %s %s\n", job->engine->name,
	       job->request->dry_run ? "would remove the link" : "removed the link", path);
	if (!job->request->dry_run && unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove %s", Q(path));
	return 0;
}

/* A drop-in may not be the only file that names coaming. */
static int tell_elsewhere(struct job *job, struct err *err)
{
	size_t n = 0;
	int r = job->engine->find_elsewhere
			? job->engine->find_elsewhere(job->setup, job->now.path, &n, err)
			: 0;

	if (r < 0 || n == 0)
		return r;
	print_notes(job);
	printf("%s: coaming setup did not write that, and leaves it: take it out by hand\n",
	       job->engine->name);
	return ERR_REFUSED;
}

static int remove_file(struct job *job, struct err *err)
{
	const struct setup_text now = text_of(&job->now);
	_cleanup_buf_ struct buf after = { 0 };
	struct setup_way left = { 0 };
	struct file made = { 0 };
	int r;

	r = text_without(job, &after, err);
	if (r < 0)
		return r;
	if (r == 0 && job->engine->whole_file && !starts_with(now.data, "# Made by coaming setup"))
		return err_input(err, EEXIST, "%s was not made by coaming setup: remove it by hand",
				 Q(now.path));
	/* The promise itself. */
	made.data = after.data;
	made.len = after.len;
	(void)snprintf(made.path, sizeof(made.path), "%s", job->now.path);
	if (r > 0 && (look(job, &made, &left, err) < 0 || left.state != SETUP_NONE))
		return err_system(err, EBADMSG, "%s would still name coaming: take it out by hand",
				  Q(now.path));
	if (print_diff(job, r > 0 ? &after : NULL, err) < 0)
		return -ENOMEM;
	if (!job->request->dry_run)
		return write_removed(job, r > 0 ? &after : NULL, err);
	print_notes(job);
	printf("%s: nothing was removed (--dry-run)\n", job->engine->name);
	return 0;
}

static int setup_remove(struct job *job, struct err *err)
{
	int r = 0;

	if (job->way.state != SETUP_NONE || job->way.hooks) {
		r = remove_file(job, err);
	} else {
		printf("%s: nothing to remove\n", job->engine->name);
		if (job->before.data && !job->request->dry_run)
			r = remove_named(job, BACKUP_SUFFIX, err);
	}
	if (r == 0)
		r = remove_link(job, err);
	return r < 0 || job->request->dry_run ? r : tell_elsewhere(job, err);
}

/* ---- listing ---- */

/* A line for each engine that names coaming: what prerm scripts and people ask. */
static int setup_list(struct job *job, struct err *err)
{
	static const char *const states[] = { "hooks", "registered", "default" };
	size_t n = 0;
	int r;

	if (job->way.state != SETUP_NONE || job->way.hooks)
		printf("%s %s %s\n", job->engine->name, states[job->way.state], job->now.path);
	if (!job->engine->find_elsewhere)
		return 0;
	r = job->engine->find_elsewhere(job->setup, job->now.path, &n, err);
	print_notes(job);
	return r;
}

/* ---- coaming's own side ---- */

/* An engine must not be led to what others can change, or to nothing. */
static int check_runtime(const char *root, const char *path, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	_cleanup_close_ int fd = -1;
	const char *slash = strrchr(path, '/');
	char dir[2 * SETUP_PATH_MAX];
	struct stat st = { 0 };
	int r;

	if (path[0] != '/' || slash[1] == '\0' || strlen(root) + strlen(path) >= SETUP_PATH_MAX)
		return err_input(err, EINVAL, "--runtime: %s is not the absolute path of a program",
				 Q(path));
	if (!setup_is_ours(path))
		return err_input(err, EINVAL, "--runtime: %s is not called " SETUP_PROGRAM_NAME,
				 Q(path));
	(void)snprintf(dir, sizeof(dir), "%s%.*s", root, (int)(slash - path), path);
	r = dir_open_trusted(*dir ? dir : "/", &dirfd, err);
	if (r == 0)
		r = file_open(dirfd, slash + 1, &fd, &st, err);
	if (r < 0) {
		err_context(err, "no engine may be led to %s", Q(path));
		return r;
	}
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_input(err, EPERM,
				 "%s may be changed by others than root (chown root, chmod go-w)",
				 Q(path));
	if (!(st.st_mode & S_IXUSR))
		return err_input(err, EPERM, "%s is no program (chmod 0755)", Q(path));
	return 0;
}

/* The names of the list as they are below another root. */
static int names_below(const char *root, const struct host *host, char ***v, size_t *n,
		       struct err *err)
{
	char path[3 * SETUP_PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->n_runtimes && i < RUNTIMES_MAX; i++) {
		const char *name = host->runtimes[i];

		if (!*root || name[0] == '/') {
			(void)snprintf(path, sizeof(path), "%.1000s%.1000s", root, name);
			r = strv_add(v, n, path, err);
			continue;
		}
		for (size_t k = 0; r == 0 && k < ARRAY_SIZE(program_dirs); k++) {
			(void)snprintf(path, sizeof(path), "%.1000s%s/%.1000s", root,
				       program_dirs[k], name);
			r = strv_add(v, n, path, err);
		}
	}
	return r;
}

static int find_real(const struct request *request, const char *root, char **ret, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	_cleanup_free_ char *config = NULL;
	char **names = NULL;
	size_t n = 0;
	int r;

	if (*root && !request->config) {
		if (asprintf(&config, "%s" HOST_CONFIG_DEFAULT, root) < 0) {
			config = NULL;
			return err_oom(err);
		}
		if (access(config, F_OK) < 0) {
			free(config);
			config = NULL;
		}
	}
	r = host_load(request->config ? request->config : config, &host, err);
	if (r == 0)
		r = names_below(root, host, &names, &n, err);
	if (r == 0)
		r = runtime_find(names, n, ret, err);
	strv_free(&names, &n);
	return r;
}

/* "/usr/bin/crun" is crun. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- the command ---- */

static int run_engine(const struct engine *engine, const struct request *request,
		      struct setup *setup, const char *runtime, struct err *err)
{
	_cleanup_(job_done) struct job job = {
		.engine = engine, .request = request, .setup = setup, .dirfd = -1
	};
	int r;

	cut_notes(setup, 0);
	r = job_open(&job, err);
	if (r == 0)
		r = request->list     ? setup_list(&job, err)
		    : request->remove ? setup_remove(&job, err)
				      : setup_add(&job, runtime, err);
	if (r < 0)
		err_context(err, "%s", engine->name);
	return r;
}

static const struct engine *find_engine(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(engines)];

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		if (streq(engines[i]->name, name))
			return engines[i];
		names[i] = engines[i]->name;
	}
	(void)err_input(err, EINVAL,
			"no engine %s: podman, docker, containerd and crio are known%s", Q(name),
			SUGGESTION(name, names, ARRAY_SIZE(names)));
	return NULL;
}

static int check_request(const struct request *request, const struct words *names, struct err *err)
{
	const struct {
		bool wrong;
		const char *why;
	} rules[] = {
		{ request->remove && (request->make_default || request->hooks || request->runtime),
		  "--remove takes out all that was put in: it goes with none of --default, --hooks "
		  "and --runtime" },
		{ request->list && (request->remove || request->make_default || request->hooks),
		  "--list changes nothing: it goes with none of --remove, --default and --hooks" },
		{ request->all && !request->remove, "--all goes with --remove only" },
		{ request->all && names->n > 0, "--all, or engines by name" },
		{ !request->all && !request->list && names->n == 0,
		  "which engine: podman, docker, containerd or crio?" },
		{ request->file && names->n != 1, "--file goes with one engine" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].wrong)
			return err_input(err, EINVAL, "%s", rules[i].why);
	for (size_t i = 0; request->hooks && i < names->n; i++)
		if (!streq(names->v[i], engine_podman.name))
			return err_input(err, EINVAL, "--hooks is for podman: %s has none of them",
					 Q(names->v[i]));
	for (size_t i = 0; i < names->n; i++)
		if (!find_engine(names->v[i], err))
			return -EINVAL;
	return 0;
}

/* All of them are gone through, whatever becomes of one; the first failure is told at the end. */
static int run_all(const struct request *request, const struct words *names, struct setup *setup,
		   const char *runtime, struct err *err)
{
	size_t n = names->n > 0 ? names->n : ARRAY_SIZE(engines);
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		const struct engine *engine =
			names->n > 0 ? find_engine(names->v[i], err) : engines[i];
		struct err said = { 0 };
		int r = run_engine(engine, request, setup, runtime, &said);

		if (r < 0 && status >= 0) {
			*err = said;
			status = r;
		} else if (r < 0) {
			(void)fprintf(stderr, "coaming: setup: %s\n", said.text);
		} else if (status == 0) {
			status = r;
		}
	}
	return status;
}

static int prepare(const struct request *request, const char *root, char **runtime, char **real,
		   struct err *err)
{
	int r;

	if (request->remove || request->list)
		return 0;
	if (request->runtime) {
		*runtime = strdup(request->runtime);
		r = *runtime ? 0 : err_oom(err);
	} else {
		r = self_find(SETUP_PROGRAM_NAME, runtime, err);
	}
	if (r == 0)
		r = check_runtime(root, *runtime, err);
	return r < 0 ? r : find_real(request, root, real, err);
}

static int run(const struct request *request, const struct words *names, struct err *err)
{
	_cleanup_free_ char *root = strdup(request->root ? request->root : "");
	_cleanup_free_ char *runtime = NULL;
	_cleanup_free_ char *real = NULL;
	struct setup setup = { 0 };
	size_t n;
	int r;

	if (!root)
		return err_oom(err);
	/* "/" and "" are the same, and no path begins with two slashes. */
	for (n = strlen(root); n > 0 && root[n - 1] == '/'; n--)
		root[n - 1] = '\0';
	if (*root && *root != '/')
		return err_input(err, EINVAL, "--root: %s is not an absolute path", Q(root));
	r = check_request(request, names, err);
	if (r == 0)
		r = prepare(request, root, &runtime, &real, err);
	if (r < 0)
		return r;
	setup.root = root;
	setup.real_path = real ? real + strlen(root) : "";
	setup.real = base_name(setup.real_path);
	r = run_all(request, names, &setup, runtime, err);
	buf_done(&setup.notes);
	return r;
}

int cmd_setup(int argc, char **argv, struct err *err)
{
	struct request request = { 0 };
	_cleanup_words_ struct words names = { 0 };
	const struct option options[] = {
		{ .name = "default",
		  .help = "every container goes through coaming, not only those that ask for it",
		  .flag = &request.make_default },
		{ .name = "hooks",
		  .help = "podman: also the hooks, for containers under another runtime",
		  .flag = &request.hooks },
		{ .name = "remove",
		  .help = "leave the files as they were",
		  .flag = &request.remove },
		{ .name = "all", .help = "with --remove: of every engine", .flag = &request.all },
		{ .name = "list",
		  .help = "say which engines name coaming, and change nothing",
		  .flag = &request.list },
		{ .letter = 'n',
		  .name = "dry-run",
		  .help = "only show what would be changed",
		  .flag = &request.dry_run },
		{ .name = "file",
		  .value = "FILE",
		  .help = "the engine's file, where it is not the usual one",
		  .text = &request.file },
		{ .name = "runtime",
		  .value = "PATH",
		  .help = "coaming-runtime, where it is not beside this program",
		  .text = &request.runtime },
		{ .name = "root",
		  .value = "DIR",
		  .help = "set up the host whose \"/\" is there",
		  .text = &request.root },
		OPTION_CONFIG(&request.config),
	};
	const struct usage usage = {
		.args = "podman|docker|containerd|crio...",
		.about = "Have an engine use coaming-runtime. What changes is shown first.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &names, err);
	return r != 0 ? (r < 0 ? r : 0) : run(&request, &names, err);
}
