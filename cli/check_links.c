/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What profiles and host configurations say of other profiles: are those there?
 */
#include "cli/check_links.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/strv.h"
#include "profiles/select.h"

/* What all the functions of one file share. */
struct links {
	const struct checked_files *files;
	const struct checked_file *file;
	struct host host; /* of which only the directories are looked at */
	struct store *store;
	faults_report_fn *report;
	void *arg;
	struct err *err;
};

static void tell(const struct links *links, const struct err *err)
{
	struct fault fault = { .text = err->text };

	if (links->file->doc)
		(void)fault_place(err->text,
				  doc_shown_name((char[WHERE_MAX]){ 0 }, links->file->doc),
				  &fault.line, &fault.column);
	links->report(links->arg, &fault);
}

static void tell_missing(const struct links *links, const struct node *node, const char *name)
{
	struct err fault = { 0 }, ignored = { 0 };
	char near[SUGGESTION_MAX] = "";
	char **names = NULL;
	size_t n = 0;

	if (store_names(links->store, &names, &n, &ignored) == 0)
		(void)suggestion(near, name, (const char *const *)names, n);
	(void)err_input(&fault, ENOENT, "%s: there is no profile %s%s",
			WHERE(links->file->doc, node), Q(name), near);
	strv_free(&names, &n);
	tell(links, &fault);
}

/* Is it one of the files that are checked? Then what is wrong in it is told there. */
static bool is_checked(const struct links *links, const char *name)
{
	for (size_t i = 0; i < links->files->n; i++) {
		const struct checked_file *file = &links->files->v[i];
		const char *stem = file->path + strlen(file->dir) + 1;
		size_t len = strlen(name);

		if (file->is_linked && strncmp(stem, name, len) == 0 && streq(stem + len, ".json"))
			return true;
	}
	return false;
}

/* *ret is NULL where it is not there or not right. Only what the system fails in is an error. */
static int look_up(const struct links *links, const struct node *node, const char *name,
		   const struct profile **ret)
{
	struct err fault = { 0 };
	int r;

	*ret = NULL;
	r = store_get(links->store, name, ret, &fault);
	if (r == 0)
		return 0;
	*ret = NULL;
	if (r == -ENOENT && fault.class == ERR_NONE) {
		tell_missing(links, node, name);
		return 0;
	}
	if (fault.class == ERR_SYSTEM && r == -ENOMEM)
		return err_oom(links->err);
	if (is_checked(links, name))
		return 0;
	err_context(&fault, "%s", WHERE(links->file->doc, node));
	tell(links, &fault);
	return 0;
}

/* ---- extends ---- */

static int check_one_extended(const struct links *links, size_t i, const struct node *node)
{
	struct profile alone = *links->file->profile;
	const struct profile *extended;
	struct selection selection = { 0 };
	struct err fault = { 0 };
	int r;

	r = look_up(links, node, alone.extends[i], &extended);
	if (r < 0 || !extended)
		return r;
	alone.extends += i;
	alone.n_extends = 1;
	r = select_extended(&links->host, links->store, &alone, &selection, &fault);
	selection_done(&selection);
	if (r == -ENOMEM)
		return err_oom(links->err);
	if (r == -ELOOP || (r < 0 && !is_checked(links, extended->name))) {
		err_context(&fault, "%s", WHERE(links->file->doc, node));
		tell(links, &fault);
	}
	return 0;
}

static int check_extends(const struct links *links)
{
	const struct node *list = node_get(doc_root(links->file->doc), "extends");
	size_t i = 0;
	int r = 0;

	node_foreach (node, list) {
		if (r == 0)
			r = check_one_extended(links, i++, node);
	}
	return r;
}

/* ---- the host configuration ---- */

static int check_host_names(const struct links *links)
{
	const struct node *root = doc_root(links->file->doc);
	const struct node *node = node_get(root, "defaultProfile");
	const struct host *host = links->file->host;
	const struct profile *profile;
	const struct node *floor = node_get(root, "floor");
	size_t i = 0;
	int r = 0;

	node_foreach (item, floor) {
		if (r == 0)
			r = look_up(links, item, host->floor[i++], &profile);
	}
	if (r < 0 || !host->default_profile)
		return r;
	if (node_is(node, NODE_OBJECT))
		node = node_get(node, "name");
	return look_up(links, node ? node : root, host->default_profile, &profile);
}

/* ---- where they are looked for ---- */

/* A directory that is not there holds no profiles. */
static int add_dirs(struct host *host, char *const *dirs, size_t n, struct err *err)
{
	struct stat st;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (stat(dirs[i], &st) == 0)
			r = strv_add(&host->profile_dirs, &host->n_profile_dirs, dirs[i], err);
	}
	return r;
}

static int open_store(struct links *links, const struct checked_files *files,
		      const struct host *host)
{
	const struct host *own = links->file->host ? links->file->host : host;
	int r = 0;

	if (!links->file->trusted)
		r = add_dirs(&links->host, files->dirs, files->n_dirs, links->err);
	if (r == 0 && own)
		r = add_dirs(&links->host, own->profile_dirs, own->n_profile_dirs, links->err);
	if (r < 0)
		return r;
	return links->file->trusted ? store_open(&links->host, &links->store, links->err)
				    : store_open_untrusted(&links->host, &links->store, links->err);
}

int check_links(const struct checked_files *files, const struct checked_file *file,
		const struct host *host, faults_report_fn *report, void *arg, struct err *err)
{
	struct links links = {
		.files = files, .file = file, .report = report, .arg = arg, .err = err
	};
	bool any = file->host || (file->profile && file->profile->n_extends > 0);
	int r;

	if (!any || (files->n_dirs == 0 && !file->trusted))
		return 0;
	r = open_store(&links, files, host);
	if (r == 0)
		r = file->host ? check_host_names(&links) : check_extends(&links);
	store_free(&links.store);
	strv_free(&links.host.profile_dirs, &links.host.n_profile_dirs);
	return r;
}

static int add_names(char *const *names, size_t n, char ***ret, size_t *ret_n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = strv_add(ret, ret_n, names[i], err);
	return r;
}

int check_applied_names(const struct checked_files *files, char ***ret, size_t *ret_n,
			struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->n; i++) {
		const struct profile *profile = files->v[i].profile;
		const struct host *host = files->v[i].host;

		if (profile)
			r = add_names(profile->extends, profile->n_extends, ret, ret_n, err);
		if (r == 0 && host)
			r = add_names(host->floor, host->n_floor, ret, ret_n, err);
		if (r == 0 && host && host->default_profile)
			r = strv_add(ret, ret_n, host->default_profile, err);
	}
	strv_sort_unique(*ret, ret_n);
	return r;
}
