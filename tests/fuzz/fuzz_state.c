/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container state on a hook's standard input.
 */
#include "hooks/state.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_state_ struct state state = { 0 };
	struct err err = { 0 };
	int r = state_parse((const char *)data, size, &state, &err);

	if (r < 0) {
		must_tell(r, &err);
		must(!state.id && !state.bundle);
		return 0;
	}
	must(container_id_is_valid(state.id) && !strchr(state.id, '/'));
	must(state.bundle[0] == '/');
	must(state.pid >= 0);
	return 0;
}
