/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the label sources share: labels*.c alone include this.
 */
#ifndef COAMING_HOOKS_LABELS_INTERNAL_H
#define COAMING_HOOKS_LABELS_INTERNAL_H

#include <limits.h>
#include "hooks/labels.h"

/*
 * One source a file: add what the engine keeps of this container to its labels and its identity.
 * A record that is not there, or cannot be read, is an error: the engine was recognised, so that
 * it must be somewhere.
 */
typedef int labels_source_fn(const struct labels_request *request, struct identity *identity,
			     struct labels *labels, struct err *err);
labels_source_fn labels_of_docker, labels_of_podman, labels_of_containerd, labels_of_crio;

/* Kubernetes' names from the annotations of containerd's CRI plugin. */
int labels_names_of_containerd(const struct node *annotations, struct identity *identity,
			       struct err *err);

/*
 * The id of the pod's sandbox, where the annotation of `type_key` says that this is a container in
 * a pod, "" where no annotation has it; NULL: it is none.
 */
const char *labels_sandbox_of(const struct node *annotations, const char *type_key,
			      const char *sandbox_key);
/* -EINVAL: it is no name of a file. */
int labels_check_sandbox(const char *sandbox, struct err *err);
/* A label of the pod, unless the container has one of that key by itself. After the image's labels
 * were marked: the pod's are not the image's where both are the same. */
int labels_add_of_pod(const char *key, const char *value, struct labels *labels, struct err *err);
/* All of CRI-O's. Errors: -ENOENT the sandbox has no record */
int labels_of_crio_pod(const struct labels_request *request, struct labels *labels,
		       struct err *err);

/* Every member of an object is a label. */
int labels_add_object(const struct doc *doc, const struct node *object, enum label_source source,
		      struct labels *labels, struct err *err);

/* Is any label the engine's own, so that the image must be asked whether it is the image's? */
bool labels_from_engine(const struct labels *labels);

/*
 * An engine's file: regular, no link, and nobody's to write but ours or root's.
 *
 * Errors  -EPERM others may write to it; those of file_open()
 */
int record_open(const char *path, int *ret_fd, struct err *err);
/* The same, parsed. A file that is not whole is waited for, RECORD_WAIT_MSEC at most. */
int record_parse(const char *path, struct doc **ret, struct err *err);
#define RECORD_WAIT_MSEC 200

/*
 * Find `name` in one of the directories above a path: engines put a container's root, and its
 * bundle, a few levels below the directory that everything of theirs is in.
 *
 * out     that directory
 * Limits  6 levels
 */
bool record_above(const char *path, const char *name, char out[PATH_MAX]);
/* PATH/NAME; -ENAMETOOLONG. */
int record_join(char out[PATH_MAX], struct err *err, const char *fmt, ...) _printf_(3, 4);

/* "sha256:" and 64 digits: the digits; else NULL. */
const char *digest_hex(const char *text);
/* The text of a member, or NULL. */
const char *text_of(const struct node *object, const char *key);

/*
 * Mark the labels that the image has too, from its config (image-spec 1.1, config.md). The image
 * wrote it: a config whose keys an engine would read in another way than we is refused.
 */
int labels_mark_from_image(const struct doc *config, struct labels *labels, struct err *err);
/* The same with the config in a file. */
int labels_mark_from_file(const char *path, struct labels *labels, struct err *err);
/*
 * The same through containerd's content store: from a manifest, or an index of manifests.
 *
 * root           of containerd
 * digest         "sha256:..." of the manifest or index
 * ret_id         digest of the config, free(); NULL where the index has several that are here
 */
int labels_mark_from_store(const char *root, const char *digest, struct labels *labels,
			   char **ret_id, struct err *err);

#endif
