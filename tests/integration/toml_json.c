/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lib/toml.c reads, for a comparison with another reader: TOML documents on standard input,
 * each followed by a NUL; a line for each, JSON or "!" and the error. A scalar is an array of its
 * type and its text.
 */
#include "lib/emit.h"
#include "lib/file.h"
#include "lib/toml.h"

static const char *const types[] = {
	[TOML_STRING] = "string", [TOML_INTEGER] = "integer", [TOML_FLOAT] = "float",
	[TOML_BOOL] = "bool",     [TOML_TIME] = "time",
};

static void put(struct emit *e, const struct toml_node *node)
{
	if (node->type == TOML_TABLE)
		emit_object(e);
	else
		emit_array(e);
	if (node->type == TOML_TABLE || node->type == TOML_ARRAY) {
		toml_foreach(child, node)
		{
			if (child->key)
				emit_key(e, child->key);
			put(e, child);
		}
	} else {
		emit_string(e, types[node->type]);
		emit_stringn(e, node->string, node->string_len);
	}
	if (node->type == TOML_TABLE)
		emit_object_end(e);
	else
		emit_array_end(e);
}

static void tell(const char *text, size_t len)
{
	_cleanup_toml_ struct toml *toml = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	struct err err = { 0 };

	if (toml_parse(&toml, "input", text, len, &err) < 0) {
		printf("!%s\n", err.text);
		return;
	}
	put(&e, toml_root(toml));
	printf("%s\n", buf_status(&out) == 0 ? out.data : "!out of memory");
}

int main(void)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t len = 0, at = 0;

	if (fd_read_all(STDIN_FILENO, "standard input", FILE_MAX_BYTES, &text, &len, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return 111;
	}
	while (at < len) {
		size_t n = strnlen(text + at, len - at);

		tell(text + at, n);
		at += n + 1;
	}
	return 0;
}
