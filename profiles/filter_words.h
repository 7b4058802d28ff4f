/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of an OCI `seccomp` object, for those who write them. Static texts.
 */
#ifndef COAMING_PROFILES_FILTER_WORDS_H
#define COAMING_PROFILES_FILTER_WORDS_H

#include "profiles/filter.h"

const char *filter_action_word(enum filter_action action); /* "SCMP_ACT_ERRNO" */
const char *filter_op_word(enum filter_op op);             /* "SCMP_CMP_EQ" */

#endif
