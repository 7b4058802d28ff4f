/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd's configuration files set.
 */
#include "cli/settings.h"

#include <ctype.h>
#include <errno.h>

#include "cli/below.h"
#include "cli/when.h"
#include "lib/buf.h"
#include "lib/strv.h"

/* In this order: the first that has a file of a name hides the others'. */
static const char *const conf_dirs[] = {
	"/etc/systemd",
	"/run/systemd",
	"/usr/local/lib/systemd",
	"/usr/lib/systemd",
};

static const char *const unit_dirs[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control",
	"/run/systemd/transient",      "/run/systemd/generator.early",
	"/etc/systemd/system",         "/etc/systemd/system.attached",
	"/run/systemd/system",         "/run/systemd/system.attached",
	"/run/systemd/generator",      "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",     "/lib/systemd/system",
	"/run/systemd/generator.late",
};

static const char *const levels[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
};
static_assert(ARRAY_SIZE(levels) == 8, "a name a level");

#define PATH_SIZE 512

void settings_done(struct settings *settings)
{
	for (size_t i = 0; i < settings->n; i++) {
		free(settings->v[i].name);
		free(settings->v[i].value);
	}
	free(settings->v);
	strv_free(&settings->files, &settings->n_files);
	*settings = (struct settings){ 0 };
}

/* ---- the syntax ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The bytes without the spaces around them. */
static void trim(const char **text, size_t *len)
{
	while (*len > 0 && is_space((*text)[0])) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_space((*text)[*len - 1]))
		(*len)--;
}

static int add_setting(struct settings *s, const char *line, size_t len, struct err *err)
{
	const char *equals = memchr(line, '=', len);
	const char *name = line, *value = equals ? equals + 1 : NULL;
	size_t name_len, value_len;
	struct setting *grown;

	if (!equals)
		return 0; /* systemd warns of it and goes on */
	name_len = (size_t)(equals - line);
	value_len = len - name_len - 1;
	trim(&name, &name_len);
	trim(&value, &value_len);
	grown = reallocarray(s->v, s->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	s->v = grown;
	grown[s->n++] = (struct setting){
		.name = strndup(name, name_len),
		.value = strndup(value, value_len),
		.file = s->files[s->n_files - 1],
	};
	return grown[s->n - 1].name && grown[s->n - 1].value ? 0 : err_oom(err);
}

/* One logical line, trimmed. */
static int take_line(struct settings *s, const char *line, size_t len, const char *section,
		     bool *in_section, struct err *err)
{
	if (len == 0)
		return 0;
	if (line[0] == '[') {
		*in_section = len == strlen(section) + 2 && line[len - 1] == ']' &&
			      memcmp(line + 1, section, len - 2) == 0;
		return 0;
	}
	return *in_section ? add_setting(s, line, len, err) : 0;
}

/* A backslash at the end joins the next line with a space; comments between them are passed over.
 */
int settings_parse(struct settings *settings, const char *file, const char *text, size_t len,
		   const char *section, struct err *err)
{
	_cleanup_buf_ struct buf line = { 0 };
	bool in_section = false;
	int r;

	r = strv_add(&settings->files, &settings->n_files, file, err);
	for (size_t at = 0; r == 0 && at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at, next = at + n + 1;
		const char *part = text + at;
		bool joined;

		trim(&part, &n);
		at = next;
		if (n > 0 && (part[0] == '#' || part[0] == ';'))
			continue;
		joined = n > 0 && part[n - 1] == '\\' && at < len;
		buf_add(&line, part, n - joined);
		if (joined) {
			buf_addc(&line, ' ');
			continue;
		}
		buf_adds(&line, "");
		if (buf_status(&line) < 0)
			return err_oom(err);
		part = line.data ? line.data : "";
		n = line.len;
		trim(&part, &n);
		r = take_line(settings, part, n, section, &in_section, err);
		line.len = 0;
	}
	return r;
}

/* ---- which files ---- */

static int read_file(struct settings *s, int root_fd, const char *path, const char *section,
		     struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	r = below_read(root_fd, path, &text, &len, err);
	if (r <= 0)
		return r;
	r = settings_parse(s, path, text, len, section, err);
	return r < 0 ? r : 1;
}

/* The first directory that has a file of that name, be it a mask. */
static int read_first(struct settings *s, int root_fd, const char *const dirs[], size_t n_dirs,
		      const char *name, const char *section, struct err *err)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < n_dirs; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (below_exists(root_fd, path))
			return read_file(s, root_fd, path, section, err);
	}
	return 0;
}

/* Every *.conf of directories "DIR/SUB.d", by name. */
static int read_dropins(struct settings *s, int root_fd, const char *const dirs[], size_t n_dirs,
			const char *section, struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_dirs; i++)
		r = below_list(root_fd, dirs[i], ".conf", &names, &n, err);
	strv_sort_unique(names, &n);
	for (size_t i = 0; r >= 0 && names && i < n; i++)
		r = read_first(s, root_fd, dirs, n_dirs, names[i], section, err);
	strv_free(&names, &n);
	return r < 0 ? r : 0;
}

int settings_read_conf(struct settings *settings, int root_fd, const char *name,
		       const char *section, struct err *err)
{
	char paths[ARRAY_SIZE(conf_dirs)][PATH_SIZE];
	const char *dirs[ARRAY_SIZE(conf_dirs)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(conf_dirs); i++) {
		(void)snprintf(paths[i], PATH_SIZE, "%s/%s.d", conf_dirs[i], name);
		dirs[i] = paths[i];
	}
	r = read_first(settings, root_fd, conf_dirs, ARRAY_SIZE(conf_dirs), name, section, err);
	if (r < 0)
		return r;
	return read_dropins(settings, root_fd, dirs, ARRAY_SIZE(dirs), section, err);
}

int settings_read_unit(struct settings *settings, int root_fd, const char *unit,
		       const char *section, struct err *err)
{
	const char *type = strrchr(unit, '.');
	char paths[2 * ARRAY_SIZE(unit_dirs)][PATH_SIZE];
	const char *dirs[2 * ARRAY_SIZE(unit_dirs)];
	int r;

	/* Those of the unit come before those of its type. */
	for (size_t i = 0; i < ARRAY_SIZE(unit_dirs); i++) {
		size_t j = i + ARRAY_SIZE(unit_dirs);

		(void)snprintf(paths[i], PATH_SIZE, "%s/%s.d", unit_dirs[i], unit);
		(void)snprintf(paths[j], PATH_SIZE, "%s/%s.d", unit_dirs[i], type ? type + 1 : "");
		dirs[i] = paths[i];
		dirs[j] = paths[j];
	}
	r = read_first(settings, root_fd, unit_dirs, ARRAY_SIZE(unit_dirs), unit, section, err);
	if (r <= 0)
		return r;
	r = read_dropins(settings, root_fd, dirs, ARRAY_SIZE(dirs), section, err);
	return r < 0 ? r : 1;
}

/* ---- values ---- */

typedef bool read_value_fn(const char *text, const void *arg, void *ret);

static const struct setting *last(const struct settings *s, const char *name, read_value_fn *read,
				  const void *arg, void *ret)
{
	for (size_t i = s->n; i-- > 0;)
		if (streq(s->v[i].name, name) && read(s->v[i].value, arg, ret))
			return &s->v[i];
	return NULL;
}

static bool read_text(const char *text, const void *arg, void *ret)
{
	*(const char **)ret = text;
	return true;
}

static bool read_usec(const char *text, const void *arg, void *ret)
{
	return when_span(text, ret);
}

static bool read_digits(const char **text, uint64_t *ret)
{
	const char *start = *text;
	uint64_t n = 0;

	for (; isdigit((unsigned char)**text); (*text)++)
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(**text - '0'), &n))
			return false;
	*ret = n;
	return *text > start;
}

static bool read_number(const char *text, const void *arg, void *ret)
{
	uint64_t n;

	if (!read_digits(&text, &n) || *text != '\0')
		return false;
	*(uint64_t *)ret = n;
	return true;
}

/* What stands behind the point: thousandths are enough for "1.5G". */
static bool read_fraction(const char **text, uint64_t *ret_thousandths)
{
	uint64_t weight = 100, sum = 0;

	if (**text != '.')
		return true;
	(*text)++;
	for (; isdigit((unsigned char)**text); (*text)++) {
		sum += weight * (uint64_t)(**text - '0');
		weight /= 10;
	}
	*ret_thousandths = sum;
	return true;
}

static bool read_bytes(const char *text, const void *arg, void *ret)
{
	static const char units[] = "BKMGTPE";
	uint64_t n, thousandths = 0, unit = 1;
	const char *at;

	if (!read_digits(&text, &n) || !read_fraction(&text, &thousandths))
		return false;
	text += strspn(text, " \t");
	if (*text != '\0') {
		at = strchr(units, *text);
		if (!at || text[1] != '\0')
			return false;
		unit <<= 10 * (at - units);
	}
	if (__builtin_mul_overflow(n, unit, &n) ||
	    __builtin_add_overflow(n, unit / 1000 * thousandths, &n))
		return false;
	*(uint64_t *)ret = n;
	return true;
}

static bool read_bool(const char *text, const void *arg, void *ret)
{
	static const char *const words[][6] = {
		{ "0", "no", "n", "false", "f", "off" },
		{ "1", "yes", "y", "true", "t", "on" },
	};

	for (size_t i = 0; i < 12; i++) {
		if (strcasecmp(text, words[i / 6][i % 6]) == 0) {
			*(bool *)ret = i / 6 == 1;
			return true;
		}
	}
	return false;
}

static bool read_level(const char *text, const void *arg, void *ret)
{
	if (text[0] >= '0' && text[0] <= '7' && text[1] == '\0') {
		*(int *)ret = text[0] - '0';
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (streq(text, levels[i])) {
			*(int *)ret = (int)i;
			return true;
		}
	}
	return false;
}

struct words_arg {
	const char *const *v;
	size_t n;
};

static bool read_word(const char *text, const void *arg, void *ret)
{
	const struct words_arg *words = arg;

	for (size_t i = 0; i < words->n; i++) {
		if (streq(text, words->v[i])) {
			*(size_t *)ret = i;
			return true;
		}
	}
	return false;
}

const struct setting *settings_text(const struct settings *settings, const char *name,
				    const char **ret)
{
	return last(settings, name, read_text, NULL, ret);
}

const struct setting *settings_usec(const struct settings *settings, const char *name,
				    uint64_t *ret)
{
	return last(settings, name, read_usec, NULL, ret);
}

const struct setting *settings_bytes(const struct settings *settings, const char *name,
				     uint64_t *ret)
{
	return last(settings, name, read_bytes, NULL, ret);
}

const struct setting *settings_number(const struct settings *settings, const char *name,
				      uint64_t *ret)
{
	return last(settings, name, read_number, NULL, ret);
}

const struct setting *settings_bool(const struct settings *settings, const char *name, bool *ret)
{
	return last(settings, name, read_bool, NULL, ret);
}

const struct setting *settings_level(const struct settings *settings, const char *name, int *ret)
{
	return last(settings, name, read_level, NULL, ret);
}

const struct setting *settings_word(const struct settings *settings, const char *name,
				    const char *const words[], size_t n, size_t *ret)
{
	return last(settings, name, read_word, &(struct words_arg){ words, n }, ret);
}

const char *level_name(int level)
{
	return level >= 0 && (size_t)level < ARRAY_SIZE(levels) ? levels[level] : "?";
}
