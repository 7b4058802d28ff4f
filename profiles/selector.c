/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes label selectors.
 */
#include "profiles/selector.h"

#include <errno.h>

#include "lib/strv.h"

static const char *const op_names[] = {
	[SELECTOR_IN] = "In",
	[SELECTOR_NOT_IN] = "NotIn",
	[SELECTOR_EXISTS] = "Exists",
	[SELECTOR_DOES_NOT_EXIST] = "DoesNotExist",
};

/* A new requirement at the end, with its key. */
static struct requirement *extend(struct selector *selector, const char *key, struct err *err)
{
	struct requirement *grown;
	char *copy = strdup(key);

	grown = copy ? reallocarray(selector->v, selector->n + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		free(copy);
		(void)err_oom(err);
		return NULL;
	}
	selector->v = grown;
	grown[selector->n] = (struct requirement){ .key = copy };
	return &grown[selector->n++];
}

static int parse_labels(const struct doc *doc, const struct node *node, struct selector *selector,
			struct err *err)
{
	int r;

	if (!node)
		return 0;
	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r < 0)
		return r;
	node_foreach (member, node) {
		struct requirement *requirement;
		const char *value;

		r = node_read_string(doc, member, &value, err);
		if (r < 0)
			return r;
		requirement = extend(selector, member->key, err);
		if (!requirement)
			return -ENOMEM;
		requirement->op = SELECTOR_IN;
		r = strv_add(&requirement->values, &requirement->n_values, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_op(const struct doc *doc, const struct node *node, enum selector_op *ret,
		    struct err *err)
{
	const char *near, *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(op_names); i++) {
		if (streq(text, op_names[i])) {
			*ret = (enum selector_op)i;
			return 0;
		}
	}
	near = nearest_word(text, op_names, ARRAY_SIZE(op_names));
	return err_input(
		err, EBADMSG,
		"%s: unknown operator %s: expected In, NotIn, Exists or DoesNotExist%s%s%s",
		WHERE(doc, node), Q(text), near ? " (did you mean " : "", near ? near : "",
		near ? "?)" : "");
}

static int parse_values(const struct doc *doc, const struct node *expression,
			struct requirement *requirement, struct err *err)
{
	const struct node *values = node_get(expression, "values");
	bool wanted = requirement->op == SELECTOR_IN || requirement->op == SELECTOR_NOT_IN;
	int r;

	if (values) {
		r = node_expect(doc, values, NODE_ARRAY, err);
		if (r < 0)
			return r;
	}
	if (wanted && (!values || values->count == 0))
		return err_input(err, EBADMSG, "%s: operator %s needs at least one of \"values\"",
				 WHERE(doc, expression), op_names[requirement->op]);
	if (!wanted && values && values->count > 0)
		return err_input(err, EBADMSG, "%s: operator %s takes no \"values\"",
				 WHERE_KEY(doc, values), op_names[requirement->op]);
	node_foreach (value, values) {
		const char *text;

		r = node_read_string(doc, value, &text, err);
		if (r == 0)
			r = strv_add(&requirement->values, &requirement->n_values, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_expression(const struct doc *doc, const struct node *node,
			    struct selector *selector, struct err *err)
{
	static const char *const keys[] = { "key", "operator", "values" };
	struct requirement *requirement;
	enum selector_op op = SELECTOR_IN;
	const char *key;
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r < 0)
		return r;
	if (!node_get(node, "key") || !node_get(node, "operator"))
		return err_input(err, EBADMSG, "%s: an expression needs \"key\" and \"operator\"",
				 WHERE(doc, node));
	r = node_read_string(doc, node_get(node, "key"), &key, err);
	if (r == 0)
		r = parse_op(doc, node_get(node, "operator"), &op, err);
	if (r < 0)
		return r;
	requirement = extend(selector, key, err);
	if (!requirement)
		return -ENOMEM;
	requirement->op = op;
	return parse_values(doc, node, requirement, err);
}

static int parse(const struct doc *doc, const struct node *node, struct selector *selector,
		 struct err *err)
{
	static const char *const keys[] = { "matchLabels", "matchExpressions" };
	const struct node *expressions = node_get(node, "matchExpressions");
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = parse_labels(doc, node_get(node, "matchLabels"), selector, err);
	if (r < 0 || !expressions)
		return r;
	r = node_expect(doc, expressions, NODE_ARRAY, err);
	if (r < 0)
		return r;
	node_foreach (expression, expressions) {
		r = parse_expression(doc, expression, selector, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int selector_parse(const struct doc *doc, const struct node *node, struct selector *ret,
		   struct err *err)
{
	struct selector selector = { 0 };
	int r;

	r = parse(doc, node, &selector, err);
	if (r < 0) {
		selector_done(&selector);
		return r;
	}
	*ret = selector;
	return 0;
}

bool requirement_holds(const struct requirement *requirement, const struct label *label)
{
	bool among =
		label && strv_contains(requirement->values, requirement->n_values, label->value);

	switch (requirement->op) {
	case SELECTOR_IN:
		return among;
	case SELECTOR_NOT_IN:
		return !among;
	case SELECTOR_EXISTS:
		return label != NULL;
	case SELECTOR_DOES_NOT_EXIST:
		return label == NULL;
	}
	return false;
}

/* A label's text; what could be taken for something else, or harm a terminal, is quoted. */
void label_word_describe(const char *word, struct buf *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "._-/";
	size_t len = strlen(word);

	if (len > 0 && strspn(word, plain) == len)
		buf_adds(out, word);
	else
		buf_adds(out, Q(word));
}

static void add_values(struct buf *out, const struct requirement *requirement, const char *op)
{
	label_word_describe(requirement->key, out);
	buf_addf(out, " %s (", op);
	for (size_t i = 0; i < requirement->n_values; i++) {
		buf_adds(out, i ? "," : "");
		label_word_describe(requirement->values[i], out);
	}
	buf_adds(out, ")");
}

void requirement_describe(const struct requirement *requirement, struct buf *out)
{
	switch (requirement->op) {
	case SELECTOR_IN:
		if (requirement->n_values == 1) {
			label_word_describe(requirement->key, out);
			buf_adds(out, "=");
			label_word_describe(requirement->values[0], out);
		} else {
			add_values(out, requirement, "in");
		}
		break;
	case SELECTOR_NOT_IN:
		add_values(out, requirement, "notin");
		break;
	case SELECTOR_DOES_NOT_EXIST:
		buf_adds(out, "!");
		label_word_describe(requirement->key, out);
		break;
	case SELECTOR_EXISTS:
		label_word_describe(requirement->key, out);
		break;
	}
}

void requirement_write(const struct requirement *requirement, struct emit *e)
{
	emit_object(e);
	emit_key(e, "key");
	emit_string(e, requirement->key);
	emit_key(e, "operator");
	emit_string(e, op_names[requirement->op]);
	if (requirement->n_values > 0) {
		emit_key(e, "values");
		emit_array(e);
		for (size_t i = 0; i < requirement->n_values; i++)
			emit_string(e, requirement->values[i]);
		emit_array_end(e);
	}
	emit_object_end(e);
}

static void requirement_done(struct requirement *requirement)
{
	free(requirement->key);
	strv_free(&requirement->values, &requirement->n_values);
}

static int compare_requirements(const void *left, const void *right)
{
	const struct requirement *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	if (order == 0)
		order = (a->op > b->op) - (a->op < b->op);
	for (size_t i = 0; order == 0 && i < a->n_values && i < b->n_values; i++)
		order = strcmp(a->values[i], b->values[i]);
	return order ? order : (a->n_values > b->n_values) - (a->n_values < b->n_values);
}

void selector_normalise(struct selector *selector)
{
	size_t kept = 0;

	for (size_t i = 0; i < selector->n; i++)
		strv_sort_unique(selector->v[i].values, &selector->v[i].n_values);
	if (selector->n > 1)
		qsort(selector->v, selector->n, sizeof(*selector->v), compare_requirements);
	for (size_t i = 0; i < selector->n; i++) {
		if (kept > 0 && compare_requirements(&selector->v[kept - 1], &selector->v[i]) == 0)
			requirement_done(&selector->v[i]);
		else
			selector->v[kept++] = selector->v[i];
	}
	selector->n = kept;
}

void selector_done(struct selector *selector)
{
	for (size_t i = 0; i < selector->n; i++)
		requirement_done(&selector->v[i]);
	free(selector->v);
	*selector = (struct selector){ 0 };
}
