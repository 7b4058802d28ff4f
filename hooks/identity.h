/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is called, and its image: as the engine says, which is as much as its labels
 * say.
 */
#ifndef COAMING_HOOKS_IDENTITY_H
#define COAMING_HOOKS_IDENTITY_H

#include "lib/doc.h"

struct identity {
	char *id;     /* never NULL; "" where a precreate hook was told none */
	char *name;   /* the engine's name of it; the id where there is none */
	char *image;  /* or NULL */
	char *engine; /* "podman", "cri-o", "containerd", "docker", or NULL: no engine known */
};

/*
 * Find it out from the config's annotations, its cgroup path and the bundle's place.
 *
 * id      NULL: from linux.cgroupsPath, which is all that podman tells a precreate hook
 * bundle  NULL where unknown; podman's container store is looked up through it
 * Errors  -ENOMEM alone: what cannot be found out is left NULL
 */
int identity_find(const struct doc *config, const char *id, const char *bundle,
		  struct identity *ret, struct err *err);
void identity_done(struct identity *identity);

#endif
