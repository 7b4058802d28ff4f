/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poststart: the container runs; what the journal could not take before is sent again.
 *
 * MUST NOT fail because of the journal or the ledger: runc kills a container whose poststart fails,
 * and what is not sent now a later run sends.
 */
#include "hooks/stages.h"

#include "audit/evidence.h"
#include "hooks/outcome.h"
#include "hooks/state.h"

int stage_poststart(const struct host *host, struct err *err)
{
	_cleanup_state_ struct state state = { 0 };
	struct err pending = { 0 };
	int r;

	r = state_read(STDIN_FILENO, &state, err);
	if (r < 0)
		return r;
	if (evidence_flush(&host->keeping, NULL, &pending) < 0) {
		err_context(&pending, "records wait for the journal");
		outcome_warn(state.id, &pending);
	}
	return 0;
}
