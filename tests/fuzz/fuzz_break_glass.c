/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of coaming break-glass; and behind a line "---" a selector as kubectl takes it. What is
 * read and written again reads as the same, and never holds for longer than it may.
 */
#include "profiles/break_glass.h"

#include "profiles/selector_text.h"
#include "tests/fuzz/fuzz.h"

static int parse(const char *text, size_t len, struct break_glass *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "input", text, len, err);

	return r < 0 ? r : break_glass_parse(doc, ret, err);
}

static void check(const struct break_glass *glass)
{
	_cleanup_break_glass_ struct break_glass again = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct break_glass_time now = glass->from;
	struct err err = { 0 };

	break_glass_write(glass, &text);
	must(buf_status(&text) == 0);
	must_succeed(parse(text.data, text.len, &again, &err), &err);
	must(streq(glass->id, again.id) && streq(glass->reason, again.reason));
	must(streq(glass->who, again.who) && streq(glass->match, again.match));
	must(glass->until_boot_usec == again.until_boot_usec);
	must(glass->until_realtime_usec == again.until_realtime_usec);
	must(break_glass_holds(glass, &now, BREAK_GLASS_MINUTES_MAX));
	must(!break_glass_holds(glass, &now, 0));
	now.boot_usec += BREAK_GLASS_MINUTES_MAX * UINT64_C(60000000);
	must(!break_glass_holds(glass, &now, BREAK_GLASS_MINUTES_MAX));
}

static void check_selector(const char *text)
{
	struct selector selector = { 0 };
	struct err err = { 0 };
	int r = selector_parse_text(text, &selector, &err);

	if (r < 0)
		must_tell(r, &err);
	must(r < 0 ? selector.n == 0 : (selector.n == 0) == (text[0] == '\0'));
	selector_done(&selector);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece rest = { (const char *)data, size }, file = next_piece(&rest);
	_cleanup_free_ char *selector = strndup(rest.len ? rest.text : "", rest.len);
	_cleanup_break_glass_ struct break_glass glass = { 0 };
	struct err err = { 0 };
	int r = parse(file.text, file.len, &glass, &err);

	if (r < 0)
		must_tell(r, &err);
	else
		check(&glass);
	must(selector);
	check_selector(selector);
	return 0;
}
