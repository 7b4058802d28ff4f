/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that run on this host, as coaming knows them; and those that it does not know.
 *
 * MUST NOT change anything.
 */
#ifndef COAMING_CLI_RUNNING_H
#define COAMING_CLI_RUNNING_H

#include "hooks/addresses.h"
#include "hooks/firewall.h"
#include "hooks/live.h"
#include "profiles/host.h"
#include "profiles/labels.h"

enum running_mode {
	RUNNING_UNADMITTED, /* zero: no decision is known of it */
	RUNNING_UNCONFINED, /* admitted, and no profile applies */
	RUNNING_EXEMPT,     /* the host's configuration says so */
	RUNNING_BREAK_GLASS,
	RUNNING_AUDIT,
	RUNNING_ENFORCE,
	RUNNING_MODES_,
};

struct running {
	enum running_mode mode;
	struct live live; /* of one that is not admitted the id alone; see `is_live` */
	bool is_live;     /* a live file is there: it says all that is in `live` */
	struct labels labels;
	bool has_labels;
	char *labels_why;  /* why they are not known; NULL */
	bool has_counters; /* of its firewall, read just now */
	uint64_t refused_packets;
	char *counters_why; /* why a firewall that it has could not be asked; NULL */
	bool registered;    /* others can let it in by its labels: it has these addresses */
	struct addresses addresses;
};

struct running_list {
	struct running *v; /* by name, those that are not admitted last */
	size_t n;
	struct err damaged; /* a live file, or one of the registry, that could not be read, or
			       nothing */
};

/*
 * Find them: live files whose process lives, and the kernel's control groups; what is found there
 * alone is looked for in the ledger, which has the decision where no profile applied.
 */
int running_read(const struct host *host, struct running_list *ret, struct err *err);
void running_list_done(struct running_list *list);
#define _cleanup_running_list_ _cleanup_(running_list_done)

/* "enforce", "break-glass" ... */
const char *running_mode_name(enum running_mode mode);

#endif
