/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poststop: what the firewall counted goes into the record, and everything of the container goes.
 *
 * It may never come, come twice, or come for a container whose createRuntime failed: so it does
 * only what the live file says is still to do, and `coaming gc` can do the same later.
 */
#include "hooks/stages.h"

#include <errno.h>

#include "hooks/ending.h"
#include "hooks/state.h"

int stage_poststop(const struct host *host, struct err *err)
{
	_cleanup_state_ struct state state = { 0 };
	int r;

	r = state_read(STDIN_FILENO, &state, err);
	if (r < 0)
		return r;
	return container_end(host, state.id, "poststop", err);
}
