/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of an application: how one is recognised by what its image and its container say of it,
 * and what such a thing needs. See coaming-model(5).
 *
 * A model widens nothing: it is what `coaming generate` writes profiles from, which people read.
 */
#ifndef COAMING_PROFILES_MODEL_H
#define COAMING_PROFILES_MODEL_H

#include "profiles/profile.h"

#define MODEL_MAX_BYTES ((size_t)256 << 10)

/* Which system calls: a profile of the library has each. */
enum call_class {
	CALLS_PROGRAM, /* all but those that no program of a user needs */
	CALLS_SERVICE, /* those that services make, and no other */
	CALLS_BUILD,   /* compilers, debuggers, package managers */
	CALL_CLASSES_,
};

struct label_pattern {
	char *key;
	char *value; /* with "*" for any run of characters, without regard to case */
};

struct model {
	char *name; /* the file's stem */
	char *description;
	char *function; /* "database": a word as a profile's name is one */
	char *file;
	struct {
		char **images; /* patterns, see image.h */
		size_t n_images;
		char **commands; /* names of programs, the last part of a path; patterns */
		size_t n_commands;
		char **environment; /* names of variables; patterns */
		size_t n_environment;
		struct port *ports; /* that its image exposes */
		size_t n_ports;
		struct label_pattern *labels;
		size_t n_labels;
	} recognise;
	struct port *listens;
	size_t n_listens;
	bool is_public;  /* anybody is served, not only private networks */
	char **talks_to; /* functions */
	size_t n_talks_to;
	bool internet;  /* it reaches port 443 of hosts outside */
	bool read_only; /* its root may be */
	struct writable *writable;
	size_t n_writable;
	char **volumes; /* where its data are, which outlive it */
	size_t n_volumes;
	uint64_t capabilities; /* bit per CAP_x */
	enum call_class calls;
	uint64_t pids, nofile; /* 0: not limited */
};

/*
 * Parse one, strictly as a profile. Pure.
 *
 * doc     named by its path; "name" must equal the file's stem
 * Errors  -EBADMSG with file, line, column, the offending key and the nearest known one
 */
int model_parse(const struct doc *doc, struct model **ret, struct err *err);
void model_free(struct model **model);
#define _cleanup_model_ _cleanup_(model_free)

/* "service"... as models have it; and the library's profile for it. */
const char *call_class_name(enum call_class calls);
const char *call_class_profile(enum call_class calls);

struct models {
	struct model **v; /* by name */
	size_t n;
};

/*
 * All models of directories; those of an earlier one hide those of the same file name in later
 * ones. A directory that is not there holds none. The first that is wrong is an error.
 */
int models_load(const char *const dirs[], size_t n, struct models *ret, struct err *err);
const struct model *models_get(const struct models *models, const char *name); /* NULL: none */
void models_done(struct models *models);
#define _cleanup_models_ _cleanup_(models_done)

#endif
