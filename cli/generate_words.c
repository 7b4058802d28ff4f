/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of texts in compose files.
 */
#include "cli/generate_compose.h"

#include <ctype.h>
#include <errno.h>

#include "lib/buf.h"

/* Behind "${": the default, or the whole as it is written. Gives what follows the brace. */
static const char *put_variable(struct buf *out, const char *text)
{
	const char *end = strchr(text, '}'), *mark;
	size_t name_len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789_");

	if (!end)
		return NULL;
	mark = text + name_len;
	mark += *mark == ':';
	if (mark < end && *mark == '-')
		buf_add(out, mark + 1, (size_t)(end - mark - 1));
	else
		buf_addf(out, "${%.*s}", (int)(end - text), text);
	return end + 1;
}

int compose_interpolate(const char *text, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	const char *s = text;

	buf_adds(&out, "");
	while (*s) {
		if (s[0] == '$' && s[1] == '{') {
			s = put_variable(&out, s + 2);
			if (!s)
				return err_input(err, EBADMSG, "%s has a \"${\" without its end",
						 Q(text));
			continue;
		}
		s += s[0] == '$' && s[1] == '$';
		buf_addc(&out, *s++);
	}
	*ret = buf_take(&out);
	return *ret ? 0 : err_oom(err);
}

int compose_size_parse(const char *text, uint64_t *ret)
{
	static const char units[] = "bkmgt";
	double v = 0, scale = 1;
	const char *unit, *s = text;

	while (isdigit((unsigned char)*s))
		v = v * 10 + (*s++ - '0');
	if (s == text)
		return -EINVAL;
	if (*s == '.') {
		for (s++; isdigit((unsigned char)*s); s++) {
			scale /= 10;
			v += (*s - '0') * scale;
		}
	}
	unit = *s ? strchr(units, tolower((unsigned char)*s)) : units;
	if (!unit)
		return -EINVAL;
	s += *s != '\0';
	if (unit != units && tolower((unsigned char)*s) == 'b')
		s++;
	for (; unit > units; unit--)
		v *= 1024;
	if ((*s != '\0' && *s != ',') || v < 1 || v >= 9007199254740992.0)
		return -EINVAL;
	*ret = (uint64_t)v;
	return 0;
}
