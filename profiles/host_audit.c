/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How records are kept, as the administrator has it.
 */
#include "profiles/host_audit.h"

#include <errno.h>
#include "profiles/profile.h"

#define MIB ((uint64_t)1 << 20)
/* systemd's own bound for the name of a namespace. */
#define NAMESPACE_MAX    64
#define RETENTION_DIGITS 4

void host_audit_defaults(struct keeping *ret)
{
	ret->sync = KEEP_SYNC_STARTS;
	ret->ledger_bytes = 1024 * MIB;
	ret->retention_days = 365;
	ret->space_left = (struct keep_step){ 64 * MIB, KEEP_WARN };
	ret->admin_space_left = (struct keep_step){ 16 * MIB, KEEP_REFUSE };
	ret->disk_full = KEEP_REFUSE;
	ret->disk_error = KEEP_REFUSE;
}

/* The index of a word among n. */
static int read_choice(const struct doc *doc, const struct node *node, const char *const words[],
		       size_t n, size_t *ret, struct err *err)
{
	const char *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (streq(words[i], text)) {
			*ret = i;
			return 0;
		}
	}
	return err_input(err, EBADMSG, "%s: \"%s\" is %s: expected %s%s%s%s%s%s", WHERE(doc, node),
			 node->key, Q(text), words[0], n > 2 ? ", " : " or ", words[1],
			 n > 2 ? " or " : "", n > 2 ? words[2] : "", SUGGESTION(text, words, n));
}

static int read_action(const struct doc *doc, const struct node *node, enum keep_action *ret,
		       struct err *err)
{
	static const char *const words[] = { "refuse", "warn", "continue" };
	size_t i = 0;
	int r = read_choice(doc, node, words, ARRAY_SIZE(words), &i, err);

	if (r == 0)
		*ret = (enum keep_action)i;
	return r;
}

static int parse_sync(const struct doc *doc, const struct node *node, struct keeping *k,
		      struct err *err)
{
	static const char *const words[] = { "none", "data" };
	size_t i = 0;
	int r = read_choice(doc, node, words, ARRAY_SIZE(words), &i, err);

	if (r == 0)
		k->sync = i == 0 ? KEEP_SYNC_NONE : KEEP_SYNC_DATA;
	return r;
}

static int parse_ledger_size(const struct doc *doc, const struct node *node, struct keeping *k,
			     struct err *err)
{
	return size_read(doc, node, &k->ledger_bytes, err);
}

/* It becomes part of a path: what systemd takes as a namespace, and no more. */
static bool is_namespace(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > NAMESPACE_MAX || text[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
		    text[i] != '-' && text[i] != '_')
			return false;
	return true;
}

static int parse_namespace(const struct doc *doc, const struct node *node, struct keeping *k,
			   struct err *err)
{
	const char *text;
	int r = node_read_string(doc, node, &text, err);

	if (r < 0)
		return r;
	if (!is_namespace(text))
		return err_input(err, EBADMSG,
				 "%s: %s is no name of a journal namespace (a-z, 0-9, - and _)",
				 WHERE(doc, node), Q(text));
	free(k->journal_namespace);
	k->journal_namespace = strdup(text);
	return k->journal_namespace ? 0 : err_oom(err);
}

/* "365d", "52w" or "6y", whose years have 365 days. */
static int parse_retention(const struct doc *doc, const struct node *node, struct keeping *k,
			   struct err *err)
{
	static const struct {
		char unit;
		uint64_t days;
	} units[] = { { 'd', 1 }, { 'w', 7 }, { 'y', 365 } };
	const char *text;
	size_t digits;
	int r = node_read_string(doc, node, &text, err);

	if (r < 0)
		return r;
	digits = strspn(text, "0123456789");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (digits == 0 || digits > RETENTION_DIGITS || text[0] == '0' ||
		    text[digits] != units[i].unit || text[digits + 1] != '\0')
			continue;
		k->retention_days = strtoull(text, NULL, 10) * units[i].days;
		return 0;
	}
	return err_input(err, EBADMSG,
			 "%s: \"retention\" is %s: expected days, weeks or years, such as \"365d\"",
			 WHERE(doc, node), Q(text));
}

static int parse_step(const struct doc *doc, const struct node *node, struct keep_step *step,
		      struct err *err)
{
	static const char *const keys[] = { "size", "action" };
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0 && node_get(node, "size"))
		r = size_read(doc, node_get(node, "size"), &step->bytes, err);
	if (r == 0 && node_get(node, "action"))
		r = read_action(doc, node_get(node, "action"), &step->action, err);
	return r;
}

static int parse_space_left(const struct doc *doc, const struct node *node, struct keeping *k,
			    struct err *err)
{
	return parse_step(doc, node, &k->space_left, err);
}

static int parse_admin_space_left(const struct doc *doc, const struct node *node, struct keeping *k,
				  struct err *err)
{
	return parse_step(doc, node, &k->admin_space_left, err);
}

static int parse_disk_full(const struct doc *doc, const struct node *node, struct keeping *k,
			   struct err *err)
{
	return read_action(doc, node, &k->disk_full, err);
}

static int parse_disk_error(const struct doc *doc, const struct node *node, struct keeping *k,
			    struct err *err)
{
	return read_action(doc, node, &k->disk_error, err);
}

static const struct {
	const char *key;
	int (*parse)(const struct doc *doc, const struct node *node, struct keeping *k,
		     struct err *err);
} members[] = {
	{ "sync", parse_sync },
	{ "ledgerSize", parse_ledger_size },
	{ "journalNamespace", parse_namespace },
	{ "retention", parse_retention },
	{ "spaceLeft", parse_space_left },
	{ "adminSpaceLeft", parse_admin_space_left },
	{ "diskFull", parse_disk_full },
	{ "diskError", parse_disk_error },
};

int host_audit_parse(const struct doc *doc, const struct node *node, struct keeping *keeping,
		     struct err *err)
{
	const char *keys[ARRAY_SIZE(members)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		keys[i] = members[i].key;
	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++) {
		const struct node *member = node_get(node, members[i].key);

		if (member)
			r = members[i].parse(doc, member, keeping, err);
	}
	return r;
}
