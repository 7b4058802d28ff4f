/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break-glass.
 *
 * MUST NOT hold where anything about it is in doubt.
 */
#include "profiles/break_glass.h"

#include <errno.h>

#include "lib/emit.h"
#include "profiles/selector_text.h"

#define USEC_PER_SEC    UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
/* Beyond that no date can be printed in four digits. */
#define REALTIME_MAX_USEC (UINT64_C(253402300799) * USEC_PER_SEC)

static const char *const keys[] = {
	"id",     "bootId", "fromUsec", "fromBootUsec", "untilUsec", "untilBootUsec",
	"reason", "who",    "match",
};

void break_glass_done(struct break_glass *glass)
{
	free(glass->id);
	free(glass->reason);
	free(glass->who);
	free(glass->match);
	selector_done(&glass->selector);
	*glass = (struct break_glass){ 0 };
}

/* ---- the file ---- */

void break_glass_write(const struct break_glass *glass, struct buf *out)
{
	struct emit e = EMIT(out);

	emit_object(&e);
	emit_text(&e, "id", glass->id);
	emit_text(&e, "bootId", glass->from.boot_id);
	emit_number(&e, "fromUsec", glass->from.realtime_usec);
	emit_number(&e, "fromBootUsec", glass->from.boot_usec);
	emit_number(&e, "untilUsec", glass->until_realtime_usec);
	emit_number(&e, "untilBootUsec", glass->until_boot_usec);
	emit_text(&e, "reason", glass->reason);
	emit_text(&e, "who", glass->who);
	emit_text(&e, "match", glass->match);
	emit_object_end(&e);
}

static int read_text(const struct doc *doc, const char *key, size_t max, char **ret,
		     struct err *err)
{
	const struct node *node = node_get(doc_root(doc), key);
	const char *text;
	int r = node_read_string(doc, node, &text, err);

	if (r < 0)
		return r;
	if (strlen(text) > max)
		return err_input(err, EBADMSG, "%s: \"%s\" is longer than %zu bytes",
				 WHERE(doc, node), key, max);
	*ret = strdup(text);
	return *ret ? 0 : err_oom(err);
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

/* An id of zeros is what is taken where the kernel tells none: such a boot is like any other. */
static bool is_boot_id(const char *text)
{
	return is_hex(text, BREAK_GLASS_BOOT_ID_LEN) && strspn(text, "0") < BREAK_GLASS_BOOT_ID_LEN;
}

static int read_ids(const struct doc *doc, struct break_glass *glass, struct err *err)
{
	_cleanup_free_ char *boot_id = NULL;
	int r = read_text(doc, "id", BREAK_GLASS_ID_LEN, &glass->id, err);

	if (r == 0)
		r = read_text(doc, "bootId", BREAK_GLASS_BOOT_ID_LEN, &boot_id, err);
	if (r < 0)
		return r;
	if (!is_hex(glass->id, BREAK_GLASS_ID_LEN) || !is_boot_id(boot_id))
		return err_input(err, EBADMSG, "%s: \"id\" or \"bootId\" is none", doc_name(doc));
	memcpy(glass->from.boot_id, boot_id, sizeof(glass->from.boot_id));
	return 0;
}

static bool is_span(uint64_t from, uint64_t until, uint64_t max_minutes)
{
	return from < until && until - from <= max_minutes * USEC_PER_MINUTE;
}

static int read_times(const struct doc *doc, struct break_glass *glass, struct err *err)
{
	const struct {
		const char *key;
		uint64_t *to;
	} times[] = {
		{ "fromUsec", &glass->from.realtime_usec },
		{ "fromBootUsec", &glass->from.boot_usec },
		{ "untilUsec", &glass->until_realtime_usec },
		{ "untilBootUsec", &glass->until_boot_usec },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(times); i++)
		r = node_read_u64(doc, node_get(doc_root(doc), times[i].key), times[i].to, err);
	if (r < 0)
		return r;
	if (!is_span(glass->from.realtime_usec, glass->until_realtime_usec,
		     BREAK_GLASS_MINUTES_MAX) ||
	    !is_span(glass->from.boot_usec, glass->until_boot_usec, BREAK_GLASS_MINUTES_MAX) ||
	    glass->until_realtime_usec > REALTIME_MAX_USEC)
		return err_input(err, EBADMSG, "%s: its times are no span of at most %d minutes",
				 doc_name(doc), BREAK_GLASS_MINUTES_MAX);
	return 0;
}

static int parse(const struct doc *doc, struct break_glass *glass, struct err *err)
{
	const struct node *root = doc_root(doc);
	int r;

	r = node_expect(doc, root, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, root, keys, ARRAY_SIZE(keys), err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys); i++) {
		if (!node_get(root, keys[i]))
			r = err_input(err, EBADMSG, "%s: \"%s\" is missing", doc_name(doc),
				      keys[i]);
	}
	if (r == 0)
		r = read_ids(doc, glass, err);
	if (r == 0)
		r = read_times(doc, glass, err);
	if (r == 0)
		r = read_text(doc, "reason", BREAK_GLASS_REASON_MAX, &glass->reason, err);
	if (r == 0)
		r = read_text(doc, "who", BREAK_GLASS_WHO_MAX, &glass->who, err);
	if (r == 0)
		r = read_text(doc, "match", SELECTOR_TEXT_MAX, &glass->match, err);
	if (r == 0)
		r = selector_parse_text(glass->match, &glass->selector, err);
	return r;
}

int break_glass_parse(const struct doc *doc, struct break_glass *ret, struct err *err)
{
	struct break_glass glass = { 0 };
	int r = parse(doc, &glass, err);

	if (r < 0) {
		break_glass_done(&glass);
		return r == -EINVAL ? -EBADMSG : r;
	}
	*ret = glass;
	return 0;
}

/* ---- what it means ---- */

bool break_glass_holds(const struct break_glass *glass, const struct break_glass_time *now,
		       uint64_t max_minutes)
{
	return is_boot_id(now->boot_id) && streq(glass->from.boot_id, now->boot_id) &&
	       is_span(glass->from.realtime_usec, glass->until_realtime_usec, max_minutes) &&
	       is_span(glass->from.boot_usec, glass->until_boot_usec, max_minutes) &&
	       now->boot_usec >= glass->from.boot_usec && now->boot_usec < glass->until_boot_usec &&
	       now->realtime_usec < glass->until_realtime_usec;
}

bool break_glass_covers(const struct break_glass *glass, const struct labels *labels)
{
	const struct metadata metadata = { .labels = labels };

	return selector_holds_trusted(&glass->selector, &metadata);
}
