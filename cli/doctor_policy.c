/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy as it is installed: whose it is, whether it can be read, and what it leaves open.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <limits.h>

#include "cli/below.h"
#include "cli/check_files.h"
#include "lib/file.h"
#include "profiles/match_index.h"

/* Of profiles that are not right so many are told: all of them coaming check tells. */
#define BROKEN_MAX 20

static const struct advice untrusted = {
	.why = "whoever can write there is the policy: no profile is read from it, and in enforce "
	       "mode no container starts",
	.remedy = "chown root and chmod go-w it and the directories above it",
};
static const struct advice broken = {
	.why = "a container that it applies to is refused in enforce mode",
	.remedy = "coaming check says all that is wrong with it",
};
static const struct advice no_profiles = {
	.why = "nothing is confined",
	.remedy = "install coaming's own, or see profileDirs in coaming.json(5)",
};
static const struct advice audits = {
	.why = "profiles are recorded and not enforced",
	.remedy = "set \"mode\" to enforce in coaming.json when the records show what is to come",
};
static const struct advice default_audits = {
	.why = "a container that no profile is chosen for is recorded and not confined",
	.remedy = "name a defaultProfile in coaming.json without \"mode\": \"audit\"",
};
static const struct advice no_floor = {
	.why = "a label that fits nothing leaves a container without any profile",
	.remedy = "name a floor or a defaultProfile in coaming.json",
};

static int check_directory(struct doctor *d, const char *path, size_t *n_dirs,
			   struct checked_files *files, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char whole[PATH_MAX];
	struct err cause = { 0 };
	int r;

	if (!below_exists(d->root_fd, path))
		return 0;
	(void)snprintf(whole, sizeof(whole), "%s%s", d->root, path);
	r = dir_open_trusted(whole, &fd, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_ERROR, "policy-directory", &untrusted, err, "%s",
				  cause.text);
	(*n_dirs)++;
	return checked_files_add_dir(files, whole, true, err);
}

static int check_profiles(struct doctor *d, struct checked_files *files, struct err *err)
{
	size_t bad = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->n; i++) {
		struct checked_file *file = &files->v[i];

		checked_file_load(file);
		if (checked_file_is_right(file) || bad++ >= BROKEN_MAX)
			continue;
		r = doctor_add(d, FINDING_ERROR, "policy-profile", &broken, err, "%s",
			       file->err.text);
	}
	if (r == 0 && files->n == 0)
		r = doctor_add(d, FINDING_ERROR, "policy-profile", &no_profiles, err,
			       "no profile is installed");
	else if (r == 0 && bad == 0)
		r = doctor_add(d, FINDING_OK, "policy-profile", NULL, err, "%zu profiles are right",
			       files->n);
	return r;
}

/* ---- the index ---- */

static const struct advice late = {
	.why = "containers that started since may have been chosen by its old \"match\"",
	.remedy = "run coaming reload, and systemctl enable --now coaming-profiles.path; replace "
		  "files instead of writing into them",
};
static const struct advice no_index = {
	.why = "the next start reads every profile, once",
	.remedy = "run coaming reload",
};
static const struct advice bad_index = {
	.why = "it counts for nothing, and each start makes it anew if it can",
	.remedy = "look whether others than root can write there; run coaming reload",
};

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		closep(&fds[i]);
}

/* The profile that an edit in place was seen of, NULL: none. */
static int read_index(const struct host *host, int *fds, bool *ret_changed, char *ret_late,
		      size_t size)
{
	_cleanup_(match_index_free) struct match_index *index = NULL;
	_cleanup_close_ int state_fd = -1;
	struct match_stamp stamp;
	const char *name = NULL;
	struct err ignored = { 0 };
	int r = match_stamp_start(&stamp, &ignored);

	for (size_t i = 0; r == 0 && i < host->n_profile_dirs; i++) {
		if (dir_open_trusted(host->profile_dirs[i], &fds[i], &ignored) < 0)
			fds[i] = -1;
		r = match_stamp_directory(&stamp, host->profile_dirs[i], fds[i], &ignored);
	}
	if (r == 0)
		r = dir_open_trusted(host->state_dir, &state_fd, &ignored);
	if (r == 0)
		r = match_index_read(state_fd, &stamp, &index);
	if (r < 0)
		return r;
	*ret_changed = !match_index_files_unchanged(index, fds, host->n_profile_dirs, true, &name);
	(void)snprintf(ret_late, size, "%s", name ? name : "");
	return 0;
}

static int check_index(struct doctor *d, struct err *err)
{
	size_t n = d->host->n_profile_dirs;
	_cleanup_free_ int *fds = calloc(n + 1, sizeof(*fds));
	char name[PROFILE_NAME_MAX + 1] = "";
	bool changed = false;
	int r;

	if (!fds)
		return err_oom(err);
	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	r = read_index(d->host, fds, &changed, name, sizeof(name));
	close_all(fds, n);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r == -ENOENT || r == -ESTALE)
		return doctor_add(d, FINDING_NOTE, "policy-index", &no_index, err,
				  "the index of the profiles is %s",
				  r == -ENOENT ? "not there yet" : "of other profiles");
	if (r < 0)
		return doctor_add(d, FINDING_WARNING, "policy-index", &bad_index, err,
				  "the index of the profiles cannot be used: %s", strerror(-r));
	if (changed)
		return doctor_add(d, FINDING_WARNING, "policy-index", &late, err,
				  "profile %s was edited in place, and the index does not know it",
				  name);
	return doctor_add(d, FINDING_OK, "policy-index", NULL, err,
			  "the index of the profiles is of these profiles");
}

/* What the host's configuration leaves open by its own word. */
static int check_modes(struct doctor *d, struct err *err)
{
	const struct host *h = d->host;

	if (h->mode == MODE_AUDIT)
		return doctor_add(d, FINDING_WARNING, "policy-mode", &audits, err,
				  "the whole host is in audit mode");
	if (h->n_floor == 0 && !h->default_profile)
		return doctor_add(d, FINDING_WARNING, "policy-mode", &no_floor, err,
				  "there is neither a floor nor a default profile");
	if (h->n_floor == 0 && h->default_audits)
		return doctor_add(
			d, FINDING_NOTE, "policy-mode", &default_audits, err,
			"the default profile, %s, is in audit mode, and there is no floor",
			h->default_profile);
	return doctor_add(d, FINDING_OK, "policy-mode", NULL, err, "profiles are enforced");
}

int doctor_policy(struct doctor *d, struct err *err)
{
	_cleanup_checked_files_ struct checked_files files = { 0 };
	size_t n_dirs = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->host->n_profile_dirs; i++)
		r = check_directory(d, d->host->profile_dirs[i], &n_dirs, &files, err);
	if (r == 0 && n_dirs > 0)
		r = doctor_add(d, FINDING_OK, "policy-directory", NULL, err,
			       "%zu profile directories are root's alone", n_dirs);
	if (r == 0)
		r = check_profiles(d, &files, err);
	if (r == 0 && !*d->root)
		r = check_index(d, err);
	return r < 0 ? r : check_modes(d, err);
}
