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

/* How an engine reads drop-ins, and where coaming stands in them. */
struct confs_way {
	const char *name;            /* of the engine, on the command line */
	const char *const *files;    /* single files, ended by NULL; what is not there is none */
	const char *dir;             /* of drop-ins, in the order of their names */
	const char *suffix;          /* that those have */
	const char *const *own_keys; /* coaming's runtime; ended by NULL */
	const char *const *default_keys; /* which runtime is the default; ended by NULL */
	const char *packaged;            /* path of a drop-in that is linked to by hand, or NULL */
	const char *packaged_note;
	/* What does a file say of coaming? */
	void (*look_at)(const struct toml *toml, struct setup_way *ret);
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
 * own    full path of our own file
 * naming_us  only those in which the word "coaming" is: the others need not be right
 */
int confs_read(const struct setup *setup, const struct confs_way *engine, const char *own,
	       bool naming_us, struct confs *ret, struct err *err);

/*
 * What stands in [table] key, of the last file before ours that has it; NULL where none has.
 *
 * keys  ended by NULL
 */
const struct toml_node *confs_get(const struct confs *confs, const char *const keys[],
				  const struct toml **ret_toml);

/* podman 5: {append=true} within a list adds it to the one before. */
bool confs_appends(const struct toml_node *array);

/* An error where a file after ours has the key: it would win. */
int confs_check_after(const struct confs *confs, const char *const keys[], struct err *err);

/* The `look` of an engine with drop-ins. */
int confs_look(const struct confs_way *engine, const struct setup_text *text, struct setup_way *ret,
	       struct err *err);

/* How its `add` begins: our file is our own, the others are read, and none goes before ours. */
int confs_begin(const struct setup *setup, const struct confs_way *engine,
		const struct setup_text *text, const struct setup_way *way, struct confs *ret,
		struct err *err);

/* Its `find_elsewhere`. */
int confs_find_elsewhere(struct setup *setup, const struct confs_way *engine, const char *own,
			 size_t *ret, struct err *err);

/* The first line of a drop-in, by which it is known again; `name` of the engine. */
void confs_put_mark(struct buf *out, const char *name);

#endif
