/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that stand for many: socketcall and ipc.
 */
#ifndef COAMING_PROFILES_FILTER_MUX_H
#define COAMING_PROFILES_FILTER_MUX_H

#include "profiles/filter.h"

#define MULTIPLEXERS 2

struct mux_rule {
	const char *name; /* of the multiplexer */
	struct action action;
};

/*
 * On some architectures libseccomp lets a rule for socket hold for socketcall(SYS_SOCKET) too, and
 * forgets its conditions there: nobody can look behind the pointer. So what one filter forbids by
 * naming socket, the other may allow by naming socketcall; and two rules of different actions for
 * socket make a filter that it refuses. Both end with one rule for the multiplexer as a whole.
 *
 * out      the meet of a and b, call by call
 * Returns  how many such rules it needs
 */
size_t mux_rules(const struct filter *a, const struct filter *b, const struct filter *out,
		 struct mux_rule ret[MULTIPLEXERS]);

/* Whether an architecture of the filter has them. */
bool mux_has(const struct filter *filter);
/* The multiplexer for a call, and its number there; NULL where there is none. */
const char *mux_of(const char *name, uint32_t *ret_number);
/* For a rule that takes the whole multiplexer: as strict as all that a filter says of it. */
struct action mux_strictest(const struct filter *filter, const char *mux);

#endif
