/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities: set intersection in each of the five sets, and noNewPrivileges, without which a
 * file's capabilities or set-uid bit would give back what is taken.
 *
 * Source: capabilities(7); prctl(2), PR_SET_NO_NEW_PRIVS
 */
#include <linux/capability.h>

#include "profiles/caps.h"
#include "profiles/policy_internal.h"

/* Each undoes a read-only root or what stands around it: by remounting, by tracing another
 * process, by modules, raw memory, devices, file handles or programs in the kernel. */
static const uint64_t undo_read_only = CAP_MASK(CAP_SYS_ADMIN) | CAP_MASK(CAP_SYS_PTRACE) |
				       CAP_MASK(CAP_SYS_MODULE) | CAP_MASK(CAP_DAC_READ_SEARCH) |
				       CAP_MASK(CAP_SYS_RAWIO) | CAP_MASK(CAP_BPF) |
				       CAP_MASK(CAP_PERFMON) | CAP_MASK(CAP_MKNOD);

/* The one flushes the rules, the other sends packets past them. */
static const uint64_t undo_firewall = CAP_MASK(CAP_NET_ADMIN) | CAP_MASK(CAP_NET_RAW);

uint64_t profile_keeps(const struct profile *profile)
{
	uint64_t allowed = CAPS_ALL;

	if (profile->capabilities.present)
		allowed &= profile->capabilities.allowed;
	if (profile->rootfs.present && profile->rootfs.read_only)
		allowed &= ~undo_read_only;
	if (profile_filters_network(profile))
		allowed &= ~undo_firewall;
	return allowed;
}

bool profile_confines_privileges(const struct profile *profile)
{
	return profile->capabilities.present || profile->seccomp.present ||
	       (profile->rootfs.present && profile->rootfs.read_only) ||
	       profile_filters_network(profile);
}

static void add_names(struct buf *text, uint64_t caps)
{
	bool any = false;

	for (int i = 0; cap_name(i); i++) {
		if (!(caps & CAP_MASK(i)))
			continue;
		buf_addf(text, "%s%s", any ? ", " : "", cap_name(i));
		any = true;
	}
}

/* The sets in which any of these stood. */
static void add_sets(struct buf *text, const struct request *request, uint64_t caps)
{
	bool any = false;

	for (size_t i = 0; i < CAP_SETS_; i++) {
		if (!(request->caps[i] & caps))
			continue;
		buf_addf(text, "%s%s", any ? ", " : "", cap_set_name((enum cap_set)i));
		any = true;
	}
}

/* Capabilities are told together where the same profiles demand them: one line a group. */
static int tell(const struct pass *pass, uint64_t taken, struct err *err)
{
	while (taken) {
		int lowest = __builtin_ctzll(taken);
		uint64_t group = 0;
		struct demand demand = { 0 };
		_cleanup_buf_ struct buf text = { 0 };
		int r;

		for (size_t i = 0; i < pass->n; i++) {
			if (!(profile_keeps(pass->profiles[i]) & CAP_MASK(lowest)))
				demand_add(&demand, i);
		}
		for (int cap = lowest; cap_name(cap); cap++) {
			bool same = taken & CAP_MASK(cap);

			for (size_t i = 0; i < pass->n && same; i++)
				same = !(profile_keeps(pass->profiles[i]) & CAP_MASK(cap)) ==
				       demand.by[i];
			if (same)
				group |= CAP_MASK(cap);
		}
		buf_adds(&text, "takes ");
		add_names(&text, group);
		buf_adds(&text, " from ");
		add_sets(&text, pass->request, group);
		if (buf_status(&text) < 0)
			return err_oom(err);
		r = change_add(pass, SECTION_CAPABILITIES, &demand, text.data, err);
		if (r < 0)
			return r;
		taken &= ~group;
	}
	return 0;
}

static int write_set(const struct pass *pass, enum cap_set set, uint64_t caps, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);

	emit_array(&e);
	for (int i = 0; cap_name(i); i++) {
		if (caps & CAP_MASK(i))
			emit_string(&e, cap_name(i));
	}
	emit_array_end(&e);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return edit_member(pass->edit, pass->request->capabilities, cap_set_name(set), text.data,
			   err);
}

/* Without "capabilities" both runtimes give an empty set of each kind: nothing to take. */
static int meet_sets(const struct pass *pass, struct err *err)
{
	const struct request *request = pass->request;
	uint64_t allowed = CAPS_ALL, taken = 0, kept[CAP_SETS_];
	int r = 0;

	for (size_t i = 0; i < pass->n; i++)
		allowed &= profile_keeps(pass->profiles[i]);
	for (size_t i = 0; i < CAP_SETS_; i++)
		kept[i] = request->caps[i] & allowed;
	for (size_t i = 0; r == 0 && i < CAP_SETS_; i++) {
		taken |= request->caps[i] & ~kept[i];
		if (kept[i] != request->caps[i])
			r = write_set(pass, (enum cap_set)i, kept[i], err);
	}
	return r < 0 ? r : tell(pass, taken, err);
}

static int set_no_new_privileges(const struct pass *pass, struct err *err)
{
	struct demand demand = { 0 };
	int r;

	if (pass->request->no_new_privileges)
		return 0;
	for (size_t i = 0; i < pass->n; i++) {
		if (profile_confines_privileges(pass->profiles[i]))
			demand_add(&demand, i);
	}
	if (!demand.any)
		return 0;
	r = edit_member(pass->edit, pass->request->process, "noNewPrivileges", "true", err);
	return r < 0 ? r
		     : change_add(pass, SECTION_CAPABILITIES, &demand,
				  "sets noNewPrivileges: no program gains privileges by its "
				  "set-uid bit or file capabilities",
				  err);
}

int policy_capabilities(const struct pass *pass, struct err *err)
{
	int r;

	if (!pass->request->process)
		return 0;
	r = meet_sets(pass, err);
	return r < 0 ? r : set_no_new_privileges(pass, err);
}
