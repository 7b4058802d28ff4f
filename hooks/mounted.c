/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other names of what is mounted.
 *
 * MUST NOT leave one out: what is told twice costs a comparison, what is not told is let in.
 */
#include "hooks/mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/path.h"
#include "lib/strv.h"

/* Fields before the optional ones; " - " and the type follow those. */
#define FIELDS 6

/* \040 and its kind, in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
		    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw" */
static int parse_line(char *line, struct mounted_entry *ret, struct err *err)
{
	char *fields[FIELDS], *type, *rest = line;
	size_t n = 0;

	while (n < FIELDS && rest)
		fields[n++] = strsep(&rest, " ");
	type = rest ? strstr(rest, "- ") : NULL; /* the first optional field may be absent */
	while (type && type != rest && type[-1] != ' ')
		type = strstr(type + 1, "- ");
	if (n < FIELDS || !type)
		return err_system(err, EBADMSG, "/proc/self/mountinfo: a line that is no mount");
	type += strlen("- ");
	type[strcspn(type, " ")] = '\0';
	unescape(fields[3]);
	unescape(fields[4]);
	*ret = (struct mounted_entry){
		.id = strtoul(fields[0], NULL, 10),
		.device = fields[2],
		.root = fields[3],
		.point = fields[4],
		.type = type,
	};
	return 0;
}

void mounted_done(struct mounted *mounted)
{
	free(mounted->text);
	free(mounted->v);
	*mounted = (struct mounted){ 0 };
}

static int parse(struct mounted *mounted, struct err *err)
{
	char *rest = mounted->text, *line;
	size_t lines = 1;
	int r = 0;

	for (const char *at = mounted->text; *at; at++)
		lines += *at == '\n';
	mounted->v = calloc(lines, sizeof(*mounted->v));
	if (!mounted->v)
		return err_oom(err);
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		if (*line == '\0' && !rest)
			break;
		r = parse_line(line, &mounted->v[mounted->n++], err);
	}
	return r;
}

int mounted_parse(char **text, struct mounted *ret, struct err *err)
{
	struct mounted mounted = { .text = take_ptr(*text) };
	int r = parse(&mounted, err);

	if (r < 0)
		mounted_done(&mounted);
	else
		*ret = mounted;
	return r;
}

int mounted_read(struct mounted *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = file_read(AT_FDCWD, "/proc/self/mountinfo", FILE_MAX_BYTES, &text, &len, err);
	return r < 0 ? r : mounted_parse(&text, ret, err);
}

/* The mount that a path is on. Where the kernel does not tell (before 5.8), the last one above it.
 */
static const struct mounted_entry *mount_of(const struct mounted *mounted, const char *path)
{
	const struct mounted_entry *best = NULL;
	struct statx st = { 0 };
	bool told;

	told = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) ==
		       0 &&
	       (st.stx_mask & STATX_MNT_ID);
	for (size_t i = 0; i < mounted->n; i++) {
		const struct mounted_entry *entry = &mounted->v[i];

		if (told && entry->id == st.stx_mnt_id)
			return entry;
		if (path_is_within(path, entry->point) &&
		    (!best || strlen(entry->point) >= strlen(best->point)))
			best = entry;
	}
	return best;
}

/* `path` within `from` is told as the same within `to`. */
static int add_moved(const char *path, const char *from, const char *to, const char *told,
		     struct names *ret, struct err *err)
{
	_cleanup_buf_ struct buf moved = { 0 };
	const char *below = streq(from, "/") ? path : path + strlen(from);

	buf_addf(&moved, "%s%s", streq(to, "/") ? "" : to, streq(below, "/") ? "" : below);
	if (moved.len == 0)
		buf_addc(&moved, '/');
	if (buf_status(&moved) < 0)
		return err_oom(err);
	if (streq(moved.data, told) || strv_contains(ret->v, ret->n, moved.data))
		return 0;
	return strv_add(&ret->v, &ret->n, moved.data, err);
}

/* Within the entry's own file system. "/" is what mountinfo cannot tell, as of a deleted one. */
static char *inner_path(const struct mounted_entry *entry, const char *path)
{
	_cleanup_buf_ struct buf inner = { 0 };
	const char *below = "";

	if (path_is_within(path, entry->point) && !streq(path, entry->point))
		below = streq(entry->point, "/") ? path : path + strlen(entry->point);
	buf_addf(&inner, "%s%s", streq(entry->root, "/") && *below ? "" : entry->root, below);
	return buf_take(&inner);
}

static int names_of(const struct mounted *mounted, const struct mounted_entry *entry,
		    const char *path, struct names *ret, struct err *err)
{
	_cleanup_free_ char *inner = inner_path(entry, path);
	const char *usual = kernel_place(entry->type);
	int r = 0;

	if (!inner)
		return err_oom(err);
	if (usual)
		r = add_moved(inner, "/", usual, path, ret, err);
	for (size_t i = 0; r == 0 && i < mounted->n; i++) {
		const struct mounted_entry *other = &mounted->v[i];

		if (other != entry && streq(other->device, entry->device) &&
		    path_is_within(inner, other->root))
			r = add_moved(inner, other->root, other->point, path, ret, err);
	}
	return r;
}

int mounted_names(const struct mounted *mounted, const char *path, struct names *ret,
		  struct err *err)
{
	const struct mounted_entry *entry = mount_of(mounted, path);
	int r = 0;

	if (streq(path, "/")) /* is above all of them */
		return 0;
	if (entry)
		r = names_of(mounted, entry, path, ret, err);
	for (size_t i = 0; r == 0 && i < mounted->n; i++) {
		const struct mounted_entry *below = &mounted->v[i];

		if (below != entry && path_is_within(below->point, path))
			r = names_of(mounted, below, below->point, ret, err);
	}
	return r;
}
