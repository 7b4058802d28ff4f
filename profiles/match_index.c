/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index of the profiles' selectors.
 *
 * A selector that demands a label has an anchor: a text, "key=value" or "key", which every matching
 * container yields too; so have images in whose repository no wildcard stands: that repository. The
 * index maps hashes of anchors to names; a collision only proposes one profile too many. What has
 * no anchor (NotIn, DoesNotExist, empty, "*" in a repository) is always proposed.
 *
 * The file is a header, the entries sorted by hash, the sums of the slices, the names, and the
 * slices: stamps of SLICE_FILES files each, which are read only where they are compared. It is made
 * and read by the same program on the same host, so numbers stand in it as they are in memory.
 */
#include "profiles/match_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/image.h"
#include "profiles/profile.h"

#define INDEX_NAME "profiles.index"
/* 1,000,000 selectors; beyond it something else is wrong. */
#define INDEX_MAX_BYTES ((off_t)64 << 20)
#define ALWAYS          UINT64_C(0)

struct entry {
	uint64_t hash; /* ALWAYS: no anchor; these stand first */
	uint32_t name; /* offset into the names */
	uint32_t unused;
};

struct file_stamp {
	uint64_t dev, ino, size, mtime_nsec, ctime_nsec;
	uint64_t dir;
	char name[PROFILE_NAME_MAX + 1];
};

/* What a start compares of more than MATCH_FILES_STAMPED_MAX files: some 100 us. */
#define SLICE_FILES 128
static_assert(MATCH_FILES_STAMPED_MAX % SLICE_FILES == 0, "whole slices");

struct header {
	char magic[8]; /* INDEX_MAGIC: changes with the format */
	char stamp[SHA256_HEX + 7];
	uint64_t sum; /* of all bytes before the slices, this one being 0 */
	uint64_t taken_nsec, settled_nsec;
	uint64_t n_entries, n_files, names_size;
};
static_assert(sizeof(struct header) % sizeof(uint64_t) == 0, "the entries are aligned");

static const char magic[8] = "cmgidx4";

/* More than the longest tick of a kernel's clock, and than what file systems that keep whole
 * seconds round off. */
#define TICK_NSEC   UINT64_C(20000000)
#define COARSE_NSEC UINT64_C(2000000000)

struct match_index {
	char stamp[SHA256_HEX];
	uint64_t taken_nsec, settled_nsec;
	const struct entry *entries;
	const uint64_t *slice_sums;
	const char *names;
	const struct file_stamp *files;
	size_t n_entries, n_files, names_size;
	struct buf entry_buf, file_buf, name_buf, sum_buf; /* while it is built */
	void *map;                                         /* where it was read */
	size_t map_size;
};

/* ---- stamps ---- */

static uint64_t nsec(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

/* From when on a change gives this file another time. ctime: nobody can set it. */
static uint64_t settled(uint64_t ctime_nsec)
{
	return ctime_nsec + (ctime_nsec % 1000000000 ? TICK_NSEC : COARSE_NSEC);
}

static void at_least(uint64_t *v, uint64_t least)
{
	if (*v < least)
		*v = least;
}

static void add_to_stamp(struct match_stamp *stamp, const void *data, size_t len)
{
	const struct iovec pieces[] = {
		{ .iov_base = stamp->digest, .iov_len = SHA256_HEX - 1 },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = len },
	};

	sha256_hex(stamp->digest, pieces, ARRAY_SIZE(pieces));
}

int match_stamp_start(struct match_stamp *stamp, struct err *err)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
		return err_errno(err, errno, "cannot read the clock");
	sha256_hex1(stamp->digest, magic, sizeof(magic));
	stamp->taken_nsec = nsec(&now);
	stamp->settled_nsec = 0;
	return 0;
}

int match_stamp_directory(struct match_stamp *stamp, const char *path, int fd, struct err *err)
{
	uint64_t v[4] = { 0 };
	struct stat st;

	add_to_stamp(stamp, path, strlen(path) + 1);
	if (fd >= 0) {
		if (fstat(fd, &st) < 0)
			return err_errno(err, errno, "cannot stat %s", Q(path));
		v[0] = st.st_dev;
		v[1] = st.st_ino;
		v[2] = nsec(&st.st_mtim);
		v[3] = nsec(&st.st_ctim);
		at_least(&stamp->settled_nsec, settled(v[3]));
	}
	add_to_stamp(stamp, v, sizeof(v));
	return 0;
}

static bool stat_profile(int dirfd, const char *name, struct file_stamp *ret)
{
	char file[PROFILE_NAME_MAX + sizeof(".json")];
	struct stat st;

	(void)snprintf(file, sizeof(file), "%s.json", name);
	if (fstatat(dirfd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret = (struct file_stamp){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime_nsec = nsec(&st.st_mtim),
		.ctime_nsec = nsec(&st.st_ctim),
	};
	return true;
}

/* ---- building ---- */

static uint64_t fnv1a(uint64_t h, const char *text)
{
	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return h;
}

/* Of "key" or "key=value"; never ALWAYS. */
static uint64_t hash_text(const char *key, const char *value)
{
	uint64_t h = fnv1a(UINT64_C(0xcbf29ce484222325), key);

	if (value)
		h = fnv1a(fnv1a(h, "="), value);
	return h == ALWAYS ? 1 : h;
}

/* Of the hash of a repository; no label is called that. */
static const char image_key[] = "\1image";

int match_index_new(const struct match_stamp *stamp, struct match_index **ret, struct err *err)
{
	struct match_index *index = calloc(1, sizeof(*index));

	if (!index)
		return err_oom(err);
	memcpy(index->stamp, stamp->digest, sizeof(index->stamp));
	index->taken_nsec = stamp->taken_nsec;
	index->settled_nsec = stamp->settled_nsec;
	*ret = index;
	return 0;
}

void match_index_free(struct match_index **index)
{
	struct match_index *i = *index;

	if (!i)
		return;
	buf_done(&i->entry_buf);
	buf_done(&i->file_buf);
	buf_done(&i->name_buf);
	buf_done(&i->sum_buf);
	if (i->map)
		(void)munmap(i->map, i->map_size);
	free(i);
	*index = NULL;
}

static uint32_t add_name(struct match_index *index, const char *name)
{
	size_t at = index->name_buf.len;

	buf_add(&index->name_buf, name, strlen(name) + 1);
	return (uint32_t)at;
}

static void add_entry(struct match_index *index, uint64_t hash, uint32_t name)
{
	const struct entry entry = { .hash = hash, .name = name };

	buf_add(&index->entry_buf, &entry, sizeof(entry));
}

/* Where one of the patterns says nothing of its repository, all of them say nothing. */
static bool images_have_anchors(const struct match *match)
{
	char repository[IMAGE_NAME_MAX * 2];

	for (size_t i = 0; i < match->n_images; i++) {
		(void)image_repository(repository, match->images[i]);
		if (repository[0] == '\0' || strpbrk(repository, "*?"))
			return false;
	}
	return match->n_images > 0;
}

/* A profile takes hold by its labels, else by its images, else always. */
static void add_anchors(struct match_index *index, const struct match *match, uint32_t at)
{
	const struct selector *selector = &match->selector;
	const struct requirement *anchor = NULL;
	char repository[IMAGE_NAME_MAX * 2];

	for (size_t i = 0; i < selector->n && !anchor; i++) {
		if (selector->v[i].op == SELECTOR_IN || selector->v[i].op == SELECTOR_EXISTS)
			anchor = &selector->v[i];
	}
	if (anchor && anchor->op == SELECTOR_EXISTS) {
		add_entry(index, hash_text(anchor->key, NULL), at);
	} else if (anchor) {
		for (size_t i = 0; i < anchor->n_values; i++)
			add_entry(index, hash_text(anchor->key, anchor->values[i]), at);
	} else if (images_have_anchors(match)) {
		for (size_t i = 0; i < match->n_images; i++)
			add_entry(index,
				  hash_text(image_key,
					    image_repository(repository, match->images[i])),
				  at);
	} else {
		add_entry(index, ALWAYS, at);
	}
}

int match_index_add(struct match_index *index, const char *name, const struct match *match,
		    struct err *err)
{
	add_anchors(index, match, add_name(index, name));
	return buf_status(&index->entry_buf) < 0 || buf_status(&index->name_buf) < 0 ? err_oom(err)
										     : 0;
}

int match_index_stamp_file(struct match_index *index, size_t dir, int dirfd, const char *name,
			   struct err *err)
{
	struct file_stamp file;

	if (!stat_profile(dirfd, name, &file))
		return 0;
	file.dir = dir;
	(void)snprintf(file.name, sizeof(file.name), "%s", name);
	at_least(&index->settled_nsec, settled(file.ctime_nsec));
	buf_add(&index->file_buf, &file, sizeof(file));
	return buf_status(&index->file_buf) < 0 ? err_oom(err) : 0;
}

static int by_hash(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->name > y->name) - (x->name < y->name);
}

static size_t slices(size_t n_files)
{
	return (n_files + SLICE_FILES - 1) / SLICE_FILES;
}

/* The files of one slice. */
static const struct file_stamp *slice(const struct match_index *index, size_t which, size_t *ret_n)
{
	size_t first = which * SLICE_FILES, left = index->n_files - first;

	*ret_n = left < SLICE_FILES ? left : SLICE_FILES;
	return &index->files[first];
}

/* Against damage, see match_index_sum(). */
static uint64_t sum_of(const void *data, size_t len, size_t zero_at)
{
	const char *bytes = data;
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ len;

	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		size_t left = len - i;
		uint64_t word = 0;

		if (i != zero_at)
			memcpy(&word, bytes + i, left < sizeof(word) ? left : sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

/* So that what follows the names is aligned, in memory as in the file. */
static void pad_names(struct match_index *index)
{
	while (index->name_buf.len % sizeof(uint64_t) != 0 && buf_status(&index->name_buf) == 0)
		buf_addc(&index->name_buf, '\0');
}

static void sum_slices(struct match_index *index)
{
	for (size_t i = 0; i < slices(index->n_files); i++) {
		size_t n;
		const struct file_stamp *files = slice(index, i, &n);
		uint64_t sum = sum_of(files, n * sizeof(*files), SIZE_MAX);

		buf_add(&index->sum_buf, &sum, sizeof(sum));
	}
}

int match_index_finish(struct match_index *index, struct err *err)
{
	pad_names(index);
	buf_add(&index->entry_buf, "", 0);
	buf_add(&index->file_buf, "", 0);
	buf_add(&index->name_buf, "", 0);
	buf_add(&index->sum_buf, "", 0);
	if (buf_status(&index->entry_buf) < 0 || buf_status(&index->file_buf) < 0 ||
	    buf_status(&index->name_buf) < 0)
		return err_oom(err);
	index->n_entries = index->entry_buf.len / sizeof(struct entry);
	index->n_files = index->file_buf.len / sizeof(struct file_stamp);
	index->names_size = index->name_buf.len;
	qsort(index->entry_buf.data, index->n_entries, sizeof(struct entry), by_hash);
	/* malloc() aligns for any type. */
	index->entries = (const struct entry *)(const void *)index->entry_buf.data;
	index->files = (const struct file_stamp *)(const void *)index->file_buf.data;
	index->names = index->name_buf.data;
	sum_slices(index);
	index->slice_sums = (const uint64_t *)(const void *)index->sum_buf.data;
	return buf_status(&index->sum_buf) < 0 ? err_oom(err) : 0;
}

/* ---- the file ---- */

/* How much of the file stands before its slices; all of it where it is no index. */
static size_t summed_size(const void *data, size_t len)
{
	struct header header;
	size_t files;

	if (len < sizeof(header))
		return len;
	memcpy(&header, data, sizeof(header));
	if (__builtin_mul_overflow(header.n_files, sizeof(struct file_stamp), &files) ||
	    files > len - sizeof(header))
		return len;
	return len - files;
}

uint64_t match_index_sum(const void *data, size_t len)
{
	static_assert(offsetof(struct header, sum) == MATCH_SUM_AT, "where the header says");

	return sum_of(data, summed_size(data, len), MATCH_SUM_AT);
}

int match_index_write(const struct match_index *index, int state_dirfd, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct header header = {
		.taken_nsec = index->taken_nsec,
		.settled_nsec = index->settled_nsec,
		.n_entries = index->n_entries,
		.n_files = index->n_files,
		.names_size = index->names_size,
	};

	memcpy(header.magic, magic, sizeof(magic));
	memcpy(header.stamp, index->stamp, sizeof(index->stamp));
	buf_add(&out, &header, sizeof(header));
	buf_add(&out, index->entries, index->n_entries * sizeof(*index->entries));
	buf_add(&out, index->slice_sums, slices(index->n_files) * sizeof(*index->slice_sums));
	buf_add(&out, index->names, index->names_size);
	buf_add(&out, index->files, index->n_files * sizeof(*index->files));
	if (buf_status(&out) < 0)
		return err_oom(err);
	header.sum = match_index_sum(out.data, out.len);
	memcpy(out.data, &header, sizeof(header));
	return file_write_atomic(state_dirfd, INDEX_NAME, out.data, out.len, 0600, (uid_t)-1,
				 (gid_t)-1, false, err);
}

/* Everything that is used later lies inside the map, and every name ends. */
static int check_map(struct match_index *index)
{
	const struct header *header = index->map;
	const char *at = (const char *)index->map + sizeof(*header);
	size_t left = index->map_size - sizeof(*header), entries, files, sums;

	if (memcmp(header->magic, magic, sizeof(magic)) != 0 ||
	    header->stamp[SHA256_HEX - 1] != '\0' ||
	    header->sum != match_index_sum(index->map, index->map_size))
		return -EBADMSG;
	if (__builtin_mul_overflow(header->n_entries, sizeof(struct entry), &entries) ||
	    __builtin_mul_overflow(header->n_files, sizeof(struct file_stamp), &files) ||
	    entries > left || files > left - entries)
		return -EBADMSG;
	sums = slices(header->n_files) * sizeof(uint64_t);
	left -= entries + files;
	if (sums > left || header->names_size != left - sums ||
	    header->names_size % sizeof(uint64_t) != 0)
		return -EBADMSG;
	index->n_entries = header->n_entries;
	index->n_files = header->n_files;
	index->names_size = header->names_size;
	index->entries = (const struct entry *)(const void *)at;
	index->slice_sums = (const uint64_t *)(const void *)(at + entries);
	index->names = at + entries + sums;
	index->files = (const struct file_stamp *)(const void *)(index->names + index->names_size);
	if (index->names_size > 0 && index->names[index->names_size - 1] != '\0')
		return -EBADMSG;
	return 0;
}

static int map_file(int fd, struct match_index *index)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) ||
	    st.st_size < (off_t)sizeof(struct header) || st.st_size > INDEX_MAX_BYTES)
		return -EBADMSG;
	index->map_size = (size_t)st.st_size;
	index->map = mmap(NULL, index->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (index->map == MAP_FAILED) {
		index->map = NULL;
		return -errno;
	}
	return check_map(index);
}

int match_index_read(int state_dirfd, const struct match_stamp *stamp, struct match_index **ret)
{
	_cleanup_(match_index_free) struct match_index *index = calloc(1, sizeof(*index));
	_cleanup_close_ int fd = -1;
	const struct header *header;
	int r;

	if (!index)
		return -ENOMEM;
	fd = openat(state_dirfd, INDEX_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = map_file(fd, index);
	if (r < 0)
		return r;
	header = index->map;
	if (!streq(header->stamp, stamp->digest) || header->taken_nsec < header->settled_nsec)
		return -ESTALE;
	*ret = take_ptr(index);
	return 0;
}

static const char *name_at(const struct match_index *index, uint32_t at)
{
	return at < index->names_size ? index->names + at : NULL;
}

static bool file_is_unchanged(const struct file_stamp *then, const int *dirfds, size_t n)
{
	struct file_stamp now;

	return memchr(then->name, '\0', sizeof(then->name)) && then->dir < n &&
	       dirfds[then->dir] >= 0 && stat_profile(dirfds[then->dir], then->name, &now) &&
	       now.dev == then->dev && now.ino == then->ino && now.size == then->size &&
	       now.mtime_nsec == then->mtime_nsec && now.ctime_nsec == then->ctime_nsec;
}

/* *ret_name: the one that has changed, where that is known. */
static bool slice_is_unchanged(const struct match_index *index, size_t which, const int *dirfds,
			       size_t n, const char **ret_name)
{
	size_t n_files;
	const struct file_stamp *files = slice(index, which, &n_files);

	if (index->slice_sums[which] != sum_of(files, n_files * sizeof(*files), SIZE_MAX))
		return false;
	for (size_t i = 0; i < n_files; i++) {
		if (file_is_unchanged(&files[i], dirfds, n))
			continue;
		if (memchr(files[i].name, '\0', sizeof(files[i].name)))
			*ret_name = files[i].name;
		return false;
	}
	return true;
}

/* Any of them; which one nobody can tell before, so that no rhythm of starts leaves one out. */
static size_t some_slice(const struct match_index *index)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = index->taken_nsec ^ (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(random % slices(index->n_files));
}

bool match_index_files_unchanged(const struct match_index *index, const int *dirfds, size_t n,
				 bool all, const char **ret_late)
{
	bool many = index->n_files > MATCH_FILES_STAMPED_MAX;
	const char *name = NULL;
	bool same = true;

	if (many && !all)
		same = slice_is_unchanged(index, some_slice(index), dirfds, n, &name);
	for (size_t i = 0; (all || !many) && same && i < slices(index->n_files); i++)
		same = slice_is_unchanged(index, i, dirfds, n, &name);
	*ret_late = many ? name : NULL;
	return same;
}

/* ---- asking ---- */

/* All entries of one hash. */
static int propose(const struct match_index *index, uint64_t hash, char ***names, size_t *n,
		   struct err *err)
{
	size_t low = 0, high = index->n_entries;
	int r;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->entries[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < index->n_entries && index->entries[low].hash == hash; low++) {
		const char *name = name_at(index, index->entries[low].name);

		if (!name || !profile_name_is_valid(name))
			return err_system(err, EBADMSG,
					  "the index of profiles is damaged (run coaming reload)");
		r = strv_add(names, n, name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int match_index_candidates(const struct match_index *index, const struct metadata *metadata,
			   char ***ret, size_t *ret_n, struct err *err)
{
	const struct labels *labels = metadata->labels;
	char repository[IMAGE_NAME_MAX * 2];
	char **names = NULL;
	size_t n = 0;
	int r;

	r = propose(index, ALWAYS, &names, &n, err);
	if (r == 0 && metadata->image && strlen(metadata->image) <= IMAGE_NAME_MAX)
		r = propose(index,
			    hash_text(image_key, image_repository(repository, metadata->image)),
			    &names, &n, err);
	for (size_t i = 0; r == 0 && i < labels->n; i++) {
		const struct label *label = &labels->v[i];

		r = propose(index, hash_text(label->key, label->value), &names, &n, err);
		if (r == 0)
			r = propose(index, hash_text(label->key, NULL), &names, &n, err);
	}
	if (r < 0) {
		strv_free(&names, &n);
		return r;
	}
	strv_sort_unique(names, &n);
	*ret = names;
	*ret_n = n;
	return 0;
}
