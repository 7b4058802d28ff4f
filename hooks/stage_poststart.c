/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poststart: the container runs; what the journal could not take before is sent again.
 */
#include "hooks/stages.h"

#include "audit/evidence.h"
#include "hooks/state.h"

int stage_poststart(const struct host *host, struct err *err)
{
	_cleanup_state_ struct state state = { 0 };
	int r;

	r = state_read(STDIN_FILENO, &state, err);
	if (r < 0)
		return r;
	return evidence_flush(host->audit_dir, NULL, err);
}
