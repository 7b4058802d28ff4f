/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that come again and again, each kept once and known by a small number.
 */
#ifndef COAMING_AUDIT_INTERN_H
#define COAMING_AUDIT_INTERN_H

#include "lib/err.h"

/* Further texts have no number: a report stays small whatever it reads. */
#define INTERN_MAX 65536
/* Of each text. */
#define INTERN_TEXT_MAX 512

struct intern {
	char **v;        /* v[1..n]; v[0] is "" */
	uint32_t *index; /* of 2 * INTERN_MAX places: numbers, 0 is empty */
	size_t n, size;
	uint64_t omitted; /* calls that found it full */
};

/* An empty one; intern_done(). Errors: -ENOMEM. */
int intern_new(struct intern *ret, struct err *err);
void intern_done(struct intern *intern);

/* The number of a text, from 1 on; 0: no room for another one, or no memory. Longer ones are cut.
 */
uint32_t intern_add(struct intern *intern, const char *text, size_t len);
/* The text of a number; "" for 0. */
const char *intern_text(const struct intern *intern, uint32_t number);

#endif
