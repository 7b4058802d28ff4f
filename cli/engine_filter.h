/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp filters as engines ask for them, for trying profiles where there is no engine.
 */
#ifndef COAMING_CLI_ENGINE_FILTER_H
#define COAMING_CLI_ENGINE_FILTER_H

#include "profiles/filter.h"

enum engine_filter {
	ENGINE_NONE,   /* the request has no filter */
	ENGINE_DOCKER, /* EPERM by default, conditions on personality, clone and socket */
	ENGINE_PODMAN, /* ENOSYS by default, EPERM by name, audit's sockets answer EINVAL */
	ENGINES_,
};

/* "alone", "under Docker's filter": for a sentence. Static. */
const char *engine_filter_name(enum engine_filter which);
/*
 * Of their shape and size: what this machine's libseccomp knows but for what engines leave out; all
 * three architectures on x86_64. filter_done()
 */
int engine_filter_make(enum engine_filter which, struct filter *ret, struct err *err);

#endif
