/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which application is it? Models are held against what a container's metadata say. Pure.
 */
#ifndef COAMING_PROFILES_RECOGNISE_H
#define COAMING_PROFILES_RECOGNISE_H

#include "profiles/labels.h"
#include "profiles/model.h"

/* What is known of a container before it runs. Borrowed; nothing here is trusted. */
struct appearance {
	const char *image; /* its name, or NULL */
	const struct labels *labels;
	char *const *argv; /* entrypoint and command */
	size_t n_argv;
	char *const *environment; /* "NAME=value" */
	size_t n_environment;
	const struct port *ports; /* exposed */
	size_t n_ports;
};

/*
 * Points: the image's name 50, each label 20 (40 at most), the command 30, each variable 10 (30 at
 * most), each port 5 (15 at most).
 */
#define RECOGNISED_LEAST   20 /* fewer are an accident */
#define RECOGNISED_CERTAIN 40 /* fewer are a guess */

struct recognition {
	const struct model *model; /* NULL: none has RECOGNISED_LEAST points */
	unsigned points;
	char **reasons; /* "the image is called nginx:1.27" */
	size_t n_reasons;
};

/*
 * The model that has the most points; of several the one whose name comes first.
 *
 * ret      recognition_done(); borrows from models
 * Errors   -ENOMEM
 */
int recognise(const struct models *models, const struct appearance *appearance,
	      struct recognition *ret, struct err *err);
/* The same with one model, whatever its points. */
int recognise_as(const struct model *model, const struct appearance *appearance,
		 struct recognition *ret, struct err *err);
void recognition_done(struct recognition *recognition);
#define _cleanup_recognition_ _cleanup_(recognition_done)

#endif
