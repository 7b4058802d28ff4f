/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page with a document and the hash of its script put in.
 *
 * MUST NOT let a text of the document end the element that it stands in.
 */
#include "cli/page.h"

#include <errno.h>

#include "lib/hash.h"

/* Whatever all pages have. */
PAGE_INCLUDE(page_style, "cli/page.css");
PAGE_INCLUDE(page_script, "cli/page.js");

#define STYLE_MARK   "@STYLE@"
#define CODE_MARK    "@SCRIPT@"
#define HASH_MARK    "@HASH@"
#define DATA_MARK    "@DATA@"
#define SCRIPT_BEGIN "<script>"
#define SCRIPT_END   "</script>"

static void add_base64(struct buf *out, const uint8_t *bytes, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		three |= i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= i + 2 < n ? bytes[i + 2] : 0;
		buf_addc(out, digits[three >> 18 & 63]);
		buf_addc(out, digits[three >> 12 & 63]);
		buf_addc(out, i + 1 < n ? digits[three >> 6 & 63] : '=');
		buf_addc(out, i + 2 < n ? digits[three & 63] : '=');
	}
}

static void add_script_hash(struct buf *out, const char *page)
{
	const char *begin = strstr(page, SCRIPT_BEGIN);
	const char *end = begin ? strstr(begin, SCRIPT_END) : NULL;
	uint8_t digest[SHA256_BYTES];

	if (!end)
		return;
	begin += strlen(SCRIPT_BEGIN);
	sha256_raw(digest, begin, (size_t)(end - begin));
	add_base64(out, digest, sizeof(digest));
}

/* Only "<" can begin the end of an element; in JSON it stands within strings alone. */
static void add_json(struct buf *out, const char *json, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (json[i] == '<')
			buf_adds(out, "\\u003c");
		else
			buf_addc(out, json[i]);
	}
}

/* The text up to the mark; what follows the mark. Every page has all four, in their order. */
static const char *add_until(struct buf *out, const char *text, const char *mark)
{
	const char *at = strstr(text, mark);

	assert(at);
	buf_add(out, text, (size_t)(at - text));
	return at + strlen(mark);
}

int page_fill(struct buf *out, const char *page, const char *json, size_t len)
{
	_cleanup_buf_ struct buf whole = { 0 };
	const char *rest = add_until(&whole, page, STYLE_MARK);

	buf_adds(&whole, page_style);
	rest = add_until(&whole, rest, CODE_MARK);
	buf_adds(&whole, page_script);
	buf_adds(&whole, rest);
	if (buf_status(&whole) < 0)
		return -ENOMEM;
	rest = add_until(out, whole.data, HASH_MARK);
	add_script_hash(out, whole.data);
	rest = add_until(out, rest, DATA_MARK);
	add_json(out, json, len);
	buf_adds(out, rest);
	return buf_status(out);
}
