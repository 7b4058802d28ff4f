/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firewall of one container, through coaming-nft. What it counts is read without: see
 * firewall_read.c.
 */
#include "hooks/firewall.h"

#include <errno.h>

#include "hooks/helper.h"
#include "lib/doc.h"

/* 16384 rules listed as JSON, each some 600 bytes. */
#define LISTING_MAX_BYTES ((size_t)16 << 20)

/* One run of coaming-nft; *ret_out (may be NULL) is what it printed. */
static int run(int netns_fd, const char *verb, const char *table, const char *input, char **ret_out,
	       size_t *ret_len, struct err *err)
{
	const struct helper helper = {
		.program = "coaming-nft",
		.args = { verb, table },
		.input = input ? input : "",
		.fd = netns_fd,
		.wait_seconds = FIREWALL_WAIT_SECONDS,
		.out_max_bytes = LISTING_MAX_BYTES,
	};

	return helper_run(&helper, ret_out, ret_len, err);
}

/* One run of the helper, and the listing that it printed. */
static int run_and_parse(int netns_fd, const char *verb, const char *table, const char *input,
			 struct doc **ret, struct err *err)
{
	_cleanup_free_ char *out = NULL;
	size_t len = 0;
	int r;

	r = run(netns_fd, verb, table, input, &out, &len, err);
	return r < 0 ? r : doc_parse(ret, "nft's listing", out, len, err);
}

/* ---- what nft says (libnftables-json(5)) ---- */

static const struct node *listing(const struct doc *doc)
{
	return node_get(doc_root(doc), "nftables");
}

static const char *text_of(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_STRING) ? node->string : "";
}

/* Every base chain that the text names is there, and drops what it does not accept. */
static int check_chain(const struct doc *doc, const char *name, size_t len, struct err *err)
{
	node_foreach (item, listing(doc)) {
		const struct node *chain = node_get(item, "chain");

		if (chain && strlen(text_of(chain, "name")) == len &&
		    strncmp(text_of(chain, "name"), name, len) == 0)
			return streq(text_of(chain, "policy"), "drop")
				       ? 0
				       : err_system(err, EIO, "chain %s does not drop",
						    QN(name, len));
	}
	return err_system(err, EIO, "chain %s is not in the kernel", QN(name, len));
}

static size_t count_rules(const struct doc *doc)
{
	size_t n = 0;

	node_foreach (item, listing(doc))
		n += node_get(item, "rule") != NULL;
	return n;
}

/* The same number of chains and rules as the text has: nobody added, nobody lost one. */
static int check_listing(const struct doc *doc, const char *ruleset, struct err *err)
{
	static const char chain[] = "\tchain ";
	size_t rules = 0;
	int r;

	for (const char *line = ruleset; *line;) {
		const char *end = strchrnul(line, '\n');

		if (starts_with(line, chain)) {
			const char *name = line + strlen(chain);

			r = check_chain(doc, name, strcspn(name, " "), err);
			if (r < 0)
				return r;
		} else if (starts_with(line, "\t\t") &&
			   memmem(line, (size_t)(end - line), "accept", 6)) {
			rules++;
		}
		line = *end ? end + 1 : end;
	}
	/* Those that drop are counted by the chains' own refusal lines. */
	if (count_rules(doc) < rules)
		return err_system(err, EIO, "the kernel holds %zu rules where %zu accept packets",
				  count_rules(doc), rules);
	return 0;
}

int firewall_apply(int netns_fd, const char *table, const char *ruleset, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	r = run_and_parse(netns_fd, "apply", table, ruleset, &doc, err);
	if (r == 0)
		r = check_listing(doc, ruleset, err);
	if (r < 0)
		err_context(err, "firewall");
	return r;
}

int firewall_delete(int netns_fd, const char *table, struct err *err)
{
	return run(netns_fd, "delete", table, NULL, NULL, NULL, err);
}
