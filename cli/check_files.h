/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one `coaming check`: found, read and parsed.
 */
#ifndef COAMING_CLI_CHECK_FILES_H
#define COAMING_CLI_CHECK_FILES_H

#include "cli/faults.h"
#include "profiles/host.h"

struct checked_file {
	char *path, *dir;        /* the profile's own directory, for its seccomp file */
	bool is_host, is_linked; /* linked: found in a directory, what it names must be there */
	bool trusted;            /* installed: root's alone */
	char *text;              /* NULL: it could not be read, see err */
	size_t len;
	struct doc *doc;         /* NULL: no JSON */
	struct profile *profile; /* both NULL: not right */
	struct host *host;
	struct err err; /* the first fault */
};

struct checked_files {
	struct checked_file *v;
	size_t n;
	char **dirs; /* those that were read */
	size_t n_dirs;
};

/* A file by its path; a host configuration where it is called coaming.json, too. Not read yet. */
int checked_files_add(struct checked_files *files, const char *path, bool is_host, bool trusted,
		      struct err *err);
/* All files of a directory whose name ends in .json, sorted. */
int checked_files_add_dir(struct checked_files *files, const char *dir, bool trusted,
			  struct err *err);
void checked_files_done(struct checked_files *files);
#define _cleanup_checked_files_ _cleanup_(checked_files_done)

/*
 * The host configuration that the profiles are for: one of the files, else this machine's where
 * it has one.
 *
 * host  of this machine, or NULL
 */
const struct host *checked_files_host(const struct checked_files *files, const struct host *host);

/* Read and parse; what is not right is in file->err. */
void checked_file_load(struct checked_file *file);
bool checked_file_is_right(const struct checked_file *file);
/* All its faults, see faults_find(); one that is right has none. -ENOMEM */
int checked_file_faults(struct checked_file *file, faults_report_fn *report, void *arg,
			struct err *err);

#endif
