/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers a report is of, and which waivers hold for them.
 */
#include "cli/report_scope.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>

#include "audit/stamp.h"
#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/selector_text.h"

#define USEC_PER_DAY (UINT64_C(24) * 3600 * 1000000)

void scope_done(struct scope *scope)
{
	selector_done(&scope->match);
	for (size_t i = 0; i < scope->n_waivers; i++)
		selector_done(&scope->who[i].match);
	doc_free(&scope->doc);
	strv_free(&scope->labels, &scope->n_labels);
}

static int need_label(struct scope *s, const char *key, struct err *err)
{
	return strv_contains(s->labels, s->n_labels, key)
		       ? 0
		       : strv_add(&s->labels, &s->n_labels, key, err);
}

static int need_labels(struct scope *s, const struct selector *selector, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < selector->n && r == 0; i++)
		r = need_label(s, selector->v[i].key, err);
	return r;
}

int scope_by(struct scope *scope, const char *key, struct err *err)
{
	char full[512];
	int r;

	if (streq(key, "host") || streq(key, "profile") || streq(key, "image"))
		return 0;
	(void)snprintf(full, sizeof(full), "io.coaming.%s", key);
	r = need_label(scope, key, err);
	return r < 0 ? r : need_label(scope, full, err);
}

/* ---- the selector ---- */

int scope_match(struct scope *scope, const char *text, struct err *err)
{
	int r = selector_parse_text(text, &scope->match, err);

	if (r < 0) {
		err_context(err, "--match");
		return r;
	}
	scope->has_match = true;
	return need_labels(scope, &scope->match, err);
}

static bool holds(const struct requirement *q, const char *const labels[], size_t n)
{
	size_t len = strlen(q->key);

	for (size_t i = 0; i < n; i++)
		if (strncmp(labels[i], q->key, len) == 0 && labels[i][len] == '=') {
			const struct label label = {
				.key = q->key,
				.value = (char *)(uintptr_t)(labels[i] + len + 1),
			};

			return requirement_holds(q, &label);
		}
	return requirement_holds(q, NULL);
}

static bool selects(const struct selector *s, const char *const labels[], size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		if (!holds(&s->v[i], labels, n))
			return false;
	return true;
}

bool scope_wants(void *arg, const char *const labels[], size_t n)
{
	const struct scope *scope = arg;

	return selects(&scope->match, labels, n);
}

/* ---- waivers ---- */

static int read_expiry(const struct doc *doc, const struct node *node, uint64_t now_usec,
		       struct report_waiver *w, struct err *err)
{
	char stamp[STAMP_SIZE];
	uint64_t day = 0;

	if (strlen(w->expires) == 10)
		(void)snprintf(stamp, sizeof(stamp), "%sT00:00:00.000000Z", w->expires);
	else
		stamp[0] = '\0';
	if (stamp_parse(stamp, strlen(stamp), &day) < 0)
		return err_input(err, EBADMSG, "%s: expires: expected a date like 2027-01-31",
				 WHERE(doc, node));
	w->expired = now_usec >= day + USEC_PER_DAY;
	return 0;
}

static int read_who(struct scope *s, const struct node *node, size_t i, struct err *err)
{
	const struct node *match = node_get(node, "match"), *name = node_get(node, "container");
	int r = 0;

	if (name)
		r = node_read_string(s->doc, name, &s->who[i].container, err);
	if (r == 0 && match)
		r = selector_parse(s->doc, match, &s->who[i].match, err);
	s->waivers[i].any = !name && !match;
	return r < 0 ? r : need_labels(s, &s->who[i].match, err);
}

static int read_waiver(struct scope *s, const struct node *node, uint64_t now_usec, struct err *err)
{
	static const char *const keys[] = { "framework", "control", "match",  "container",
					    "owner",     "reason",  "expires" };
	struct {
		const char *key;
		const char **to;
	} texts[5];
	struct report_waiver *w;
	size_t i = s->n_waivers;
	int r;

	if (i >= TALLY_WAIVERS_MAX)
		return err_input(err, EBADMSG, "%s: more than %d waivers", WHERE(s->doc, node),
				 TALLY_WAIVERS_MAX);
	s->n_waivers++;
	w = &s->waivers[i];
	r = node_expect(s->doc, node, NODE_OBJECT, err);
	r = r < 0 ? r : node_check_keys(s->doc, node, keys, ARRAY_SIZE(keys), err);
	texts[0].key = "framework", texts[0].to = &w->framework;
	texts[1].key = "control", texts[1].to = &w->control;
	texts[2].key = "owner", texts[2].to = &w->owner;
	texts[3].key = "reason", texts[3].to = &w->reason;
	texts[4].key = "expires", texts[4].to = &w->expires;
	for (size_t k = 0; k < ARRAY_SIZE(texts) && r == 0; k++) {
		const struct node *text = node_get(node, texts[k].key);

		if (!text && k > 0) /* nobody answers for a waiver without them */
			return err_input(err, EBADMSG, "%s: a waiver needs \"%s\"",
					 WHERE(s->doc, node), texts[k].key);
		if (text)
			r = node_read_string(s->doc, text, texts[k].to, err);
	}
	r = r < 0 ? r : read_expiry(s->doc, node, now_usec, w, err);
	return r < 0 ? r : read_who(s, node, i, err);
}

int scope_waivers(struct scope *scope, const char *path, uint64_t now_usec, struct err *err)
{
	static const char *const keys[] = { "$schema", "waivers" };
	_cleanup_free_ char *text = NULL;
	const struct node *root;
	size_t len;
	int r;

	r = file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len, err);
	r = r < 0 ? r : doc_parse(&scope->doc, path, text, len, err);
	if (r < 0)
		return r;
	root = doc_root(scope->doc);
	r = node_expect(scope->doc, root, NODE_OBJECT, err);
	r = r < 0 ? r : node_check_keys(scope->doc, root, keys, ARRAY_SIZE(keys), err);
	node_foreach (waiver, node_get(root, "waivers"))
		if (r == 0)
			r = read_waiver(scope, waiver, now_usec, err);
	return r;
}

void scope_waive(void *arg, const char *name, const char *const labels[], size_t n,
		 uint64_t mask[TALLY_WAIVERS_MAX / 64])
{
	const struct scope *s = arg;

	for (size_t i = 0; i < s->n_waivers; i++)
		if ((!s->who[i].container || fnmatch(s->who[i].container, name, 0) == 0) &&
		    selects(&s->who[i].match, labels, n))
			mask[i / 64] |= UINT64_C(1) << i % 64;
}
