/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command has written for programs, to standard output.
 */
#include "cli/out.h"

int out_print(const struct buf *out, struct err *err)
{
	if (buf_status(out) < 0)
		return err_oom(err);
	if (out->len > 0)
		(void)fwrite(out->data, 1, out->len, stdout);
	return 0;
}

int out_print_line(struct buf *out, struct err *err)
{
	buf_addc(out, '\n');
	return out_print(out, err);
}
