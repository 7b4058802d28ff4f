/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read a value from a bbolt database.
 *
 * The file is a B+ tree of buckets in pages, numbers in the byte order of the machine:
 *
 *   page     id u64, flags u16, count u16, overflow u32, then `count` elements
 *   branch   pos u32, key size u32, child page u64
 *   leaf     flags u32, pos u32, key size u32, value size u32
 *   bucket   root page u64, sequence u64; where the root is 0 its page follows, inline
 *   meta     in pages 0 and 1: magic, version, page size, flags u32 each; root bucket; freelist,
 *            number of pages, transaction u64 each; FNV-1a of all that before it
 *
 * `pos` counts from its element. Nothing of it is believed: each offset is checked against the
 * page, each page against the file, and a descent is bounded in depth, so that a damaged file ends
 * in an error.
 */
#include "hooks/bolt.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#define MAGIC   0xED0CDAEDU
#define VERSION 2

enum { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_META = 0x04 };
enum { LEAF_IS_BUCKET = 0x01 };

struct page_header {
	uint64_t id;
	uint16_t flags;
	uint16_t count;
	uint32_t overflow;
};

struct branch_element {
	uint32_t pos, key_size;
	uint64_t page;
};

struct leaf_element {
	uint32_t flags, pos, key_size, value_size;
};

struct bucket {
	uint64_t root, sequence;
};

struct meta {
	uint32_t magic, version, page_size, flags;
	struct bucket root;
	uint64_t freelist, pages, transaction, checksum;
};

static_assert(sizeof(struct page_header) == 16 && sizeof(struct branch_element) == 16 &&
		      sizeof(struct leaf_element) == 16 && sizeof(struct bucket) == 16 &&
		      sizeof(struct meta) == 64,
	      "as in the file");

/* bbolt takes the page size of the machine that made the file. */
#define PAGE_SIZE_MIN 1024
#define PAGE_SIZE_MAX 65536

struct file {
	int fd;
	const char *name;
	uint64_t size;
	struct meta meta;
};

/* A page, in the file's own (buffer is ours) or inline in a value of another (buffer is NULL). */
struct page {
	char *buffer;
	const char *data;
	size_t len;
	struct page_header header;
};

static void page_done(struct page *page)
{
	free(page->buffer);
	*page = (struct page){ 0 };
}

static int damaged(const struct file *file, const char *what, struct err *err)
{
	return err_input(err, EBADMSG, "%s: a damaged bbolt database: %s", Q(file->name), what);
}

static int read_at(const struct file *file, void *to, size_t len, uint64_t offset, struct err *err)
{
	char *at = to;

	if (offset > file->size || len > file->size - offset)
		return damaged(file, "it ends too early", err);
	while (len > 0) {
		ssize_t n = pread(file->fd, at, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read %s", Q(file->name));
		if (n == 0)
			return damaged(file, "it ends too early", err);
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* ---- meta pages ---- */

static uint64_t fnv1a(const void *data, size_t len)
{
	const unsigned char *byte = data;
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
	return hash;
}

static bool meta_is_valid(const struct meta *meta)
{
	return meta->magic == MAGIC && meta->version == VERSION &&
	       meta->page_size >= PAGE_SIZE_MIN && meta->page_size <= PAGE_SIZE_MAX &&
	       (meta->page_size & (meta->page_size - 1)) == 0 &&
	       meta->checksum == fnv1a(meta, offsetof(struct meta, checksum));
}

static bool read_meta_at(const struct file *file, uint64_t offset, struct meta *ret)
{
	struct err ignored = { 0 };
	struct page_header header;

	if (read_at(file, &header, sizeof(header), offset, &ignored) < 0 ||
	    read_at(file, ret, sizeof(*ret), offset + sizeof(header), &ignored) < 0)
		return false;
	return (header.flags & PAGE_META) && meta_is_valid(ret);
}

/* Of the two the one that was written last. A writer leaves the other one whole at any time. */
static int read_meta(const struct file *file, struct meta *ret, struct err *err)
{
	struct meta first, second;
	bool have_first = read_meta_at(file, 0, &first), have_second = false;
	uint32_t size = have_first ? first.page_size : PAGE_SIZE_MIN;

	/* Only the first one says how large a page is; without it every size is tried. */
	do {
		have_second = read_meta_at(file, size, &second) && second.page_size == size;
		size *= 2;
	} while (!have_first && !have_second && size <= PAGE_SIZE_MAX);
	if (!have_first && !have_second)
		return damaged(file, "neither of its meta pages is valid", err);
	*ret = have_first && (!have_second || first.transaction > second.transaction) ? first
										      : second;
	return 0;
}

/* ---- pages ---- */

static int check_page(const struct file *file, struct page *page, struct err *err)
{
	/* Branch and leaf elements are of one size. */
	if (page->header.flags != PAGE_BRANCH && page->header.flags != PAGE_LEAF)
		return damaged(file, "a page that is neither branch nor leaf", err);
	if (page->header.count > (page->len - sizeof(page->header)) / sizeof(struct leaf_element))
		return damaged(file, "a page with more elements than it has room for", err);
	return 0;
}

static int read_page(const struct file *file, uint64_t id, struct page *ret, struct err *err)
{
	const size_t size = file->meta.page_size;
	struct page page = { 0 };
	int r;

	if (id < 2 || id >= file->meta.pages || id > file->size / size)
		return damaged(file, "a page that is not there", err);
	r = read_at(file, &page.header, sizeof(page.header), id * size, err);
	if (r < 0)
		return r;
	if (page.header.id != id)
		return damaged(file, "a page of another number", err);
	page.len = ((size_t)page.header.overflow + 1) * size;
	if (page.len > BOLT_PAGE_MAX)
		return err_input(err, E2BIG, "%s: a page of more than %zu bytes", Q(file->name),
				 BOLT_PAGE_MAX);
	page.buffer = malloc(page.len);
	if (!page.buffer)
		return err_oom(err);
	page.data = page.buffer;
	r = read_at(file, page.buffer, page.len, id * size, err);
	if (r == 0)
		r = check_page(file, &page, err);
	if (r < 0)
		page_done(&page);
	else
		*ret = page;
	return r;
}

/* The root page of a bucket, from the value that describes it. */
static int read_root(const struct file *file, const char *value, size_t len, struct page *ret,
		     struct err *err)
{
	struct page page = { 0 };
	struct bucket bucket;
	int r;

	if (len < sizeof(bucket))
		return damaged(file, "a bucket without a root", err);
	memcpy(&bucket, value, sizeof(bucket));
	if (bucket.root != 0)
		return read_page(file, bucket.root, ret, err);
	if (len - sizeof(bucket) < sizeof(page.header))
		return damaged(file, "a bucket without a page", err);
	/* It lives as long as the page that holds it, which may go: a copy. */
	page.len = len - sizeof(bucket);
	page.buffer = malloc(page.len);
	if (!page.buffer)
		return err_oom(err);
	memcpy(page.buffer, value + sizeof(bucket), page.len);
	page.data = page.buffer;
	memcpy(&page.header, page.data, sizeof(page.header));
	r = check_page(file, &page, err);
	if (r == 0 && page.header.flags != PAGE_LEAF)
		r = damaged(file, "an inline bucket that is no leaf", err);
	if (r < 0)
		page_done(&page);
	else
		*ret = page;
	return r;
}

struct item {
	const char *key, *value;
	size_t key_len, value_len;
	bool is_bucket;
	uint64_t child;
};

/* The i-th element, i < header.count; what it points at lies within the page. */
static int read_item(const struct file *file, const struct page *page, size_t i, struct item *ret,
		     struct err *err)
{
	const size_t at = sizeof(page->header) + i * sizeof(struct leaf_element);
	struct leaf_element leaf = { 0 };
	struct branch_element branch;
	size_t room;

	if (page->header.flags == PAGE_BRANCH) {
		memcpy(&branch, page->data + at, sizeof(branch));
		leaf.pos = branch.pos;
		leaf.key_size = branch.key_size;
		ret->child = branch.page;
	} else {
		memcpy(&leaf, page->data + at, sizeof(leaf));
	}
	if (leaf.pos > page->len - at)
		return damaged(file, "an element outside its page", err);
	room = page->len - at - leaf.pos;
	if (leaf.key_size > room || leaf.value_size > room - leaf.key_size)
		return damaged(file, "an element that leaves its page", err);
	ret->key = page->data + at + leaf.pos;
	ret->key_len = leaf.key_size;
	ret->value = ret->key + leaf.key_size;
	ret->value_len = leaf.value_size;
	ret->is_bucket = leaf.flags & LEAF_IS_BUCKET;
	return 0;
}

/* ---- lookup ---- */

static int compare(const struct item *item, const char *key, size_t key_len)
{
	size_t len = item->key_len < key_len ? item->key_len : key_len;
	int order = memcmp(item->key, key, len);

	if (order != 0)
		return order;
	return item->key_len < key_len ? -1 : item->key_len > key_len;
}

/*
 * The last element whose key is not above the one that is looked for; the first where all are, as
 * a branch's first key may be stale. count > 0.
 */
static int search(const struct file *file, const struct page *page, const char *key, size_t key_len,
		  struct item *ret, bool *ret_equal, struct err *err)
{
	size_t low = 0, high = page->header.count;
	int r;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		r = read_item(file, page, middle, ret, err);
		if (r < 0)
			return r;
		if (compare(ret, key, key_len) <= 0)
			low = middle;
		else
			high = middle;
	}
	r = read_item(file, page, low, ret, err);
	if (r == 0)
		*ret_equal = compare(ret, key, key_len) == 0;
	return r;
}

/* From a bucket's root to the key. *page becomes the leaf that holds what *ret points at. */
static int descend(const struct file *file, struct page *page, const char *key, struct item *ret,
		   struct err *err)
{
	bool equal = false;
	int r;

	for (size_t depth = 0; depth < BOLT_DEPTH_MAX; depth++) {
		struct page child = { 0 };

		if (page->header.count == 0)
			return err_input(err, ENOENT, "%s: nothing is kept as %s", Q(file->name),
					 Q(key));
		r = search(file, page, key, strlen(key), ret, &equal, err);
		if (r < 0)
			return r;
		if (page->header.flags == PAGE_LEAF)
			return equal ? 0
				     : err_input(err, ENOENT, "%s: nothing is kept as %s",
						 Q(file->name), Q(key));
		r = read_page(file, ret->child, &child, err);
		if (r < 0)
			return r;
		page_done(page);
		*page = child;
	}
	return damaged(file, "a tree without an end", err);
}

/* Walk the names. Where the last one is a bucket, *page is its root and *ret untouched. */
static int walk(const struct file *file, const char *const path[], bool to_bucket,
		struct page *page, struct item *ret, struct err *err)
{
	int r;

	r = read_page(file, file->meta.root.root, page, err);
	for (size_t i = 0; r == 0 && path[i]; i++) {
		bool wants_bucket = to_bucket || path[i + 1];
		struct page root = { 0 };

		r = descend(file, page, path[i], ret, err);
		if (r < 0)
			return r;
		if (ret->is_bucket != wants_bucket)
			return err_input(err, EBADMSG, "%s: %s is %s bucket", Q(file->name),
					 Q(path[i]), wants_bucket ? "no" : "a");
		if (!wants_bucket)
			return 0;
		r = read_root(file, ret->value, ret->value_len, &root, err);
		if (r == 0) {
			page_done(page);
			*page = root;
		}
	}
	return r;
}

static char *copy(const char *data, size_t len)
{
	char *text = malloc(len + 1);

	if (text) {
		memcpy(text, data, len);
		text[len] = '\0';
	}
	return text;
}

static int get(const struct file *file, const char *const path[], struct bolt_items *ret,
	       struct err *err)
{
	_cleanup_(page_done) struct page page = { 0 };
	struct item item = { 0 };
	int r;

	r = walk(file, path, false, &page, &item, err);
	if (r < 0)
		return r;
	ret->v = calloc(1, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	ret->n = 1;
	ret->v->value = copy(item.value, item.value_len);
	ret->v->value_len = item.value_len;
	return ret->v->value ? 0 : err_oom(err);
}

/* ---- a bucket whole ---- */

static int add_item(const struct file *file, const struct item *item, struct bolt_items *items,
		    struct err *err)
{
	struct bolt_item *grown;

	if (items->n >= BOLT_ITEMS_MAX)
		return err_input(err, E2BIG, "%s: more than %d keys", Q(file->name),
				 BOLT_ITEMS_MAX);
	grown = reallocarray(items->v, items->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	items->v = grown;
	grown[items->n] = (struct bolt_item){
		.key = copy(item->key, item->key_len),
		.value = copy(item->value, item->value_len),
		.key_len = item->key_len,
		.value_len = item->value_len,
	};
	items->n++;
	return grown[items->n - 1].key && grown[items->n - 1].value ? 0 : err_oom(err);
}

/* Pages that are named twice make a damaged file large: each page read counts as an item, too. */
static int list_page(const struct file *file, const struct page *page, size_t depth,
		     size_t *pages_left, struct bolt_items *items, struct err *err)
{
	int r = 0;

	if (depth >= BOLT_DEPTH_MAX || (*pages_left)-- == 0)
		return damaged(file, "a tree without an end", err);
	for (size_t i = 0; r == 0 && i < page->header.count; i++) {
		_cleanup_(page_done) struct page child = { 0 };
		struct item item = { 0 };

		r = read_item(file, page, i, &item, err);
		if (r < 0)
			return r;
		if (page->header.flags == PAGE_LEAF) {
			r = item.is_bucket ? 0 : add_item(file, &item, items, err);
			continue;
		}
		r = read_page(file, item.child, &child, err);
		if (r == 0)
			r = list_page(file, &child, depth + 1, pages_left, items, err);
	}
	return r;
}

static int list(const struct file *file, const char *const path[], struct bolt_items *ret,
		struct err *err)
{
	_cleanup_(page_done) struct page page = { 0 };
	size_t pages_left = BOLT_ITEMS_MAX;
	struct item item = { 0 };
	int r;

	r = walk(file, path, true, &page, &item, err);
	return r < 0 ? r : list_page(file, &page, 0, &pages_left, ret, err);
}

/* ---- snapshots ---- */

typedef int read_fn(const struct file *file, const char *const path[], struct bolt_items *ret,
		    struct err *err);

static int refresh(struct file *file, struct err *err)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return err_errno(err, errno, "cannot look at %s", Q(file->name));
	file->size = (uint64_t)st.st_size;
	return read_meta(file, &file->meta, err);
}

/* What was read of a snapshot that is no longer the newest may be anything, errors too. */
static bool was_overtaken(const struct file *file)
{
	struct file now = *file;
	struct err ignored = { 0 };

	return refresh(&now, &ignored) < 0 || now.meta.transaction != file->meta.transaction;
}

static int read_snapshot(int fd, const char *name, const char *const path[], read_fn *read,
			 struct bolt_items *ret, struct err *err)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	struct file file = { .fd = fd, .name = name };
	struct err why = { 0 };
	int r = 0;

	for (int i = 0; i < BOLT_TRIES; i++) {
		err_clear(&why);
		r = refresh(&file, &why);
		if (r < 0)
			break;
		r = read(&file, path, ret, &why);
		if (!was_overtaken(&file))
			break;
		bolt_items_done(ret);
		r = err_system(&why, EBUSY, "%s was written to each time it was read", Q(name));
		(void)nanosleep(&pause, NULL);
	}
	if (r < 0) {
		bolt_items_done(ret);
		*err = why;
	}
	return r;
}

void bolt_items_done(struct bolt_items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		free(items->v[i].key);
		free(items->v[i].value);
	}
	free(items->v);
	*items = (struct bolt_items){ 0 };
}

int bolt_get(int fd, const char *name, const char *const path[], char **ret, size_t *ret_len,
	     struct err *err)
{
	_cleanup_(bolt_items_done) struct bolt_items items = { 0 };
	int r;

	r = read_snapshot(fd, name, path, get, &items, err);
	if (r < 0)
		return r;
	*ret_len = items.v->value_len;
	*ret = take_ptr(items.v->value);
	return 0;
}

int bolt_list(int fd, const char *name, const char *const path[], struct bolt_items *ret,
	      struct err *err)
{
	struct bolt_items items = { 0 };
	int r;

	r = read_snapshot(fd, name, path, list, &items, err);
	if (r == 0)
		*ret = items;
	return r;
}
