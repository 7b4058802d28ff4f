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

#include "hooks/firewall.h"
#include "hooks/firewall_image.h"
#include "hooks/netns.h"

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
	return compare(look, lines, ret, err);
}
