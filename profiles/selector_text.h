/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A label selector in one line, as kubectl takes it.
 *
 * Source: kubectl-get(1), --selector; Kubernetes, "Labels and Selectors"
 */
#ifndef COAMING_PROFILES_SELECTOR_TEXT_H
#define COAMING_PROFILES_SELECTOR_TEXT_H

#include "profiles/selector.h"

/*
 * "tier=web", "tier==web", "tier!=web", "tier in (a,b)", "tier notin (a,b)", "tier", "!tier", with
 * commas between them. "" gives an empty selector, which matches everything.
 *
 * ret     selector_done(); untouched on failure
 * Limits  SELECTOR_TEXT_MAX bytes
 * Errors  -EINVAL with the forms that are understood; -E2BIG
 */
#define SELECTOR_TEXT_MAX 4096
int selector_parse_text(const char *text, struct selector *ret, struct err *err);

#endif
