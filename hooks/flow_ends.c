/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the two ends of a container's connections.
 */
#include "hooks/flow_ends.h"

#include <time.h>
#include <unistd.h>

#include "hooks/decision.h"
#include "lib/emit.h"

/* Both times are by the second, give or take one. */
#define TOLERANCE_SECONDS 2

/* When a process began, in seconds since 1970: the kernel has it in ticks since boot. */
static int64_t began(uint64_t ticks)
{
	struct timespec boot, now;
	long rate = sysconf(_SC_CLK_TCK);

	if (clock_gettime(CLOCK_BOOTTIME, &boot) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0 ||
	    rate <= 0)
		return INT64_MAX;
	return (int64_t)now.tv_sec - (int64_t)boot.tv_sec + (int64_t)(ticks / (uint64_t)rate);
}

bool flow_end_is(const struct registered *registered, const struct cidr *address,
		 const struct flow *flow)
{
	return !registered->infra && addresses_have(&registered->addresses, address) &&
	       began(registered->start_time) <= flow->last + TOLERANCE_SECONDS;
}

static const char *function_of(const struct host *host, const struct labels *labels)
{
	const struct label *label = taxonomy_label(&host->taxonomy, labels, "function");

	return label ? label->value : NULL;
}

int record_own_end(struct record *record, const struct host *host, const struct registered *own,
		   struct err *err)
{
	const char *function = own ? function_of(host, &own->labels) : NULL;
	int r;

	if (!own)
		return 0;
	r = record_labels(record, &own->labels, err);
	if (r == 0 && function)
		r = record_addf(record, err, "COAMING_FUNCTION", "%.*s", FLOW_END_VALUE_MAX,
				function);
	for (size_t i = 0; r == 0 && i < own->addresses.n; i++) {
		char address[CIDR_TEXT_MAX];

		r = record_add(record, "COAMING_ADDRESS",
			       address_format(address, &own->addresses.v[i]), err);
	}
	return r;
}

static void emit_value(struct emit *e, const char *key, const char *value)
{
	emit_key(e, key);
	emit_stringn(e, value, strnlen(value, FLOW_END_VALUE_MAX));
}

void flow_end_write(const struct host *host, const struct registered *registered,
		    const char *address, struct buf *out)
{
	const char *function = function_of(host, &registered->labels);
	struct emit e = EMIT(out);

	emit_object(&e);
	emit_text(&e, "address", address);
	emit_text(&e, "id", registered->id);
	emit_text(&e, "name", registered->name);
	if (function)
		emit_value(&e, "function", function);
	emit_key(&e, "labels");
	emit_object(&e);
	for (size_t i = 0; i < registered->labels.n && i < FLOW_END_LABELS_MAX; i++)
		emit_value(&e, registered->labels.v[i].key, registered->labels.v[i].value);
	emit_object_end(&e);
	emit_object_end(&e);
}

static int add_end(struct record *record, const struct host *host,
		   const struct registered *registered, const struct flow *flow, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	flow_end_write(host, registered, flow->address, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return record_add(record, "COAMING_FLOW_PEER", text.data, err);
}

/* An equal value is added once: record_add() sees to that. */
static int add_ends(struct record *record, const struct host *host, const struct peers *peers,
		    const char *id, const struct flow *flow, struct err *err)
{
	struct cidr address;
	int r = 0;

	if (cidr_parse(flow->address, &address) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < peers->n; i++) {
		const struct registered *one = &peers->v[i];

		if (flow_end_is(one, &address, flow) && !streq(one->id, id))
			r = add_end(record, host, one, flow, err);
	}
	return r;
}

int record_other_ends(struct record *record, const struct host *host, const struct peers *peers,
		      const char *id, const struct flow *const *flows, size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_ends(record, host, peers, id, flows[i], err);
	return r;
}
