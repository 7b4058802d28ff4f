/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of values as YAML, through libyaml's emitter.
 */
#include "lib/yaml_write.h"

#include <ctype.h>
#include <yaml.h>

#define _cleanup_emitter_ _cleanup_(yaml_emitter_delete)

static int put(void *data, unsigned char *text, size_t len)
{
	struct buf *out = data;

	buf_add(out, text, len);
	return buf_status(out) == 0;
}

/* An event that was made, or not for want of memory. The emitter takes it in either case. */
static bool emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	return made && yaml_emitter_emit(emitter, event);
}

/* Words that some reader takes for a boolean or for nothing. */
static bool is_word_of_yaml(const char *text)
{
	static const char *const words[] = { "y",   "n",    "yes",   "no",  "on",
					     "off", "true", "false", "null" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* It begins like a name, so that it is no number, no date and no sign of YAML's. */
static bool is_plain(const char *text)
{
	static const char more[] = "-._/";

	if (!isalpha((unsigned char)text[0]) || is_word_of_yaml(text))
		return false;
	for (const char *s = text; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	}
	return true;
}

static bool put_scalar(yaml_emitter_t *emitter, const char *text, size_t len, bool plain)
{
	yaml_event_t event;

	return emit(emitter, &event,
		    yaml_scalar_event_initialize(
			    &event, NULL, NULL, (const yaml_char_t *)text, (int)len, plain, true,
			    plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE));
}

static bool put_node(yaml_emitter_t *emitter, const struct node *node);

static bool put_members(yaml_emitter_t *emitter, const struct node *node)
{
	bool ok = true;

	node_foreach (member, node) {
		if (member->key)
			ok = ok && put_scalar(emitter, member->key, strlen(member->key),
					      is_plain(member->key));
		ok = ok && put_node(emitter, member);
	}
	return ok;
}

static bool put_map(yaml_emitter_t *emitter, const struct node *node)
{
	yaml_mapping_style_t style =
		node->count ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
	yaml_event_t event;

	return emit(emitter, &event,
		    yaml_mapping_start_event_initialize(&event, NULL, NULL, true, style)) &&
	       put_members(emitter, node) &&
	       emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static bool put_list(yaml_emitter_t *emitter, const struct node *node)
{
	yaml_sequence_style_t style =
		node->count ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
	yaml_event_t event;

	return emit(emitter, &event,
		    yaml_sequence_start_event_initialize(&event, NULL, NULL, true, style)) &&
	       put_members(emitter, node) &&
	       emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

static bool put_node(yaml_emitter_t *emitter, const struct node *node)
{
	switch (node->type) {
	case NODE_OBJECT:
		return put_map(emitter, node);
	case NODE_ARRAY:
		return put_list(emitter, node);
	case NODE_STRING:
		return put_scalar(emitter, node->string, node->string_len, is_plain(node->string));
	case NODE_NUMBER:
		return put_scalar(emitter, node->string, node->string_len, true);
	case NODE_TRUE:
		return put_scalar(emitter, "true", 4, true);
	case NODE_FALSE:
		return put_scalar(emitter, "false", 5, true);
	case NODE_NULL:
		break;
	}
	return put_scalar(emitter, "null", 4, true);
}

static bool put_document(yaml_emitter_t *emitter, const struct node *node)
{
	yaml_event_t event;

	return emit(emitter, &event,
		    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
	       emit(emitter, &event,
		    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, true)) &&
	       put_node(emitter, node) &&
	       emit(emitter, &event, yaml_document_end_event_initialize(&event, true)) &&
	       emit(emitter, &event, yaml_stream_end_event_initialize(&event)) &&
	       yaml_emitter_flush(emitter);
}

int yaml_write(const struct node *node, struct buf *out, struct err *err)
{
	_cleanup_emitter_ yaml_emitter_t emitter = { 0 };

	if (!yaml_emitter_initialize(&emitter))
		return err_oom(err);
	yaml_emitter_set_output(&emitter, put, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	/* The tree is whole and its strings are UTF-8: nothing but memory can fail. */
	return put_document(&emitter, node) && buf_status(out) == 0 ? 0 : err_oom(err);
}
