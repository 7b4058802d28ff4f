/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a container's life that coaming-hook serves.
 */
#ifndef COAMING_HOOKS_STAGES_H
#define COAMING_HOOKS_STAGES_H

#include "profiles/host.h"

/*
 * One stage: reads descriptor 0, may write descriptor 1.
 *
 * Errors  -EPERM with ERR_REFUSED the policy says no; others as they are classed. After any of
 *         them the container must not run.
 */
typedef int stage_fn(const struct host *host, struct err *err);

/* The whole config in, the whole confined config out (podman). Source: oci-hooks(5), "precreate" */
int stage_precreate(const struct host *host, struct err *err);
/* The config once more: it must not change; firewall and pin. Source: runtime-spec, "createRuntime"
 */
int stage_create_runtime(const struct host *host, struct err *err);
/* Sends to the journal what is still pending; that it cannot is told and no error. */
int stage_poststart(const struct host *host, struct err *err);
/* Counters and refused flows into the record, everything of the container cleaned up. */
int stage_poststop(const struct host *host, struct err *err);

/* The annotation with which a refusal at precreate travels on to createRuntime. */
#define REFUSED_ANNOTATION "io.coaming.refused"

#endif
