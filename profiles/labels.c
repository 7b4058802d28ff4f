/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's labels, each with where it came from.
 */
#include "profiles/labels.h"

#include <errno.h>

static const char *const source_names[] = {
	[LABEL_FROM_IMAGE] = "image",
	[LABEL_FROM_ENGINE] = "engine",
	[LABEL_FROM_ANNOTATION] = "annotation",
	[LABEL_FROM_COMMAND] = "command",
};
static_assert(ARRAY_SIZE(source_names) == LABEL_SOURCES_, "a name a source");

const char *label_source_name(enum label_source source)
{
	return source_names[source];
}

/* Place of the key, or where it belongs. */
static size_t place_of(const struct labels *labels, const char *key, bool *found)
{
	size_t low = 0, high = labels->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(labels->v[middle].key, key);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = false;
	return low;
}

static int check(const char *key, const char *value, struct err *err)
{
	if (strlen(key) > LABEL_KEY_MAX)
		return err_input(err, E2BIG, "label %s: a key of more than %d bytes", Q(key),
				 LABEL_KEY_MAX);
	if (strlen(value) > LABEL_VALUE_MAX)
		return err_input(err, E2BIG, "label %s: a value of more than %zu bytes", Q(key),
				 LABEL_VALUE_MAX);
	return 0;
}

static void label_done(struct label *label)
{
	free(label->key);
	free(label->value);
}

static int insert(struct labels *labels, size_t at, const char *key, const char *value,
		  enum label_source source, struct err *err)
{
	struct label label = { .key = strdup(key), .value = strdup(value), .source = source };
	struct label *grown = NULL;

	if (label.key && label.value)
		grown = reallocarray(labels->v, labels->n + 1, sizeof(*grown));
	if (!grown) {
		label_done(&label);
		return err_oom(err);
	}
	labels->v = grown;
	memmove(grown + at + 1, grown + at, (labels->n - at) * sizeof(*grown));
	grown[at] = label;
	labels->n++;
	return 0;
}

static int replace(struct label *label, const char *value, enum label_source source,
		   struct err *err)
{
	char *copy;

	if (label->source > source)
		return 0;
	copy = strdup(value);
	if (!copy)
		return err_oom(err);
	free(label->value);
	label->value = copy;
	label->source = source;
	return 0;
}

/* Takes what the label owns, also on failure. */
static int drop(struct labels *labels, struct label label, struct err *err)
{
	struct label *grown = NULL;

	if (labels->n_dropped >= LABELS_MAX) {
		label_done(&label);
		return err_input(err, E2BIG, "more than %d labels of the image", LABELS_MAX);
	}
	if (label.key && label.value)
		grown = reallocarray(labels->dropped, labels->n_dropped + 1, sizeof(*grown));
	if (!grown) {
		label_done(&label);
		return err_oom(err);
	}
	labels->dropped = grown;
	grown[labels->n_dropped++] = label;
	return 0;
}

int labels_set(struct labels *labels, const char *key, const char *value, enum label_source source,
	       bool *ret_dropped, struct err *err)
{
	bool dropped = source == LABEL_FROM_IMAGE && starts_with(key, LABEL_RESERVED_PREFIX);
	bool found;
	size_t at;
	int r;

	if (ret_dropped)
		*ret_dropped = dropped;
	r = check(key, value, err);
	if (r < 0)
		return r;
	if (dropped)
		return drop(labels, (struct label){ .key = strdup(key), .value = strdup(value) },
			    err);
	at = place_of(labels, key, &found);
	if (found)
		return replace(&labels->v[at], value, source, err);
	if (labels->n >= LABELS_MAX)
		return err_input(err, E2BIG, "more than %d labels", LABELS_MAX);
	return insert(labels, at, key, value, source, err);
}

int labels_mark_image(struct labels *labels, const char *key, const char *value, struct err *err)
{
	struct label label;
	bool found;
	size_t at = place_of(labels, key, &found);

	if (!found || labels->v[at].source != LABEL_FROM_ENGINE ||
	    !streq(labels->v[at].value, value))
		return 0;
	labels->v[at].source = LABEL_FROM_IMAGE;
	if (!starts_with(key, LABEL_RESERVED_PREFIX))
		return 0;
	label = labels->v[at];
	labels->n--;
	memmove(labels->v + at, labels->v + at + 1, (labels->n - at) * sizeof(label));
	return drop(labels, label, err);
}

const struct label *labels_get(const struct labels *labels, const char *key)
{
	bool found;
	size_t at = place_of(labels, key, &found);

	return found ? &labels->v[at] : NULL;
}

void labels_done(struct labels *labels)
{
	for (size_t i = 0; i < labels->n; i++)
		label_done(&labels->v[i]);
	for (size_t i = 0; i < labels->n_dropped; i++)
		label_done(&labels->dropped[i]);
	free(labels->v);
	free(labels->dropped);
	*labels = (struct labels){ 0 };
}
