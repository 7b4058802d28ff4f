/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poststart: the container runs; what the journal could not take before is sent again, and the
 * addresses of one that had none at createRuntime are told to its peers.
 *
 * MUST NOT fail because of the journal, the ledger or the registry: runc kills a container whose
 * poststart fails, and what is not sent now a later run sends.
 */
#include "hooks/stages.h"

#include "audit/evidence.h"
#include "hooks/outcome.h"
#include "hooks/register.h"
#include "hooks/state.h"

int stage_poststart(const struct host *host, struct err *err)
{
	_cleanup_state_ struct state state = { 0 };
	struct err pending = { 0 }, told = { 0 }, why = { 0 };
	int r;

	r = state_read(STDIN_FILENO, &state, err);
	if (r < 0)
		return r;
	if (register_refresh(host->state_dir, state.id, true, &told, &why) < 0)
		outcome_warn(state.id, &why);
	else if (told.class != ERR_NONE)
		outcome_warn(state.id, &told);
	if (evidence_flush(&host->keeping, NULL, &pending) < 0) {
		err_context(&pending, "records wait for the journal");
		outcome_warn(state.id, &pending);
	}
	return 0;
}
