/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firewall: the table in the kernel against what was sent.
 *
 * The quick way is the digest that was taken when the rules were put in place. Without one, or
 * where it differs (another version of nftables may have written the same rules in another way),
 * the same text is put in place once more, in a namespace that is nobody's, and the two tables are
 * compared thing by thing: exact for every version of nftables and of the kernel.
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <time.h>

#include "hooks/firewall.h"
#include "hooks/firewall_image.h"
#include "hooks/netns.h"
#include "hooks/peers_sync.h"

/* What the kernel makes of the text. */
static int make_reference(const struct proof_wanted *wanted, char **ret, struct err *err)
{
	_cleanup_close_ int netns = -1;
	int r;

	r = netns_make(&netns, err);
	if (r == 0)
		r = firewall_apply(netns, wanted->table, wanted->ruleset, err);
	if (r == 0)
		r = firewall_image(netns, wanted->table, ret, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		r = err_system(err, ENOENT, "the table was not there after it was made");
	return r;
}

static int compare_with_text(const struct proof_look *look, const char *lines,
			     struct proof_finding *ret, struct err *err)
{
	_cleanup_free_ char *reference = NULL;
	char name[IMAGE_NAME_MAX], is[IMAGE_NAME_MAX + 32];
	struct err why = { 0 };
	int r;

	r = make_reference(look->wanted, &reference, &why);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return finding_set(ret, PROOF_NOT_POSSIBLE, "the profiles' rules", why.text, err);
	if (!firewall_image_differs(reference, lines, name))
		return finding_set(ret, PROOF_MATCH, "the profiles' rules", "the same rules", err);
	(void)snprintf(is, sizeof(is), "%s is not so", name);
	return finding_set(ret, PROOF_MISMATCH, "the profiles' rules", is, err);
}

/* ---- the sets of peers ---- */

/* Twice, with a pause, where the first look finds something: what starts just now is not wrong. */
static int compare_peers(const struct proof_wanted *wanted, struct buf *wrong, struct err *why)
{
	const struct timespec pause = { .tv_nsec = PEERS_PATIENCE_MSEC * 1000000L };
	int r = 0;

	for (unsigned look = 0; look < 2; look++) {
		_cleanup_peers_ struct peers peers = { 0 };
		struct err damaged = { 0 };
		size_t n = 0;

		wrong->len = 0;
		r = peers_read(wanted->state_dir, &peers, &damaged, why);
		if (r == 0 && !peers_find(&peers, wanted->id))
			r = err_system(why, ENOENT, "it is not registered: run coaming reconcile");
		if (r == 0)
			r = peers_compare(wanted->state_dir, &peers, wanted->id, false, wrong, &n,
					  why);
		if (r < 0 || n == 0)
			break;
		if (look == 0)
			(void)nanosleep(&pause, NULL);
	}
	return r;
}

static bool has_peer_sets(const char *ruleset)
{
	return strstr(ruleset, "\tset peer-") || strstr(ruleset, "\tset apart-");
}

/* The rules are as they should be: are those whom they let in? */
static int add_peers(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	_cleanup_buf_ struct buf wrong = { 0 };
	struct err why = { 0 };
	int r;

	if (!look->wanted->state_dir || ret->state != PROOF_MATCH ||
	    !has_peer_sets(look->wanted->ruleset))
		return 0;
	r = compare_peers(look->wanted, &wrong, &why);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return finding_set(ret, PROOF_NOT_POSSIBLE, "the profiles' rules",
				   why.class == ERR_NONE ? "its pin is not there" : why.text, err);
	if (wrong.len == 0)
		return 0;
	for (char *end = strchr(wrong.data, '\n'); end; end = strchr(end, '\n'))
		*end = end[1] ? ';' : '\0';
	return finding_set(ret, PROOF_MISMATCH, "the peers that the registry has", wrong.data, err);
}

static int compare(const struct proof_look *look, const char *lines, struct proof_finding *ret,
		   struct err *err)
{
	finding_digest(ret, lines, strlen(lines));
	if (look->wanted->firewall_digest && streq(look->wanted->firewall_digest, ret->digest))
		return finding_set(ret, PROOF_MATCH, "the profiles' rules",
				   "the same as when they were put in place", err);
	return compare_with_text(look, lines, ret, err);
}

int proof_network(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	_cleanup_free_ char *lines = NULL;
	_cleanup_close_ int netns = -1;
	struct err why = { 0 };
	bool host = true;
	int r;

	if (!look->wanted->table || !look->wanted->ruleset)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	r = netns_open_of_pid(look->process->pid, look->process->pidfd, &netns, err);
	if (r == 0)
		r = netns_is_host(netns, &host, err);
	if (r < 0)
		return r;
	if (host)
		return finding_set(ret, PROOF_MISMATCH, "the profiles' rules",
				   "it is in the host's network", err);
	r = firewall_image(netns, look->wanted->table, &lines, &why);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r == -ENOENT && why.class == ERR_NONE)
		return finding_set(ret, PROOF_MISMATCH, "the profiles' rules",
				   "the table is not there", err);
	if (r < 0)
		return finding_set(ret, PROOF_NOT_POSSIBLE, "the profiles' rules", why.text, err);
	r = compare(look, lines, ret, err);
	return r < 0 ? r : add_peers(look, ret, err);
}
