/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on the arguments of a system call, as sets: what is in both, what is left without
 * the other. The meet of two filters is made of these.
 *
 * Three shapes are known, since these are what one comparison of libseccomp can say: some bits
 * have given values, a range that is open to one side, everything but one value. Where an
 * operation leads out of them it says so, and never answers with a set that is almost right.
 */
#ifndef COAMING_PROFILES_FILTER_COND_H
#define COAMING_PROFILES_FILTER_COND_H

#include "profiles/filter.h"

#define SYSCALL_ARGS 6

enum cond_kind {
	COND_ANY,   /* every value */
	COND_BITS,  /* (v & a) == b; a is not 0, b has no other bits. a of all ones: equality */
	COND_MOST,  /* v <= a, where 0 < a < 2^64-2 */
	COND_LEAST, /* v >= a, where 1 < a < 2^64-1 */
	COND_NOT,   /* v != a */
};

struct cond {
	enum cond_kind kind;
	uint64_t a, b; /* what a kind does not use is 0, so that equal sets are equal bytes */
};

/* All of the six must hold. */
struct conj {
	struct cond arg[SYSCALL_ARGS];
};

enum set {
	SET_EMPTY,  /* no value is left */
	SET_GIVEN,  /* the result says it */
	SET_BEYOND, /* no result can say it */
};

/* The conditions of one rule; no index comes twice (filter_parse() has seen to that). */
enum set conj_from_rule(const struct filter_rule *rule, struct conj *ret);
/* Back to at most six; returns how many. */
size_t conj_to_args(const struct conj *conj, struct filter_arg out[SYSCALL_ARGS]);

bool conj_is_any(const struct conj *conj);
bool conj_has_inequality(const struct conj *conj);            /* any but COND_ANY and COND_BITS */
int conj_compare(const struct conj *a, const struct conj *b); /* any total order */
enum set conj_and(const struct conj *a, const struct conj *b, struct conj *ret);
/* True only where it is certain. */
bool conj_within(const struct conj *inner, const struct conj *outer);
/*
 * `whole` without `hole`, as conjunctions that together hold what is left (they may overlap).
 *
 * max      room in out
 * Returns  how many; 0 where nothing is left; -1 where they cannot be said, or not in `max`
 */
int conj_without(const struct conj *whole, const struct conj *hole, struct conj *out, size_t max);

#endif
