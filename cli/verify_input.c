/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First keys and heads, as they were kept.
 */
#include "cli/verify_input.h"

#include <errno.h>
#include <fcntl.h>
#include "audit/head.h"
#include "audit/segment.h"
#include "lib/doc.h"
#include "lib/file.h"

#define INPUT_MAX ((size_t)1 << 20)

void verify_input_done(struct verify_input *in)
{
	if (in->keys)
		explicit_bzero(in->keys, in->n_keys * sizeof(*in->keys));
	free(in->keys);
	free(in->heads);
	free(in->own);
}

static int read_input(const char *name, char **ret, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int opened = -1;
	int fd = STDIN_FILENO;

	if (!streq(name, "-")) {
		opened = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return err_errno(err, errno, "cannot open %s", Q(name));
		fd = opened;
	}
	return fd_read_all(fd, name, INPUT_MAX, ret, ret_len, err);
}

typedef int line_fn(struct verify_input *in, const char *file, unsigned number, const char *line,
		    struct err *err);

/* Each line that says something. */
static int read_lines(const char *file, struct verify_input *in, line_fn *fn, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	unsigned number = 0;
	char *rest, *line;
	size_t len;
	int r;

	r = read_input(file, &text, &len, err);
	for (rest = text; r == 0 && (line = strsep(&rest, "\n"));) {
		number++;
		if (line[strspn(line, " \t\r")] == '\0' || line[0] == '#')
			continue;
		line[strcspn(line, "\r")] = '\0';
		r = fn(in, file, number, line, err);
	}
	if (text)
		explicit_bzero(text, len); /* maybe keys */
	return r;
}

static int add_key(struct verify_input *in, const char *file, unsigned number, const char *line,
		   struct err *err)
{
	struct key key, *grown;

	if (!key_parse(&key, line, strlen(line)))
		return err_input(err, EBADMSG,
				 "%s:%u: expected a key, 64 hexadecimal digits, as coaming audit "
				 "init shows it",
				 file, number);
	if (in->n_keys == CHAIN_KEYS_MAX)
		return err_input(err, E2BIG, "%s:%u: over %d keys", file, number, CHAIN_KEYS_MAX);
	grown = reallocarray(in->keys, in->n_keys + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	in->keys = grown;
	in->keys[in->n_keys++] = key;
	return 0;
}

static int add_head(struct verify_input *in, const struct chain_head *head, struct err *err)
{
	struct chain_head *grown;

	if (in->n_heads == CHAIN_HEADS_MAX)
		return err_input(err, E2BIG, "over %d heads", CHAIN_HEADS_MAX);
	grown = reallocarray(in->heads, in->n_heads + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	in->heads = grown;
	in->heads[in->n_heads++] = *head;
	return 0;
}

static bool copy_text(char *out, size_t size, const struct node *text)
{
	if (!node_is(text, NODE_STRING) || strlen(text->string) != size - 1)
		return false;
	memcpy(out, text->string, size);
	return true;
}

static int add_head_line(struct verify_input *in, const char *file, unsigned number,
			 const char *line, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct chain_head head = { .from = file };
	const struct node *root, *schema;
	struct err bad = { 0 };

	if (doc_parse(&doc, file, line, strlen(line), &bad) == 0) {
		root = doc_root(doc);
		schema = node_get(root, "schema");
		if (node_is(schema, NODE_STRING) && streq(schema->string, "coaming-head-1") &&
		    copy_text(head.machine, sizeof(head.machine), node_get(root, "machineId")) &&
		    copy_text(head.hash, sizeof(head.hash), node_get(root, "hash")) &&
		    node_get(root, "seq") &&
		    node_read_u64(doc, node_get(root, "seq"), &head.seq, &bad) == 0)
			return add_head(in, &head, err);
	}
	return err_input(err, EBADMSG, "%s:%u: expected a head, as coaming audit head prints it",
			 file, number);
}

static int read_files(const struct words *files, struct verify_input *in, line_fn *fn,
		      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->n; i++)
		r = read_lines(files->v[i], in, fn, err);
	return r;
}

int verify_input_keys(const struct words *files, struct verify_input *in, struct err *err)
{
	return read_files(files, in, add_key, err);
}

int verify_input_heads(const struct words *files, struct verify_input *in, struct err *err)
{
	return read_files(files, in, add_head_line, err);
}

int verify_input_own_head(const char *audit_dir, struct verify_input *in, struct err *err)
{
	_cleanup_close_ int dirfd = -1, fd = -1;
	enum head_state state = HEAD_MISSING;
	struct chain_head own = { 0 };
	struct head head = { 0 };
	int r;

	r = dir_open_trusted(audit_dir, &dirfd, err);
	r = r < 0 ? r : head_load(dirfd, &fd, &head, &state, err);
	explicit_bzero(&head.key, sizeof(head.key));
	if (r < 0 || state != HEAD_GOOD || head.last.seq == 0)
		return r;
	if (asprintf(&in->own, "%s/" HEAD_NAME, audit_dir) < 0) {
		in->own = NULL;
		return err_oom(err);
	}
	own.from = in->own;
	own.seq = head.last.seq;
	memcpy(own.hash, head.hash, sizeof(own.hash));
	record_machine_id(own.machine);
	return add_head(in, &own, err);
}
