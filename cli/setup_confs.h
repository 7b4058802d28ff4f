/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an engine reads beside the drop-in of coaming: what they say is kept, and what
 * goes before it is found.
 */
#ifndef COAMING_CLI_SETUP_CONFS_H
#define COAMING_CLI_SETUP_CONFS_H

#include "cli/setup.h"
#include "lib/toml.h"

struct conf {
	char *path;
	struct toml *toml;
	bool after; /* the engine reads it after ours: what it says wins */
};

struct confs {
	struct conf *v; /* in the order in which the engine reads them, without our own */
	size_t n;
};

void confs_done(struct confs *confs);
#define _cleanup_confs_ _cleanup_(confs_done)

/*
 * Read them; one that is no TOML is an error, since the engine does not start with it either.
 *
 * files  single files, ended by NULL; one that is not there is none
 * dir    of drop-ins, in the order of their names; those that end in `suffix`
 * own    full path of our own file
 * naming_us  only those in which the word "coaming" is: the others need not be right
 */
int confs_read(const struct setup *setup, const char *const files[], const char *dir,
	       const char *suffix, const char *own, bool naming_us, struct confs *ret,
	       struct err *err);

/*
 * What stands in [table] key, of the last file before ours that has it; NULL where none has.
 *
 * keys  ended by NULL
 */
const struct toml_node *confs_get(const struct confs *confs, const char *const keys[],
				  const struct toml **ret_toml);

/* An error where a file after ours has the key: it would win. */
int confs_check_after(const struct confs *confs, const char *const keys[], struct err *err);

/* The first line of a drop-in, by which it is known again; `name` of the engine. */
void confs_put_mark(struct buf *out, const char *name);
/* -EEXIST where there is a file that does not begin with it. */
int confs_check_mark(const struct setup_text *text, const char *name, struct err *err);

#endif
