/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that ran without a decision: what the engines' own entries in the journal show, and
 * what the kernel shows now. After harvest(): a container that it found decided is passed over.
 */
#ifndef COAMING_AUDIT_COVERAGE_H
#define COAMING_AUDIT_COVERAGE_H

#include "audit/harvest.h"

/*
 * Look through the journal for CONTAINER_ID_FULL in entries that are not ours (the journald log
 * drivers of podman and Docker) and for PODMAN_EVENT=start. Only root's: anybody could make up
 * containers otherwise, and a rootless container is none of ours.
 */
int coverage_engines(struct tally *tally, const struct sources *sources, struct err *err);

/*
 * Look through the control groups of this host: libpod-ID.scope, docker-ID.scope, crio-ID.scope,
 * cri-containerd-ID.scope, docker/ID, podUID/ID.
 *
 * root  "/sys/fs/cgroup"
 */
int coverage_groups(struct tally *tally, const char *root, uint64_t now_usec, struct err *err);

/*
 * The same without a tally: each container that has processes, one with several groups several
 * times.
 *
 * found  its answer, where it is not 0, ends the walk; id: COVERAGE_ID_LEN digits, and more
 */
typedef int coverage_fn(void *arg, const char *id, struct err *err);
int coverage_walk(const char *root, coverage_fn *found, void *arg, struct err *err);

/* The container's id in the name of a control group, whose parent's name is `above`; or NULL. */
const char *coverage_id(const char *name, const char *above);
#define COVERAGE_ID_LEN 64

#endif
