/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of texts in compose files.
 */
#ifndef COAMING_CLI_GENERATE_COMPOSE_H
#define COAMING_CLI_GENERATE_COMPOSE_H

#include "lib/err.h"

/*
 * Put in what "${NAME:-default}" and "${NAME-default}" have as defaults, and "$" for "$$". Nothing
 * of our own environment is used: what is written must not depend on who writes it. A variable
 * without default stays as it is written.
 *
 * ret     free()
 * Errors  -EBADMSG a brace without its end
 * Source  Compose Specification, interpolation.md
 */
int compose_interpolate(const char *text, char **ret, struct err *err);
/* "64m", "1.5gb", "4096", also before a comma: -EINVAL where it is none. mount(8) has the same. */
int compose_size_parse(const char *text, uint64_t *ret);

#endif
