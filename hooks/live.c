/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container between its admission and its end. Files are named by the
 * container's digest, so that no id can be a path, and are root's alone.
 */
#include "hooks/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/emit.h"
#include "lib/file.h"
#include "lib/hash.h"
#include "lib/strv.h"

#define LIVE_MAX_BYTES ((size_t)256 << 10)
#define RULES_SUFFIX   ".nft"
#define FLOWS_SUFFIX   ".flows"
/* No writer takes that long between making a file and renaming it. */
#define WRITER_MAX_SECONDS 60
/* A container is written twice in its life. */
#define CLAIM_TRIES 8
/* Together half a second. */
#define LOCK_TRIES      100
#define LOCK_PAUSE_NSEC 5000000

static const char *const state_names[] = {
	[LIVE_DENIED] = "denied",
	[LIVE_ADMITTED] = "admitted",
	[LIVE_CREATED] = "created",
};
static_assert(ARRAY_SIZE(state_names) == LIVE_STATES_, "a name a state");

static void directory(const char *state_dir, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/containers", state_dir);
}

static void file_name_of(const char *id, const char *suffix, char out[SHA256_HEX + 8])
{
	char digest[SHA256_HEX];

	sha256_hex1(digest, id, strlen(id));
	(void)snprintf(out, SHA256_HEX + 8, "%s%s", digest, suffix);
}

static void file_name(const char *id, char out[SHA256_HEX + 8])
{
	file_name_of(id, ".json", out);
}

static void emit_digest(struct emit *e, const char *key, const char *digest)
{
	if (digest[0])
		emit_text_if(e, key, digest);
}

static void emit_attested(struct emit *e, const struct live *live)
{
	if (live->attested.time == 0)
		return;
	emit_key(e, "attested");
	emit_object(e);
	emit_key(e, "time");
	emit_i64(e, live->attested.time);
	emit_text_if(e, "result", live->attested.result);
	emit_digest(e, "digest", live->attested.digest);
	emit_digest(e, "findings", live->attested.findings);
	emit_object_end(e);
}

static const struct {
	const char *key;
	size_t offset;
	bool needed;
} identity_members[] = {
	{ "id", offsetof(struct identity, id), true },
	{ "name", offsetof(struct identity, name), true },
	{ "image", offsetof(struct identity, image), false },
	{ "imageId", offsetof(struct identity, image_id), false },
	{ "imageDigest", offsetof(struct identity, image_digest), false },
	{ "engine", offsetof(struct identity, engine), false },
	{ "pod", offsetof(struct identity, pod), false },
	{ "podNamespace", offsetof(struct identity, pod_namespace), false },
	{ "podUid", offsetof(struct identity, pod_uid), false },
	{ "podContainer", offsetof(struct identity, pod_container), false },
};
static_assert(ARRAY_SIZE(identity_members) == offsetof(struct identity, infra) / sizeof(char *),
	      "every member of an identity");

static char **identity_member(struct identity *identity, size_t i)
{
	return (char **)(void *)((char *)identity + identity_members[i].offset);
}

static void write_text(const struct live *live, struct buf *out)
{
	struct identity identity = live->identity; /* borrowed */
	struct emit e = EMIT(out);

	emit_object(&e);
	for (size_t i = 0; i < ARRAY_SIZE(identity_members); i++)
		emit_text_if(&e, identity_members[i].key, *identity_member(&identity, i));
	emit_text_if(&e, "bundle", live->bundle ? live->bundle : "");
	emit_text_if(&e, "state", state_names[live->state]);
	emit_key(&e, "byPrecreate");
	emit_bool(&e, live->by_precreate);
	emit_text_if(&e, "mode", mode_name(live->mode));
	emit_text_if(&e, "breakGlass", live->break_glass);
	emit_text_if(&e, "exempt", live->exempt);
	emit_key(&e, "profiles");
	emit_array(&e);
	for (size_t i = 0; i < live->n_profiles; i++)
		emit_string(&e, live->profiles[i]);
	emit_array_end(&e);
	emit_key(&e, "pid");
	emit_i64(&e, live->pid);
	emit_key(&e, "startTime");
	emit_u64(&e, live->start_time);
	emit_key(&e, "time");
	emit_i64(&e, live->time);
	emit_key(&e, "netns");
	emit_u64(&e, live->netns);
	emit_key(&e, "firewall");
	emit_bool(&e, live->firewall);
	emit_key(&e, "restored");
	emit_bool(&e, live->restored);
	emit_key(&e, "killOnDrift");
	emit_bool(&e, live->kill_on_drift);
	emit_digest(&e, "configDigest", live->config_digest);
	emit_digest(&e, "firewallDigest", live->firewall_digest);
	emit_attested(&e, live);
	emit_object_end(&e);
}

static int read_text(const struct doc *doc, const char *key, bool required, char **ret,
		     struct err *err)
{
	const struct node *node = node_get(doc_root(doc), key);
	const char *text;
	int r;

	if (!node && !required)
		return 0;
	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : err_oom(err);
}

/* Absent: "". */
static int read_digest(const struct doc *doc, const struct node *object, const char *key,
		       char out[SHA256_HEX], struct err *err)
{
	const struct node *node = node_get(object, key);
	uint8_t bytes[SHA256_BYTES];
	const char *text;
	int r;

	if (!node)
		return 0;
	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	if (!hex_decode(bytes, sizeof(bytes), text, strlen(text)))
		return err_input(err, EBADMSG, "%s: %s is no digest", WHERE(doc, node), Q(text));
	hex_encode(out, bytes, sizeof(bytes));
	return 0;
}

static int read_flag(const struct doc *doc, const char *key, bool *ret, struct err *err)
{
	const struct node *node = node_get(doc_root(doc), key);

	return node ? node_read_bool(doc, node, ret, err) : 0;
}

static int read_attested(const struct doc *doc, struct live *live, struct err *err)
{
	const struct node *node = node_get(doc_root(doc), "attested");
	const char *result = NULL;
	int r;

	if (!node)
		return 0;
	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_read_i64(doc, node_get(node, "time"), &live->attested.time, err);
	if (r == 0)
		r = node_read_string(doc, node_get(node, "result"), &result, err);
	if (r < 0)
		return r;
	if (live->attested.time <= 0)
		return err_input(err, EBADMSG, "%s: time out of range", WHERE(doc, node));
	live->attested.result = strdup(result);
	if (!live->attested.result)
		return err_oom(err);
	r = read_digest(doc, node, "digest", live->attested.digest, err);
	return r < 0 ? r : read_digest(doc, node, "findings", live->attested.findings, err);
}

/* What createRuntime and the attestations have added; a file of before has none of it. */
static int read_proofs(const struct doc *doc, struct live *live, struct err *err)
{
	int r = read_flag(doc, "restored", &live->restored, err);

	if (r == 0)
		r = read_flag(doc, "killOnDrift", &live->kill_on_drift, err);
	if (r == 0)
		r = read_digest(doc, doc_root(doc), "configDigest", live->config_digest, err);
	if (r == 0)
		r = read_digest(doc, doc_root(doc), "firewallDigest", live->firewall_digest, err);
	return r < 0 ? r : read_attested(doc, live, err);
}

static int read_numbers(const struct doc *doc, struct live *live, struct err *err)
{
	const struct node *root = doc_root(doc);
	int64_t pid;
	int r;

	r = node_read_bool(doc, node_get(root, "byPrecreate"), &live->by_precreate, err);
	if (r == 0)
		r = node_read_i64(doc, node_get(root, "pid"), &pid, err);
	if (r == 0 && (pid < 0 || pid > INT32_MAX))
		r = err_input(err, EBADMSG, "%s: pid out of range", doc_name(doc));
	if (r == 0)
		r = node_read_u64(doc, node_get(root, "startTime"), &live->start_time, err);
	if (r == 0)
		r = node_read_i64(doc, node_get(root, "time"), &live->time, err);
	if (r == 0)
		r = node_read_u64(doc, node_get(root, "netns"), &live->netns, err);
	if (r == 0)
		r = node_read_bool(doc, node_get(root, "firewall"), &live->firewall, err);
	if (r == 0)
		live->pid = (pid_t)pid;
	return r;
}

static int read_state(const struct doc *doc, struct live *live, struct err *err)
{
	_cleanup_free_ char *state = NULL, *mode = NULL;
	int r;

	r = read_text(doc, "state", true, &state, err);
	if (r == 0)
		r = read_text(doc, "mode", true, &mode, err);
	if (r < 0)
		return r;
	live->mode = streq(mode, mode_name(MODE_AUDIT)) ? MODE_AUDIT : MODE_ENFORCE;
	for (size_t i = 0; i < ARRAY_SIZE(state_names); i++) {
		if (streq(state, state_names[i])) {
			live->state = (enum live_state)i;
			return 0;
		}
	}
	return err_input(err, EBADMSG, "%s: unknown state %s", doc_name(doc), Q(state));
}

static int read_profiles(const struct doc *doc, struct live *live, struct err *err)
{
	int r = 0;

	node_foreach (name, node_get(doc_root(doc), "profiles")) {
		const char *text;

		r = node_read_string(doc, name, &text, err);
		if (r == 0)
			r = strv_add(&live->profiles, &live->n_profiles, text, err);
		if (r < 0)
			return r;
	}
	return r;
}

/* An exemption stands alone: a file that says more of it would have coaming say two things. */
static int read_exempt(const struct doc *doc, struct live *live, struct err *err)
{
	int r = read_text(doc, "exempt", false, &live->exempt, err);

	if (r < 0 || !live->exempt)
		return r;
	if (live->exempt[0] == '\0')
		return err_input(err, EBADMSG, "%s: an empty reason is none",
				 WHERE(doc, node_get(doc_root(doc), "exempt")));
	if (live->n_profiles > 0 || live->break_glass || live->state == LIVE_DENIED)
		return err_input(err, EBADMSG,
				 "%s: exempt, and refused, under a profile or break-glass",
				 WHERE(doc, node_get(doc_root(doc), "exempt")));
	return 0;
}

static int parse(const struct doc *doc, struct live *live, struct err *err)
{
	int r;

	r = node_expect(doc, doc_root(doc), NODE_OBJECT, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(identity_members); i++)
		r = read_text(doc, identity_members[i].key, identity_members[i].needed,
			      identity_member(&live->identity, i), err);
	if (r == 0)
		r = read_text(doc, "bundle", true, &live->bundle, err);
	if (r == 0)
		r = read_text(doc, "breakGlass", false, &live->break_glass, err);
	if (r == 0)
		r = read_state(doc, live, err);
	if (r == 0)
		r = read_profiles(doc, live, err);
	if (r == 0)
		r = read_exempt(doc, live, err);
	if (r == 0)
		r = read_numbers(doc, live, err);
	if (r == 0)
		r = read_proofs(doc, live, err);
	return r;
}

/* -ENOENT where the directory is not there: no container was ever seen. */
static int open_directory(const char *state_dir, int *ret_fd, char path[PATH_MAX], struct err *err)
{
	directory(state_dir, path);
	return dir_open_trusted(path, ret_fd, err);
}

/* A file that speaks of another container would have that one ended. */
static int check_name(const struct live *live, const char *name, struct err *err)
{
	char wanted[SHA256_HEX + 8];

	file_name(live->identity.id, wanted);
	if (!streq(name, wanted))
		return err_input(err, EBADMSG, "%s: it speaks of container %s, whose file is %s",
				 name, Q(live->identity.id), wanted);
	return 0;
}

static int read_named(int dirfd, const char *dir, const char *name, struct live *ret,
		      struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	size_t len;
	int r;

	r = file_read_trusted_at(dirfd, dir, name, LIVE_MAX_BYTES, &text, &len, err);
	if (r == 0)
		r = doc_parse(&doc, name, text, len, err);
	if (r == 0)
		r = parse(doc, &live, err);
	if (r == 0)
		r = check_name(&live, name, err);
	if (r < 0)
		return r;
	*ret = live;
	live = (struct live){ 0 };
	return 0;
}

void live_done(struct live *live)
{
	identity_done(&live->identity);
	free(live->bundle);
	free(live->break_glass);
	free(live->exempt);
	free(live->attested.result);
	strv_free(&live->profiles, &live->n_profiles);
	*live = (struct live){ 0 };
}

int live_write(const char *state_dir, const struct live *live, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	_cleanup_buf_ struct buf text = { 0 };
	char path[PATH_MAX], name[SHA256_HEX + 8];
	int r;

	directory(state_dir, path);
	r = dir_make_open(path, 0700, &dirfd, err);
	if (r < 0)
		return r;
	write_text(live, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	file_name(live->identity.id, name);
	return file_write_atomic(dirfd, name, text.data, text.len, 0600, (uid_t)-1, (gid_t)-1,
				 false, err);
}

int live_read(const char *state_dir, const char *id, struct live *ret, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX], name[SHA256_HEX + 8];
	int r;

	r = open_directory(state_dir, &dirfd, path, err);
	if (r == 0) {
		file_name(id, name);
		r = read_named(dirfd, path, name, ret, err);
	}
	if (r == -ENOENT)
		err_clear(err);
	return r;
}

/* Is what was locked still what stands under that name? Else it was ended, or written anew. */
static bool is_current(int dirfd, const char *name, int fd)
{
	struct stat locked, now;

	return fstat(fd, &locked) == 0 && fstatat(dirfd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       locked.st_dev == now.st_dev && locked.st_ino == now.st_ino;
}

/* An attestation holds it for some microseconds; who ends the container takes it away. */
static int lock_patiently(int fd, const char *name, struct err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NSEC };

	for (unsigned tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, errno, "cannot lock %s", name);
		if (tries >= LOCK_TRIES)
			return -ENOENT;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

static int lock_current(int dirfd, const char *name, int *ret_fd, struct err *err)
{
	for (unsigned tries = 0; tries < CLAIM_TRIES; tries++) {
		_cleanup_close_ int fd = -1;
		struct stat st;
		int r = file_open(dirfd, name, &fd, &st, err);

		if (r < 0)
			return r;
		r = lock_patiently(fd, name, err);
		if (r < 0)
			return r;
		if (is_current(dirfd, name, fd)) {
			*ret_fd = take_fd(&fd);
			return 0;
		}
	}
	return err_system(err, EBUSY, "%s is written again and again", name);
}

int live_claim(const char *state_dir, const char *id, struct live *ret, int *ret_lock,
	       struct err *err)
{
	_cleanup_close_ int dirfd = -1, lock = -1;
	char path[PATH_MAX], name[SHA256_HEX + 8];
	int r;

	file_name(id, name);
	r = open_directory(state_dir, &dirfd, path, err);
	if (r == 0)
		r = lock_current(dirfd, name, &lock, err);
	if (r == 0)
		r = read_named(dirfd, path, name, ret, err);
	if (r == -ENOENT)
		err_clear(err);
	if (r == 0)
		*ret_lock = take_fd(&lock);
	return r;
}

int live_note_attested(const char *state_dir, const struct live *live, struct err *err)
{
	_cleanup_live_ struct live now = { 0 };
	_cleanup_close_ int lock = -1;
	char *result;
	int r;

	r = live_claim(state_dir, live->identity.id, &now, &lock, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	result = strdup(live->attested.result);
	if (!result)
		return err_oom(err);
	free(now.attested.result);
	now.attested = live->attested;
	now.attested.result = result;
	return live_write(state_dir, &now, err);
}

/* A file beside the live file. */
static int write_beside(const char *state_dir, const char *id, const char *suffix, const char *text,
			size_t len, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX], name[SHA256_HEX + 8];
	int r;

	directory(state_dir, path);
	r = dir_make_open(path, 0700, &dirfd, err);
	if (r < 0)
		return r;
	file_name_of(id, suffix, name);
	return file_write_atomic(dirfd, name, text, len, 0600, (uid_t)-1, (gid_t)-1, false, err);
}

static int read_beside(const char *state_dir, const char *id, const char *suffix, size_t max_bytes,
		       char **ret, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX], name[SHA256_HEX + 8];
	size_t len;
	int r;

	r = open_directory(state_dir, &dirfd, path, err);
	if (r == 0) {
		file_name_of(id, suffix, name);
		r = file_read_trusted_at(dirfd, path, name, max_bytes, ret, &len, err);
	}
	if (r == -ENOENT)
		err_clear(err);
	return r;
}

int live_write_rules(const char *state_dir, const char *id, const char *text, size_t len,
		     struct err *err)
{
	return write_beside(state_dir, id, RULES_SUFFIX, text, len, err);
}

int live_read_rules(const char *state_dir, const char *id, char **ret, struct err *err)
{
	return read_beside(state_dir, id, RULES_SUFFIX, LIVE_RULES_MAX_BYTES, ret, err);
}

int live_note_flows(const char *state_dir, const struct live *live, const char *text, size_t len,
		    struct err *err)
{
	_cleanup_live_ struct live now = { 0 };
	_cleanup_close_ int lock = -1;
	int r;

	r = live_claim(state_dir, live->identity.id, &now, &lock, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0 || now.time != live->time) /* it is another one of that id by now */
		return r;
	return write_beside(state_dir, live->identity.id, FLOWS_SUFFIX, text, len, err);
}

int live_read_flows(const char *state_dir, const char *id, char **ret, struct err *err)
{
	return read_beside(state_dir, id, FLOWS_SUFFIX, LIVE_FLOWS_MAX_BYTES, ret, err);
}

int live_remove(const char *state_dir, const char *id, struct err *err)
{
	static const char *const suffixes[] = { RULES_SUFFIX, FLOWS_SUFFIX, ".json" };
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX], name[SHA256_HEX + 8];
	int r;

	r = open_directory(state_dir, &dirfd, path, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	/* These first: nobody looks for those of a container that is not there. */
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		file_name_of(id, suffixes[i], name);
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, "cannot remove %s of container %s", Q(name),
					 Q(id));
	}
	return 0;
}

static int list_directory(const char *state_dir, int *ret_fd, DIR **ret, char path[PATH_MAX],
			  struct err *err)
{
	int r;

	r = open_directory(state_dir, ret_fd, path, err);
	if (r == -ENOENT)
		err_clear(err);
	if (r < 0)
		return r;
	*ret = fdopendir(fcntl(*ret_fd, F_DUPFD_CLOEXEC, 3));
	return *ret ? 0 : err_errno(err, errno, "cannot list %s", Q(path));
}

int live_remove_leavings(const char *state_dir, struct err *err)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX];
	int r;

	r = list_directory(state_dir, &dirfd, &dir, path, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		size_t len = strlen(entry->d_name);
		struct stat st;

		if (entry->d_name[0] != '.' || len < 4 || !streq(entry->d_name + len - 4, ".tmp"))
			continue;
		if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    time(NULL) - st.st_mtime > WRITER_MAX_SECONDS)
			(void)unlinkat(dirfd, entry->d_name, 0);
	}
	return 0;
}

int live_list(const char *state_dir, char ***ret_ids, size_t *ret_n, struct err *damaged,
	      struct err *err)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	_cleanup_close_ int dirfd = -1;
	char path[PATH_MAX];
	int r;

	*ret_ids = NULL;
	*ret_n = 0;
	r = list_directory(state_dir, &dirfd, &dir, path, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		_cleanup_live_ struct live live = { 0 };
		size_t len = strlen(entry->d_name);
		struct err one = { 0 };

		if (len != SHA256_HEX - 1 + 5 || entry->d_name[0] == '.')
			continue;
		r = read_named(dirfd, path, entry->d_name, &live, &one);
		if (r < 0) {
			if (r != -ENOENT && damaged->class == ERR_NONE) /* else: ended meanwhile */
				*damaged = one;
			continue;
		}
		r = strv_add(ret_ids, ret_n, live.identity.id, err);
		if (r < 0) {
			strv_free(ret_ids, ret_n);
			return r;
		}
	}
	return 0;
}
