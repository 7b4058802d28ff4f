/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/status: capabilities and no_new_privs.
 *
 * The name in its first line is the process's own, but the kernel writes a line end in it as "\n":
 * no line can be forged. The lines are looked up by their names, since every kernel adds some.
 *
 * Source: proc_pid_status(5), capabilities(7)
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <linux/capability.h>

#include "profiles/caps.h"

/* NGROUPS_MAX of the kernel. */
#define GROUPS_MAX 65536

static const char *const cap_lines[] = {
	[SET_BOUNDING] = "CapBnd:",  [SET_EFFECTIVE] = "CapEff:", [SET_INHERITABLE] = "CapInh:",
	[SET_PERMITTED] = "CapPrm:", [SET_AMBIENT] = "CapAmb:",
};
static_assert(ARRAY_SIZE(cap_lines) == CAP_SETS_, "a line a set");

/* ---- parsing ---- */

/* What stands behind a line's name; NULL where there is no such line. */
static const char *line_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0)
			return line + len;
	}
	return NULL;
}

static int lacks(const char *name, struct err *err)
{
	return err_system(err, EBADMSG,
			  "the kernel's status of the process has no good line \"%s\"", name);
}

/* One number up to the end of the line, blanks before it. */
static int read_number(const char *text, const char *name, int base, uint64_t *ret, struct err *err)
{
	const char *line = line_of(text, name);
	char *end;

	if (!line)
		return lacks(name, err);
	line += strspn(line, " \t");
	errno = 0;
	*ret = strtoull(line, &end, base);
	if (end == line || errno != 0 || *line == '-' || *end != '\n')
		return lacks(name, err);
	return 0;
}

/* As many ids as there is room for: how many, or -EBADMSG. */
static int read_ids(const char *text, const char *name, uint32_t *ret, size_t room, struct err *err)
{
	const char *line = line_of(text, name);
	size_t n = 0;

	for (; line; n++) {
		uint64_t id;
		char *end;

		line += strspn(line, " \t");
		if (*line == '\n')
			return (int)n;
		if (*line < '0' || *line > '9' || n == room)
			break;
		id = strtoull(line, &end, 10);
		if (id > UINT32_MAX)
			break;
		ret[n] = (uint32_t)id;
		line = end;
	}
	return lacks(name, err);
}

static size_t count_ids(const char *line)
{
	size_t n = 0;

	for (; *line && *line != '\n'; line++)
		n += line[0] != ' ' && line[0] != '\t' && (line[1] == ' ' || line[1] == '\n');
	return n;
}

static int read_groups(const char *text, struct proof_status *status, struct err *err)
{
	const char *line = line_of(text, "Groups:");
	size_t room = line ? count_ids(line) : 0;
	int r;

	if (room > GROUPS_MAX)
		return lacks("Groups:", err);
	status->groups = calloc(room + 1, sizeof(*status->groups));
	if (!status->groups)
		return err_oom(err);
	r = read_ids(text, "Groups:", status->groups, room, err);
	if (r < 0)
		return r;
	status->n_groups = (size_t)r;
	return 0;
}

static int read_user(const char *text, struct proof_status *status, struct err *err)
{
	int r;

	r = read_ids(text, "Uid:", status->uid, ARRAY_SIZE(status->uid), err);
	if (r >= 0 && (size_t)r < ARRAY_SIZE(status->uid))
		r = lacks("Uid:", err);
	if (r >= 0)
		r = read_ids(text, "Gid:", status->gid, ARRAY_SIZE(status->gid), err);
	if (r >= 0 && (size_t)r < ARRAY_SIZE(status->gid))
		r = lacks("Gid:", err);
	return r < 0 ? r : read_groups(text, status, err);
}

static int read_seccomp(const char *text, struct proof_status *status, struct err *err)
{
	struct err ignored = { 0 };
	uint64_t mode = 0, filters = 0;
	int r;

	r = read_number(text, "Seccomp:", 10, &mode, err);
	if (r < 0)
		return r;
	if (read_number(text, "Seccomp_filters:", 10, &filters, &ignored) < 0)
		filters = 0;
	status->seccomp = (unsigned int)(mode < UINT32_MAX ? mode : UINT32_MAX);
	status->seccomp_filters = (unsigned int)(filters < UINT32_MAX ? filters : UINT32_MAX);
	return 0;
}

void status_done(struct proof_status *status)
{
	free(status->groups);
	*status = (struct proof_status){ 0 };
}

int status_parse(const char *text, struct proof_status *ret, struct err *err)
{
	_cleanup_(status_done) struct proof_status status = { 0 };
	uint64_t flag = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < CAP_SETS_; i++)
		r = read_number(text, cap_lines[i], 16, &status.caps[i], err);
	if (r == 0)
		r = read_number(text, "NoNewPrivs:", 10, &flag, err);
	if (r == 0)
		r = read_seccomp(text, &status, err);
	if (r == 0)
		r = read_user(text, &status, err);
	if (r < 0)
		return r;
	status.no_new_privileges = flag == 1;
	*ret = status;
	status = (struct proof_status){ 0 };
	return 0;
}

/* ---- capabilities ---- */

uint64_t proof_held(const struct request *request)
{
	const uint64_t *caps = request->caps;
	uint64_t held = caps[SET_PERMITTED] | caps[SET_AMBIENT];

	/* Root, a set-uid program or one with capabilities gets what the bounding set has. */
	if (!request->no_new_privileges)
		held |= caps[SET_BOUNDING] | caps[SET_INHERITABLE];
	return held;
}

bool proof_may_have(const struct request *request, int capability)
{
	return (proof_held(request) & CAP_MASK(capability)) != 0;
}

/*
 * The most that each set may hold. At the execve the inheritable and ambient sets are those that
 * the runtime set; later the process may have raised them out of what it has.
 */
static uint64_t most(const struct request *request, enum proof_moment moment, enum cap_set set)
{
	uint64_t held = proof_held(request);

	switch (set) {
	case SET_BOUNDING:
		return request->caps[SET_BOUNDING];
	case SET_INHERITABLE:
	case SET_AMBIENT:
		return request->caps[set] | (moment == PROOF_AT_EXEC ? 0 : held);
	case SET_EFFECTIVE:
	case SET_PERMITTED:
		return held;
	case CAP_SETS_:
		break;
	}
	return 0;
}

static void list_caps(struct buf *out, uint64_t mask)
{
	const char *before = "";

	if (mask == 0)
		buf_adds(out, "none");
	if ((mask & CAPS_ALL) == CAPS_ALL)
		buf_adds(out, "all");
	for (int i = 0; i < 64 && (mask & CAPS_ALL) != CAPS_ALL; i++) {
		if (!(mask & CAP_MASK(i)))
			continue;
		if (cap_name(i))
			buf_addf(out, "%s%s", before, cap_name(i));
		else
			buf_addf(out, "%scapability %d", before, i);
		before = ", ";
	}
}

static void list_sets(struct buf *out, const uint64_t caps[CAP_SETS_])
{
	for (enum cap_set set = 0; set < CAP_SETS_; set++) {
		buf_addf(out, "%s%s: ", set > 0 ? "; " : "", cap_set_name(set));
		list_caps(out, caps[set]);
	}
}

int proof_capabilities(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	_cleanup_buf_ struct buf wanted = { 0 }, is = { 0 };
	const uint64_t *caps = look->status->caps;

	for (enum cap_set set = 0; set < CAP_SETS_; set++) {
		uint64_t allowed = most(look->request, look->wanted->moment, set);

		if ((caps[set] & ~allowed) == 0)
			continue;
		buf_addf(&wanted, "%s%s: ", wanted.len > 0 ? "; " : "", cap_set_name(set));
		list_caps(&wanted, allowed);
		buf_addf(&is, "%s%s: also ", is.len > 0 ? "; " : "", cap_set_name(set));
		list_caps(&is, caps[set] & ~allowed);
	}
	finding_digest(ret, caps, sizeof(look->status->caps));
	if (is.len > 0)
		return finding_set_bufs(ret, PROOF_MISMATCH, &wanted, &is, err);
	list_sets(&wanted, look->request->caps);
	list_sets(&is, caps);
	return finding_set_bufs(ret, PROOF_MATCH, &wanted, &is, err);
}

int proof_no_new_privileges(const struct proof_look *look, struct proof_finding *ret,
			    struct err *err)
{
	bool set = look->status->no_new_privileges;
	const char *is = set ? "set" : "not set";

	finding_digest(ret, &set, sizeof(set));
	if (!look->request->no_new_privileges)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", is, err);
	return finding_set(ret, set ? PROOF_MATCH : PROOF_MISMATCH, "set", is, err);
}
