/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of the host: the names of mount points are whoever's who mounts.
 */
#include "hooks/mounted.h"

#include "lib/strv.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_mounted_ struct mounted mounted = { 0 };
	char *text = strndup((const char *)data, size);
	struct names names = { 0 };
	struct err err = { 0 };
	int r;

	must(text);
	r = mounted_parse(&text, &mounted, &err);
	must(!text);
	if (r < 0) {
		must_tell(r, &err);
		must(!mounted.v && mounted.n == 0);
		return 0;
	}
	r = mounted_names(&mounted, "/nowhere/at/all", &names, &err);
	must(r == 0);
	for (size_t i = 0; i < names.n; i++)
		must(!streq(names.v[i], "/nowhere/at/all"));
	strv_free(&names.v, &names.n);
	return 0;
}
