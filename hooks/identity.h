/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is called, and its image: as the engine says, which is as much as its labels
 * say.
 */
#ifndef COAMING_HOOKS_IDENTITY_H
#define COAMING_HOOKS_IDENTITY_H

#include "lib/doc.h"

struct identity {
	char *id;           /* never NULL; "" where a precreate hook was told none */
	char *name;         /* the engine's name of it; the id where there is none */
	char *image;        /* or NULL */
	char *image_id;     /* digest of its config, "sha256:..."; or NULL */
	char *image_digest; /* of its manifest, "sha256:..."; or NULL */
	char *engine;       /* "podman", "cri-o", "containerd", "docker"; NULL: no engine known */
	/* Kubernetes' names, or NULL. */
	char *pod, *pod_namespace, *pod_uid, *pod_container;
	bool infra; /* its engine says that it only holds a pod's namespaces; not kept */
};

/*
 * Find it out from the config's annotations, its cgroup path and the bundle's place. What engines
 * tell elsewhere, labels_find() adds.
 *
 * id      NULL: from linux.cgroupsPath, which is all that podman tells a precreate hook
 * bundle  NULL where unknown
 * Errors  -ENOMEM alone: what cannot be found out is left NULL
 */
int identity_find(const struct doc *config, const char *id, const char *bundle,
		  struct identity *ret, struct err *err);
void identity_done(struct identity *identity);

/* Docker's, podman's and CRI-O's ids, and those of images: 64 lower-case hex digits. */
#define LONG_ID_LEN 64
bool is_long_id(const char *text);

/* Replace one of the texts by a copy; NULL and "" leave it as it is. Errors: -ENOMEM alone. */
int identity_set(char **member, const char *text, struct err *err);

#endif
