/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coaming generate tells of its profiles, and how.
 */
#ifndef COAMING_CLI_GENERATE_PRINT_H
#define COAMING_CLI_GENERATE_PRINT_H

#include "cli/generate.h"

/* What each is taken for, the reason of every line, and what a person has to know: for a person,
 * on standard error. What comes from outside is shown without what a terminal would obey. */
int generate_explain(const struct subjects *subjects, const struct draft *drafts, struct err *err);
/* The same and the profiles as one JSON object, on standard output. */
int generate_print_json(const struct subjects *subjects, const struct draft *drafts,
			struct err *err);
/* The models, for a person. */
int generate_list_models(const struct models *models, struct err *err);

#endif
