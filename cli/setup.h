/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming setup: what the engines have in common, and what each has to tell. One file an engine,
 * setup_NAME.c; setup.c has the table and all that touches files.
 */
#ifndef COAMING_CLI_SETUP_H
#define COAMING_CLI_SETUP_H

#include "lib/buf.h"
#include "lib/doc.h"

#define SETUP_PATH_MAX 1024
/* What coaming is called in the engines' files, and the program's own name. */
#define SETUP_RUNTIME_NAME "coaming"
#define SETUP_PROGRAM_NAME "coaming-runtime"

enum setup_state {
	SETUP_NONE,
	SETUP_REGISTERED, /* containers that ask for it go through coaming */
	SETUP_DEFAULT,    /* all go through it */
};

/* What an engine's file says of coaming, or is to say. */
struct setup_way {
	enum setup_state state;
	bool hooks;                   /* podman: the precreate hook's directory is named */
	char runtime[SETUP_PATH_MAX]; /* the path of coaming-runtime; "" where none is named */
};

struct setup_text {
	const char *path; /* for errors; below `root` where that is set */
	const char *data; /* NULL: there is no such file */
	size_t len;
};

struct setup {
	const char *root;      /* the directory that stands for "/", without a slash at its end */
	const char *real;      /* name of the runtime behind coaming-runtime: "crun" */
	const char *real_path; /* its path */
	struct buf notes;      /* what is to be said of the change, a sentence a line */
};

struct engine {
	const char *name;    /* as it is called on the command line */
	const char *title;   /* as its makers write it */
	const char *program; /* that reads the file */
	const char *file;
	const char *choose; /* how one container goes through a registered runtime */
	const char
		*activate; /* what has the engine read its file again; NULL: it does so by itself */
	const char *deactivate; /* the same after --remove */
	bool whole_file;        /* a drop-in: all of it is coaming's */
	bool remembers;         /* of each container by which runtime's name it was made */

	/* What does the file say of coaming? text->data is not NULL. */
	int (*look)(const struct setup *setup, const struct setup_text *text, struct setup_way *ret,
		    struct err *err);
	/* The text with coaming in it as `way` says. Whatever speaks against it is an error. */
	int (*add)(struct setup *setup, const struct setup_text *text, const struct setup_way *way,
		   struct buf *out, struct err *err);
	/* The text without coaming; what coaming stood in place of comes from `before`. NULL for
	 * drop-ins. */
	int (*take_out)(struct setup *setup, const struct setup_text *text,
			const struct setup_text *before, struct buf *out, struct err *err);
	/* Ask the engine about the new file, which lies at `path` and is not in its place yet; for
	 * drop-ins it is, and what is said is said of the whole. Returns 1: it is right, 0: it
	 * could not be asked, and a note says why. */
	int (*check)(struct setup *setup, const char *program, const char *path,
		     const struct setup_way *way, struct err *err);
	/* Drop-ins: note each other file that sends containers to coaming; how many. */
	int (*find_elsewhere)(struct setup *setup, const char *own, size_t *ret, struct err *err);
};

extern const struct engine engine_podman, engine_docker, engine_containerd, engine_crio;

/* Does a path end in "/coaming-runtime"? */
bool setup_is_ours(const char *path);
/* What a runtime of an engine says of coaming, where its program (may be NULL) is ours; `key` is
 * how the engine calls it, `chosen` its default (may be NULL). */
void setup_see_runtime(struct setup_way *way, const char *key, const char *path,
		       const char *chosen);
/* The program of one of Docker's runtimes: its "path", or what Docker (23.0 and later) hands to a
 * shim that is named; NULL where there is neither. */
const struct node *setup_docker_program(const struct node *runtime);
/* A text as a JSON string, which is also one of TOML; free(). NULL where memory is short. */
char *setup_quoted(const char *text);
/* Say which runtime's place coaming takes, or that it does not. `old` may be NULL. */
void setup_note_default(struct setup *setup, const struct setup_way *way, const char *old);

#endif
