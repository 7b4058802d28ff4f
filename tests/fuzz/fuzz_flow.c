/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow of a record: what is understood is, written again, the same bytes.
 */
#include "audit/flow.h"

#include <errno.h>

#include "tests/fuzz/fuzz.h"

static void check(const struct buf *out, const uint8_t *data, size_t size)
{
	must(buf_status(out) == 0 && out->len == size && memcmp(out->data, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf out = { 0 }, out2 = { 0 };
	const char *text = size > 0 ? (const char *)data : "";
	struct flow_overflow overflow;
	struct flow flow;
	int r;

	r = flow_parse(text, size, &flow);
	must(r == 0 || r == -EINVAL);
	if (r == 0) {
		flow_write(&flow, &out);
		check(&out, data, size);
	}
	r = flow_overflow_parse(text, size, &overflow);
	must(r == 0 || r == -EINVAL);
	if (r == 0) {
		flow_overflow_write(&overflow, &out2);
		check(&out2, data, size);
	}
	return 0;
}
