/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as one page: cli/report.html, with the document and the hash of its script put in.
 *
 * MUST NOT let a text of the document end the element that it stands in.
 */
#include "cli/report_html.h"

#include "lib/hash.h"

/* The page is part of the program; the assembler reads it. */
__asm__(".section .rodata\n"
	"report_page:\n"
	".incbin \"cli/report.html\"\n"
	"report_page_end:\n"
	".byte 0\n"
	".previous\n");
extern const char report_page[] __attribute__((visibility("hidden")));
extern const char report_page_end[] __attribute__((visibility("hidden")));

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

/* The policy of the page allows this script and no other. */
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

int report_html(struct buf *out, const char *json, size_t len)
{
	const char *hash = strstr(report_page, HASH_MARK);
	const char *data = hash ? strstr(hash, DATA_MARK) : NULL;

	assert(data && report_page_end[0] == '\0');
	buf_add(out, report_page, (size_t)(hash - report_page));
	add_script_hash(out, report_page);
	hash += strlen(HASH_MARK);
	buf_add(out, hash, (size_t)(data - hash));
	add_json(out, json, len);
	data += strlen(DATA_MARK);
	buf_add(out, data, (size_t)(report_page_end - data));
	return buf_status(out);
}
