/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bring the head to what the segments say. Writes no record and changes no segment.
 */
#ifndef COAMING_AUDIT_RECOVER_H
#define COAMING_AUDIT_RECOVER_H

#include "audit/ledger.h"
#include "audit/segment.h"

/*
 * ledger  locked; its head, segment_fd and begin_segment are set
 * Errors  -EPERM a segment is somebody else's; errno of the file calls; -ENOMEM
 */
int recover(struct ledger *ledger, const struct survey *survey, struct err *err);

#endif
