/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is coaming in the path of each engine's containers: what the engine's own files say. One file a
 * kind of configuration; doctor_engines.c has the table and judges.
 */
#ifndef COAMING_CLI_DOCTOR_ENGINES_H
#define COAMING_CLI_DOCTOR_ENGINES_H

#include <limits.h>

#include "cli/doctor.h"
#include "cli/doctor_daemon.h"

/* The stages of coaming-hook, as bits. */
enum {
	HOOKED_PRECREATE = 1 << 0,
	HOOKED_CREATE_RUNTIME = 1 << 1,
	HOOKED_POSTSTART = 1 << 2,
	HOOKED_POSTSTOP = 1 << 3,
};

/* The ways from an engine into coaming. */
struct doors {
	const struct daemon *daemon; /* given: the one that runs, with pid 0 where none does */
	bool is_default;             /* every container goes through coaming-runtime */
	bool is_registered;          /* those that ask for it do */
	char runtime[PATH_MAX]; /* its path, as the engine has it; "": by name, from its PATH */
	unsigned hooked;        /* stages for which a hooks directory has coaming-hook */
};

typedef int doors_fn(struct doctor *doctor, struct doors *ret, struct err *err);
doors_fn doors_podman, doors_containerd, doors_crio; /* doctor_toml.c */

/*
 * Look through one directory of hooks: findings of what is wrong with it, and the stages of
 * coaming's own hooks.
 *
 * shared  others read it, too: a precreate hook must not be in it
 */
int doctor_hooks(struct doctor *doctor, const char *directory, bool shared, unsigned *hooked,
		 struct err *err);

/* Does a path end in "/coaming-runtime", or is it that name? */
bool doors_is_ours(const char *path);

#endif
