/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each break-glass that the records tell of, from the record of its opening, of its end, or both,
 * in whatever order they come.
 */
#include "audit/tally.h"

#include "audit/stamp.h"

/* hooks/break_glass.c writes no longer ones. */
#define GLASS_TEXT_MAX 1024

static char *text_of(const struct tally_record *r, enum tally_text which)
{
	char text[GLASS_TEXT_MAX] = "";

	r->text(r->arg, which, text, sizeof(text));
	return strdup(text);
}

void tally_glasses_done(struct tally *t)
{
	for (size_t i = 0; i < t->n_glasses; i++) {
		struct tally_glass *g = &t->glasses[i];

		free(g->id);
		free(g->match);
		free(g->who);
		free(g->reason);
		free(g->cursor);
	}
	free(t->glasses);
}

static struct tally_glass *find(const struct tally *t, uint32_t host, const char *id)
{
	for (size_t i = 0; i < t->n_glasses; i++) {
		if (t->glasses[i].host == host && streq(t->glasses[i].id, id))
			return &t->glasses[i];
	}
	return NULL;
}

static int make(struct tally *t, const struct tally_record *r, uint32_t host, const char *id,
		struct tally_glass **ret, struct err *err)
{
	char until[GLASS_TEXT_MAX] = "";
	struct tally_glass *g;

	if (!t->glasses)
		t->glasses = calloc(TALLY_GLASSES_MAX, sizeof(*t->glasses));
	if (!t->glasses)
		return err_oom(err);
	g = &t->glasses[t->n_glasses++];
	*g = (struct tally_glass){ .host = host,
				   .id = strdup(id),
				   .match = text_of(r, TALLY_GLASS_MATCH),
				   .who = text_of(r, TALLY_GLASS_WHO),
				   .reason = text_of(r, TALLY_GLASS_REASON),
				   .cursor = text_of(r, TALLY_CURSOR) };
	if (!g->id || !g->match || !g->who || !g->reason || !g->cursor)
		return err_oom(err);
	r->text(r->arg, TALLY_GLASS_UNTIL, until, sizeof(until));
	if (stamp_parse(until, strlen(until), &g->until_usec) < 0)
		g->until_usec = 0;
	*ret = g;
	return 0;
}

int tally_glass(struct tally *t, const struct tally_record *r, uint32_t host, struct err *err)
{
	char id[GLASS_TEXT_MAX] = "", verb[GLASS_TEXT_MAX] = "";
	struct tally_glass *g;
	int ret;

	if (r->event != EVENT_POLICY || !r->break_glass || !r->text)
		return 0;
	r->text(r->arg, TALLY_GLASS_ID, id, sizeof(id));
	r->text(r->arg, TALLY_REASON, verb, sizeof(verb));
	g = find(t, host, id);
	if (!g && t->n_glasses >= TALLY_GLASSES_MAX) {
		t->glasses_omitted++;
		return 0;
	}
	ret = g ? 0 : make(t, r, host, id, &g, err);
	if (ret < 0)
		return ret;
	if (streq(verb, "break-glass-opened")) {
		g->opened_usec = r->usec;
		return 0;
	}
	g->ended_usec = r->usec;
	g->expired = streq(verb, "break-glass-expired");
	return 0;
}

bool tally_glass_counts(const struct tally *t, const struct tally_glass *g)
{
	uint64_t end = g->ended_usec ? g->ended_usec : g->until_usec;

	return end == 0 || end >= t->options.since_usec;
}
