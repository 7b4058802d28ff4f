/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers of this host, chosen by their labels.
 */
#include "profiles/peer.h"

#include <errno.h>

#include "lib/emit.h"
#include "lib/hash.h"

#define SET_DIGITS 16
static_assert(sizeof("peer-") + SET_DIGITS <= PEER_SET_MAX, "its name and NUL");

/* ---- one way of writing it ---- */

static void write_selector(struct emit *e, const char *key, const struct selector *selector)
{
	emit_key(e, key);
	emit_object(e);
	if (selector->n > 0) {
		emit_key(e, "matchExpressions");
		emit_array(e);
		for (size_t i = 0; i < selector->n; i++)
			requirement_write(&selector->v[i], e);
		emit_array_end(e);
	}
	emit_object_end(e);
}

/* An empty labelSelector beside a namespaceSelector says what none says. */
static int name_it(struct peer_selector *selector, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	char digest[SHA256_HEX];

	emit_object(&e);
	if (selector->labels.n > 0 || !selector->of_namespace)
		write_selector(&e, "labelSelector", &selector->labels);
	if (selector->of_namespace)
		write_selector(&e, "namespaceSelector", &selector->namespaces);
	emit_object_end(&e);
	if (buf_status(&text) < 0)
		return err_oom(err);
	sha256_hex1(digest, text.data, text.len);
	(void)snprintf(selector->set, sizeof(selector->set), "peer-%.*s", SET_DIGITS, digest);
	selector->text = buf_take(&text);
	return selector->text ? 0 : err_oom(err);
}

/* ---- parsing ---- */

/*
 * With a label that no node knows In would let nobody in, and NotIn everybody: the second is worse
 * than a mistake, so both are refused.
 */
static int check_namespaces(const struct doc *doc, const struct node *node,
			    const struct selector *selector, struct err *err)
{
	for (size_t i = 0; i < selector->n; i++) {
		if (!streq(selector->v[i].key, LABEL_NAMESPACE))
			return err_input(err, EBADMSG,
					 "%s: %s: of a namespace's labels a node knows its name "
					 "alone: use \"" LABEL_NAMESPACE "\"",
					 WHERE_KEY(doc, node), Q(selector->v[i].key));
	}
	return 0;
}

static int parse(const struct doc *doc, const struct node *labels, const struct node *namespaces,
		 struct peer_selector *selector, struct err *err)
{
	int r = 0;

	if (labels)
		r = selector_parse(doc, labels, &selector->labels, err);
	if (r == 0 && namespaces)
		r = selector_parse(doc, namespaces, &selector->namespaces, err);
	if (r == 0 && namespaces)
		r = check_namespaces(doc, namespaces, &selector->namespaces, err);
	if (r < 0)
		return r;
	selector->of_namespace = namespaces != NULL;
	selector_normalise(&selector->labels);
	selector_normalise(&selector->namespaces);
	return name_it(selector, err);
}

int peer_selector_parse(const struct doc *doc, const struct node *node, struct peer_selector *ret,
			struct err *err)
{
	const struct node *labels = node_get(node, "labelSelector");
	const struct node *namespaces = node_get(node, "namespaceSelector");
	struct peer_selector selector = { 0 };
	int r;

	if (!labels && !namespaces)
		return err_input(err, EBADMSG,
				 "%s: \"labelSelector\" or \"namespaceSelector\" is expected",
				 WHERE(doc, node));
	r = parse(doc, labels, namespaces, &selector, err);
	if (r < 0) {
		peer_selector_done(&selector);
		return r;
	}
	*ret = selector;
	return 0;
}

void peer_selector_done(struct peer_selector *selector)
{
	selector_done(&selector->labels);
	selector_done(&selector->namespaces);
	free(selector->text);
	*selector = (struct peer_selector){ 0 };
}

/* ---- use ---- */

static bool requirement_fits(const struct requirement *requirement, const struct labels *labels)
{
	const struct label *label = labels_get(labels, requirement->key);
	bool absence =
		requirement->op == SELECTOR_NOT_IN || requirement->op == SELECTOR_DOES_NOT_EXIST;

	if (label && !absence && !(LABEL_SOURCES_TRUSTED & LABEL_SOURCE_BIT(label->source)))
		label = NULL;
	return requirement_holds(requirement, label);
}

static bool namespace_fits(const struct peer_selector *selector, const char *namespace)
{
	/* Borrows the name: what holds is only read. */
	const struct label label = { .value = (char *)(uintptr_t) namespace };

	if (!selector->of_namespace)
		return true;
	for (size_t i = 0; namespace && i < selector->namespaces.n; i++) {
		if (!requirement_holds(&selector->namespaces.v[i], &label))
			return false;
	}
	return namespace != NULL;
}

bool peer_selector_fits(const struct peer_selector *selector, const struct labels *labels,
			const char *namespace)
{
	for (size_t i = 0; i < selector->labels.n; i++) {
		if (!requirement_fits(&selector->labels.v[i], labels))
			return false;
	}
	return namespace_fits(selector, namespace);
}

static void describe(const struct selector *selector, struct buf *out)
{
	for (size_t i = 0; i < selector->n; i++) {
		buf_adds(out, i ? ", " : "");
		requirement_describe(&selector->v[i], out);
	}
}

static bool is_one_name(const struct selector *namespaces)
{
	return namespaces->n == 1 && namespaces->v[0].op == SELECTOR_IN &&
	       namespaces->v[0].n_values == 1;
}

void peer_selector_describe(const struct peer_selector *selector, struct buf *out)
{
	buf_adds(out, selector->labels.n > 0 ? "containers with " : "every container");
	describe(&selector->labels, out);
	if (!selector->of_namespace)
		return;
	if (is_one_name(&selector->namespaces)) {
		buf_adds(out, " of namespace ");
		label_word_describe(selector->namespaces.v[0].values[0], out);
		return;
	}
	buf_adds(out, selector->namespaces.n > 0 ? " of namespaces with " : " of any namespace");
	describe(&selector->namespaces, out);
}
