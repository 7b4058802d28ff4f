/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a record follows from its fields.
 */
#include "audit/sighting.h"

#include <errno.h>
#include "audit/stamp.h"

uint64_t sight_time(const struct sighting *s)
{
	const struct view *v = entry_get(s->entry, "COAMING_TIME");
	uint64_t usec;

	return v && stamp_parse(v->value, v->len, &usec) == 0 ? usec : 0;
}

static void copy_hex(char out[SHA256_HEX], const struct view *v)
{
	out[0] = '\0';
	if (!v || v->len != SHA256_HEX - 1 || memchr(v->value, '\0', v->len))
		return;
	memcpy(out, v->value, v->len);
	out[v->len] = '\0';
}

static void read_chain_fields(struct entry *e)
{
	if (!entry_get_u64(e, "COAMING_SEQ", &e->seq) || e->seq > ENTRY_SEQ_MAX)
		e->seq = 0;
	if (!entry_get_u64(e, "COAMING_KEY_EPOCH", &e->epoch))
		e->epoch = 0;
	copy_hex(e->prev, entry_get(e, "COAMING_PREV"));
	copy_hex(e->hash, entry_get(e, "COAMING_HASH"));
	copy_hex(e->mac, entry_get(e, "COAMING_MAC"));
}

void sight_machine(char out[33], const struct entry *entry)
{
	const struct view *v = entry_get(entry, "COAMING_MACHINE_ID");

	if (!v || v->len != 32 || memcmp(v->value, entry_hash_none, 32) == 0)
		return;
	memcpy(out, v->value, v->len);
	out[v->len] = '\0';
}

int sight_fields(struct sighting *s, struct entry *e, struct buf *scratch, sighting_fn *fn,
		 void *arg, struct err *err)
{
	char hash[SHA256_HEX];
	struct err bad = { 0 };

	read_chain_fields(e);
	sight_machine(s->machine, e);
	scratch->len = 0;
	s->entry = e;
	s->readable = true;
	/* Without a time of its own it has no such form, and its hash cannot fit. */
	if (entry_canonical(scratch, e, &bad) == -ENOMEM)
		return err_oom(err);
	s->hashed = scratch->data;
	s->hashed_len = scratch->len;
	sha256_hex1(hash, scratch->len > 0 ? scratch->data : "", scratch->len);
	s->hash_fits = scratch->len > 0 && streq(hash, e->hash);
	return fn(arg, s, err);
}
