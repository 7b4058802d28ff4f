/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as a JSON document, "coaming-report-1": what the figures of a tally say of the
 * controls of a framework. Its size is bounded. All that prints a report reads this document.
 */
#ifndef COAMING_AUDIT_REPORT_H
#define COAMING_AUDIT_REPORT_H

#include "audit/rules.h"
#include "lib/buf.h"

struct report_waiver {
	const char *framework; /* NULL: any */
	const char *control;   /* "*": all */
	const char *owner, *reason, *expires;
	bool expired;
	bool any; /* of no container in particular */
	bool used;
};

struct report {
	struct tally *tally;       /* finished */
	const struct rules *rules; /* NULL: no framework */
	struct report_waiver *waivers;
	size_t n_waivers; /* in the order of the bits of tally_class.waivers */
	uint64_t now_usec;
	uint64_t since_usec, until_usec;  /* 0: open */
	const char *selector, *directory; /* NULL */
	const char *const *notes;
	size_t n_notes;
};

/* A host is silent where its last record is older than that, and older than twice its longest
 * pause, but for an hour. */
#define REPORT_SILENT_USEC (UINT64_C(24) * 3600 * 1000000)

/* Add to the tally's gaps the hosts that are silent at `end`. Before report_write(). */
int report_silence(struct tally *tally, uint64_t end_usec, struct err *err);

/*
 * Write the document.
 *
 * ret_failed  a control failed, and no waiver that still holds covers it
 */
int report_write(struct report *report, struct buf *out, bool *ret_failed, struct err *err);

#endif
