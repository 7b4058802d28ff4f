/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a process.
 */
#include "hooks/mountinfo.h"

#include <errno.h>

#include "lib/path.h"

static const struct {
	const char *name;
	enum mount_flag flag;
} flags[] = {
	{ "ro", MOUNT_RO },
	{ "nosuid", MOUNT_NOSUID },
	{ "nodev", MOUNT_NODEV },
	{ "noexec", MOUNT_NOEXEC },
};

void mountinfo_done(struct mountinfo *mounts)
{
	free(mounts->v);
	free(mounts->text);
	*mounts = (struct mountinfo){ 0 };
}

/* ---- parsing ---- */

/* The next word of a line, ended with NUL; NULL: there is none. */
static char *next_word(char **at)
{
	char *word = *at;
	char *end = word ? strchrnul(word, ' ') : NULL;

	if (!word || end == word)
		return NULL;
	*at = *end ? end + 1 : NULL;
	*end = '\0';
	return word;
}

static bool next_number(char **at, char end, uint32_t *ret)
{
	uint64_t v;
	char *stop;

	if (!*at || **at < '0' || **at > '9')
		return false;
	v = strtoull(*at, &stop, 10);
	if (*stop != end || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	*at = stop + 1;
	return true;
}

/* Blank, tab, line end, backslash and '#' stand as three octal digits. In place. */
static void unescape(char *word)
{
	char *to = word;

	for (const char *from = word; *from; from++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static unsigned int read_flags(const char *options)
{
	unsigned int ret = 0;

	for (const char *at = options; *at;) {
		size_t len = strcspn(at, ",");

		for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
			if (strlen(flags[i].name) == len && strncmp(at, flags[i].name, len) == 0)
				ret |= flags[i].flag;
		}
		at += len + (at[len] == ',');
	}
	return ret;
}

/* "shared:N", "master:N"... up to "-". */
static bool read_optional(char **at, struct mount *mount)
{
	for (;;) {
		char *word = next_word(at), *number;

		if (!word)
			return false;
		if (streq(word, "-"))
			return true;
		number = word + strlen("shared:");
		if (starts_with(word, "shared:") && !next_number(&number, '\0', &mount->peer_group))
			return false;
	}
}

static bool parse_line(char *at, struct mount *mount)
{
	char *root, *place, *options, *type, *source, *super;

	if (!next_number(&at, ' ', &mount->id) || !next_number(&at, ' ', &mount->parent) ||
	    !next_number(&at, ':', &mount->major) || !next_number(&at, ' ', &mount->minor))
		return false;
	root = next_word(&at);
	place = next_word(&at);
	options = next_word(&at);
	if (!options || !read_optional(&at, mount))
		return false;
	type = next_word(&at);
	/* A source may be empty, which leaves two blanks. */
	source = at && *at == ' ' ? at++ : next_word(&at);
	super = next_word(&at);
	if (!type || !source || !super)
		return false;
	mount->flags = read_flags(options) | (read_flags(super) & MOUNT_RO);
	unescape(root);
	unescape(place);
	unescape(type);
	mount->root = root;
	mount->place = place;
	mount->type = type;
	return place[0] == '/';
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static int parse_lines(struct mountinfo *mounts, struct err *err)
{
	for (char *line = mounts->text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			return err_system(err, EBADMSG, "the kernel's list of mounts ends early");
		*end = '\0';
		if (!parse_line(line, &mounts->v[mounts->n++]))
			return err_system(
				err, EBADMSG,
				"line %zu of the kernel's list of mounts has another form",
				mounts->n);
	}
	return 0;
}

int mountinfo_parse(char *text, struct mountinfo *ret, struct err *err)
{
	struct mountinfo mounts = { .text = text };
	size_t lines = count_lines(text);
	int r;

	mounts.v = lines <= MOUNTINFO_MAX ? calloc(lines + 1, sizeof(*mounts.v)) : NULL;
	if (lines > MOUNTINFO_MAX)
		r = err_system(err, E2BIG, "more than %d mounts", MOUNTINFO_MAX);
	else
		r = mounts.v ? parse_lines(&mounts, err) : err_oom(err);
	if (r < 0) {
		mountinfo_done(&mounts);
		return r;
	}
	*ret = mounts;
	return 0;
}

/* ---- looking up ---- */

static bool has_id(const struct mountinfo *mounts, uint32_t id, const struct mount *but)
{
	for (size_t i = 0; i < mounts->n; i++) {
		if (mounts->v[i].id == id && &mounts->v[i] != but)
			return true;
	}
	return false;
}

/* What is mounted on `mount` on the way to the path, nearest to its root. */
static const struct mount *step(const struct mountinfo *mounts, const struct mount *mount,
				const char *path)
{
	const struct mount *nearest = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *m = &mounts->v[i];

		if (m->parent != mount->id || m == mount || !path_is_within(path, m->place))
			continue;
		if (!nearest || strlen(m->place) <= strlen(nearest->place))
			nearest = m;
	}
	return nearest;
}

const struct mount *mountinfo_at(const struct mountinfo *mounts, const char *path)
{
	const struct mount *here = NULL;

	/* The bottom: mounted on nothing that is listed. */
	for (size_t i = 0; i < mounts->n && !here; i++) {
		const struct mount *m = &mounts->v[i];

		if (streq(m->place, "/") && !has_id(mounts, m->parent, m))
			here = m;
	}
	for (size_t steps = 0; here && steps < mounts->n; steps++) {
		const struct mount *next = step(mounts, here, path);

		if (!next)
			break;
		here = next;
	}
	return here;
}

const struct mount *mountinfo_root(const struct mountinfo *mounts)
{
	return mountinfo_at(mounts, "/");
}
