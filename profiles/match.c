/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's `match`.
 */
#include "profiles/match.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/image.h"

#define SOURCE LABEL_SOURCE_BIT

/* What `coaming explain --label` says is as good as any. */
#define ALWAYS SOURCE(LABEL_FROM_COMMAND)

static const enum label_source sources[] = { LABEL_FROM_ANNOTATION, LABEL_FROM_ENGINE,
					     LABEL_FROM_IMAGE };

static int parse_source(const struct doc *doc, const struct node *node, uint32_t *ret,
			struct err *err)
{
	const char *names[ARRAY_SIZE(sources)];
	const char *near, *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		names[i] = label_source_name(sources[i]);
		if (streq(text, names[i])) {
			*ret |= SOURCE(sources[i]);
			return 0;
		}
	}
	near = nearest_word(text, names, ARRAY_SIZE(names));
	return err_input(err, EBADMSG,
			 "%s: unknown source of labels %s: expected annotation, engine or image"
			 "%s%s%s",
			 WHERE(doc, node), Q(text), near ? " (did you mean " : "", near ? near : "",
			 near ? "?)" : "");
}

static int parse_sources(const struct doc *doc, const struct node *list, uint32_t *ret,
			 struct err *err)
{
	int r;

	*ret = LABEL_SOURCES_MATCHED;
	if (!list)
		return 0;
	r = node_expect_list(doc, list, ARRAY_SIZE(sources), err);
	if (r < 0)
		return r;
	if (list->count == 0)
		return err_input(err, EBADMSG,
				 "%s: empty: without a source no label counts, so that this "
				 "could match nothing",
				 WHERE_KEY(doc, list));
	*ret = ALWAYS;
	node_foreach (node, list) {
		r = parse_source(doc, node, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_images(const struct doc *doc, const struct node *list, struct match *match,
			struct err *err)
{
	int r;

	if (!list)
		return 0;
	r = node_expect_list(doc, list, MATCH_IMAGES_MAX, err);
	if (r < 0)
		return r;
	if (list->count == 0)
		return err_input(err, EBADMSG, "%s: empty: it would match no image",
				 WHERE_KEY(doc, list));
	node_foreach (node, list) {
		const char *text;

		r = node_read_string(doc, node, &text, err);
		if (r < 0)
			return r;
		if (!image_pattern_is_valid(text))
			return err_input(err, EBADMSG,
					 "%s: %s is no pattern for images: a name such as "
					 "docker.io/library/nginx, in which * is any text and ? "
					 "any character, is expected",
					 WHERE(doc, node), Q(text));
		r = strv_add(&match->images, &match->n_images, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int match_parse(const struct doc *doc, const struct node *node, struct match *match,
		struct err *err)
{
	static const char *const keys[] = { "labelSelector", "image", "sources" };
	const struct node *selector = node_get(node, "labelSelector");
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r < 0)
		return r;
	if (!selector && !node_get(node, "image"))
		return err_input(err, EBADMSG, "%s: \"match\" needs \"labelSelector\" or \"image\"",
				 WHERE(doc, node));
	if (!selector && node_get(node, "sources"))
		return err_input(err, EBADMSG,
				 "%s: \"sources\" says whose labels count: it needs "
				 "\"labelSelector\"",
				 WHERE_KEY(doc, node_get(node, "sources")));
	if (selector)
		r = selector_parse(doc, selector, &match->selector, err);
	if (r == 0)
		r = parse_images(doc, node_get(node, "image"), match, err);
	if (r == 0)
		r = parse_sources(doc, node_get(node, "sources"), &match->sources, err);
	match->present = r == 0;
	return r;
}

void match_done(struct match *match)
{
	selector_done(&match->selector);
	strv_free(&match->images, &match->n_images);
	*match = (struct match){ 0 };
}

static void describe_sources(const struct match *match, struct buf *out)
{
	const char *between = "; only labels of ";

	if (match->selector.n == 0 || match->sources == LABEL_SOURCES_MATCHED)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (!(match->sources & SOURCE(sources[i])))
			continue;
		buf_addf(out, "%s%s", between, label_source_name(sources[i]));
		between = ", ";
	}
}

void match_describe(const struct match *match, struct buf *out)
{
	for (size_t i = 0; i < match->selector.n; i++) {
		buf_adds(out, i ? ", " : "");
		requirement_describe(&match->selector.v[i], out);
	}
	describe_sources(match, out);
	for (size_t i = 0; i < match->n_images; i++)
		buf_addf(out, "%s%s",
			 i                       ? " or "
			 : match->selector.n > 0 ? "; image "
						 : "image ",
			 match->images[i]);
	if (match->selector.n == 0 && match->n_images == 0)
		buf_adds(out, "every container");
}

static bool requirement_fits(const struct match *match, const struct requirement *requirement,
			     const struct labels *labels)
{
	const struct label *label = labels_get(labels, requirement->key);
	bool absence =
		requirement->op == SELECTOR_NOT_IN || requirement->op == SELECTOR_DOES_NOT_EXIST;

	if (label && (!(match->sources & SOURCE(label->source)) ||
		      (absence && label->source == LABEL_FROM_IMAGE)))
		label = NULL;
	return requirement_holds(requirement, label);
}

static bool image_fits(const struct match *match, const char *image)
{
	for (size_t i = 0; image && i < match->n_images; i++) {
		if (image_matches(match->images[i], image))
			return true;
	}
	return match->n_images == 0;
}

bool match_fits(const struct match *match, const struct metadata *metadata)
{
	for (size_t i = 0; i < match->selector.n; i++) {
		if (!requirement_fits(match, &match->selector.v[i], metadata->labels))
			return false;
	}
	return match->present && image_fits(match, metadata->image);
}

bool match_fits_trusted(const struct match *match, const struct metadata *metadata)
{
	struct match trusted = *match; /* borrows what that owns */

	trusted.sources &= LABEL_SOURCES_TRUSTED;
	return match_fits(&trusted, metadata);
}

bool selector_holds_trusted(const struct selector *selector, const struct metadata *metadata)
{
	const struct match match = {
		.present = true,
		.selector = *selector,
		.sources = LABEL_SOURCES_TRUSTED,
	};

	return match_fits(&match, metadata);
}
