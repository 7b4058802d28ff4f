/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle's config.json: read once, replaced whole.
 */
#ifndef COAMING_HOOKS_BUNDLE_H
#define COAMING_HOOKS_BUNDLE_H

#include <sys/stat.h>
#include "lib/doc.h"

struct bundle {
	char *path;        /* absolute, as errors and records call it */
	int dirfd;         /* the directory that holds the config; -1 while not open */
	char *config_name; /* "config.json", or what crun's --config named */
	struct stat st;    /* of the config as it was read */
	struct doc *config;
};

#define BUNDLE(b) struct bundle b = { .dirfd = -1 }

/*
 * Open a bundle and parse its config. Neither a symbolic link nor anything but a regular file is
 * read.
 *
 * path         directory, absolute or relative to the working directory
 * config_name  "config.json", or another file of the bundle; no slash
 * Errors       -ENOENT, -ELOOP, -EBADMSG and those of file_read(), with the path named
 */
int bundle_open(const char *path, const char *config_name, struct bundle *ret, struct err *err);

/* Replace the config: same directory, same owner and mode, renamed into place. */
int bundle_write(const struct bundle *bundle, const char *text, size_t len, struct err *err);

void bundle_done(struct bundle *bundle);
#define _cleanup_bundle_ _cleanup_(bundle_done)

#endif
