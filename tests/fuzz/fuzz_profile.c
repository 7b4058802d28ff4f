/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile; behind a line "---" the file that its seccomp section may name. What is accepted
 * gives a firewall's text and advice.
 */
#include "profiles/advice.h"
#include "profiles/ruleset.h"

#include "tests/fuzz/fuzz.h"

static int fetch(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	const struct piece *file = arg;

	char whole[4096];

	(void)snprintf(whole, sizeof(whole), "/%s/", relative_path);
	must(!strstr(whole, "//") && !strstr(whole, "/../"));
	return doc_parse(ret, relative_path, file->text, file->len, err);
}

static void check(const struct profile *profile)
{
	struct selected one = { .profile = profile, .mode = profile->mode };
	const struct selection selection = { .v = &one, .n = 1 };
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };
	int r;

	must(profile_name_is_valid(profile->name));
	for (size_t i = 0; i < profile->rootfs.n_writable; i++)
		must(path_is_normal(profile->rootfs.writable[i].path));
	if (!ruleset_is_needed(&selection, NULL))
		return;
	r = ruleset_write(&selection, NULL, "c1", NULL, &text, &err);
	if (r < 0) { /* a zone, of which there is none without a host */
		must_tell(r, &err);
		return;
	}
	must(starts_with(text.data, "table inet coaming_") && strlen(text.data) == text.len);
}

/* What the text of a selector says is what it was made of. */
static void check_peers(const struct profile *profile)
{
	struct selected one = { .profile = profile, .mode = MODE_ENFORCE };
	const struct selection selection = { .v = &one, .n = 1 };
	_cleanup_free_ const struct peer_selector **peers = NULL;
	struct err err = { 0 };
	size_t n = 0;

	must_succeed(ruleset_peers(&selection, &peers, &n, &err), &err);
	for (size_t i = 0; i < n; i++) {
		struct peer_selector again = { 0 };
		_cleanup_doc_ struct doc *doc = NULL;

		must_succeed(doc_parse(&doc, "peer", peers[i]->text, strlen(peers[i]->text), &err),
			     &err);
		must_succeed(peer_selector_parse(doc, doc_root(doc), &again, &err), &err);
		must(streq(again.text, peers[i]->text) && streq(again.set, peers[i]->set));
		peer_selector_done(&again);
	}
}

static void check_advice(const struct profile *profile, const struct doc *doc)
{
	_cleanup_advices_ struct advices advices = { 0 };
	struct err err = { 0 };

	must_succeed(advice_find(profile, doc, NULL, NULL, 0, &advices, &err), &err);
	for (size_t i = 0; i < advices.n; i++)
		must(starts_with(advices.v[i].text, "web.json:"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece rest = { (const char *)data, size };
	struct piece text = next_piece(&rest);
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	int r = doc_parse(&doc, "web.json", text.text, text.len, &err);

	if (r == 0)
		r = profile_parse(doc, fetch, &rest, &profile, &err);
	if (r < 0) {
		must_tell(r, &err);
		must(!profile);
		return 0;
	}
	check(profile);
	check_peers(profile);
	check_advice(profile, doc);
	return 0;
}
