/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coaming keeps of the containers that run, and what root has opened for a while.
 *
 * MUST NOT clean up: `coaming gc` does.
 */
#include "cli/doctor.h"

#include <errno.h>

#include "hooks/break_glass.h"
#include "hooks/live.h"
#include "hooks/process.h"
#include "lib/strv.h"

static const struct advice not_here = {
	.why = "what runs is known on the running host alone",
	.remedy = "run coaming doctor there",
};

/* ---- break-glass ---- */

static const struct advice is_open = {
	.why = "what it covers starts in audit mode: nothing is taken from it, and none of its "
	       "controls is met",
	.remedy = "coaming break-glass --end as soon as it can be, then restart what was started "
		  "under it (coaming ps --filter mode=break-glass)",
};
static const struct advice is_harmed = {
	.why = "it counts for nothing, and every start says so; somebody may have altered it",
	.remedy = "remove the file, and open it anew if it is still wanted",
};
static const struct advice is_over = {
	.why = "its end is recorded when something of coaming comes across it",
	.remedy = "run coaming gc, and see whether coaming-gc.timer does",
};

static int check_break_glass(struct doctor *d, struct err *err)
{
	_cleanup_break_glass_ struct break_glass glass = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	enum break_glass_state state = BREAK_GLASS_NONE;
	struct err cause = { 0 };
	int r = break_glass_read(d->host, &glass, &state, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_WARNING, "break-glass", &is_harmed, err, "%s",
				  cause.text);
	if (state == BREAK_GLASS_NONE)
		return doctor_add(d, FINDING_OK, "break-glass", NULL, err, "none is open");
	break_glass_describe(&glass, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	if (state == BREAK_GLASS_OVER)
		return doctor_add(d, FINDING_NOTE, "break-glass", &is_over, err,
				  "one is over and its end is not recorded yet: %s", text.data);
	return doctor_add(d, FINDING_WARNING, "break-glass", &is_open, err, "one is open: %s",
			  text.data);
}

/* ---- the containers ---- */

static const struct advice stale = {
	.why = "their runtime never said that they ended: their end is not recorded, and their "
	       "network namespaces are kept",
	.remedy = "run coaming gc, and systemctl enable --now coaming-gc.timer",
};
static const struct advice damaged = {
	.why = "its container is in no list, and its end will not be recorded",
	.remedy = "look whether others than root can write there; remove the file when its "
		  "container has ended",
};
static const struct advice under_glass = {
	.why = "they go on without what their profiles would take",
	.remedy = "restart them: coaming ps --filter mode=break-glass",
};

static bool has_gone(const struct live *live)
{
	struct err ignored = { 0 };
	uint64_t now;

	return live->state == LIVE_CREATED &&
	       (process_start_time(live->pid, &now, &ignored) < 0 || now != live->start_time);
}

static int count(const struct doctor *d, char *const *ids, size_t n, size_t *ret_gone,
		 size_t *ret_glass, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_live_ struct live live = { 0 };
		struct err ignored = { 0 };
		int r = live_read(d->host->state_dir, ids[i], &live, &ignored);

		if (r == -ENOMEM)
			return err_oom(err);
		if (r < 0)
			continue; /* it has ended meanwhile */
		*ret_gone += has_gone(&live);
		*ret_glass += live.break_glass && live.state == LIVE_CREATED && !has_gone(&live);
	}
	return 0;
}

static int check_containers(struct doctor *d, struct err *err)
{
	struct err cause = { 0 }, broken = { 0 };
	size_t n = 0, gone = 0, glass = 0;
	char **ids = NULL;
	int r = live_list(d->host->state_dir, &ids, &n, &broken, &cause);

	if (r < 0 && r != -ENOMEM)
		return doctor_add_unread(d, "state-containers", &cause, err);
	r = r < 0 ? err_oom(err) : count(d, ids, n, &gone, &glass, err);
	strv_free(&ids, &n);
	if (r == 0 && broken.class != ERR_NONE)
		r = doctor_add(d, FINDING_WARNING, "state-damaged", &damaged, err, "%s",
			       broken.text);
	if (r == 0 && gone > 0)
		r = doctor_add(d, FINDING_WARNING, "state-stale", &stale, err,
			       "%zu containers are gone without having said so", gone);
	if (r == 0 && glass > 0)
		r = doctor_add(d, FINDING_WARNING, "state-break-glass", &under_glass, err,
			       "%zu containers that run were started under break-glass", glass);
	if (r == 0 && broken.class == ERR_NONE && gone == 0)
		r = doctor_add(d, FINDING_OK, "state-stale", NULL, err,
			       "everything in %s is of a container that runs, or is being made",
			       Q(d->host->state_dir));
	return r;
}

int doctor_state(struct doctor *d, struct err *err)
{
	int r;

	if (*d->root)
		return doctor_add(d, FINDING_NOTE, "state-containers", &not_here, err,
				  "what runs on that host is not looked at");
	r = check_break_glass(d, err);
	return r < 0 ? r : check_containers(d, err);
}
