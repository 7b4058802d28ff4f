/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming flows: the connections of containers, see coaming-flows(1).
 *
 * MUST NOT let a byte that comes from a container reach the terminal as anything but text.
 */
#include "cli/cli.h"

#include <errno.h>

#include "audit/stamp.h"
#include "cli/flow_list.h"
#include "cli/options.h"
#include "cli/out.h"
#include "cli/table.h"
#include "cli/when.h"
#include "hooks/flow_record.h"
#include "lib/emit.h"

#define SCHEMA        "coaming-flows-1"
#define ID_PREFIX_MIN 3 /* as coaming log has it */

struct asked {
	const char *container; /* name, or the begin of an id; NULL: all */
	const char *by;        /* a label; NULL: each flow by itself */
	bool refused;          /* alone */
	bool json;
};

static bool is_it(const struct asked *asked, const struct flow_party *party)
{
	return !asked->container || streq(party->name, asked->container) ||
	       (strlen(asked->container) >= ID_PREFIX_MIN &&
		starts_with(party->id, asked->container));
}

/* Only what is asked for stays in the list. How many containers are it? */
static size_t choose(const struct asked *asked, struct flow_list *list)
{
	size_t known = 0, n = 0;

	for (size_t i = 0; i < list->n_containers; i++)
		known += is_it(asked, &list->containers[i].party);
	for (size_t i = 0; i < list->n_flows; i++) {
		const struct listed_flow *flow = &list->flows[i];

		if ((!asked->refused || !flow->flow.accepted) &&
		    is_it(asked, &list->containers[flow->container].party))
			list->flows[n++] = *flow;
	}
	list->n_flows = n;
	return known;
}

static const char *direction(bool ingress)
{
	return ingress ? "ingress" : "egress";
}

static const char *verdict(bool accepted)
{
	return accepted ? "accepted" : "refused";
}

/* ---- the table ---- */

static const struct table_column columns[] = {
	{ "CONTAINER", 12 }, { "DIRECTION", 0 }, { "VERDICT", 0 },
	{ "PROTOCOL", 0 },   { "PEER", 20 },     { "PORT", 0 },
	{ "COUNT", 0 },      { "FIRST", 0 },     { "LAST", 0 },
};

static int add_number(struct table *table, uint64_t number, struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return table_add(table, STYLE_NONE, text, err);
}

/* What all tables of flows end with: how many, and when. */
static int add_seen(struct table *table, const struct flow *flow, struct err *err)
{
	char time[FLOW_TIME_SIZE];
	int r;

	r = flow->port > 0 ? add_number(table, flow->port, err)
			   : table_add(table, STYLE_NONE, "-", err);
	if (r == 0)
		r = add_number(table, flow->packets, err);
	if (r == 0)
		r = table_add(table, STYLE_DIM, flow_time(time, flow->first), err);
	return r < 0 ? r : table_add(table, STYLE_DIM, flow_time(time, flow->last), err);
}

static int add_kind(struct table *table, const struct flow *flow, struct err *err)
{
	int r;

	r = table_add(table, STYLE_NONE, direction(flow->ingress), err);
	if (r == 0)
		r = table_add(table, flow->accepted ? STYLE_NONE : STYLE_WARN,
			      verdict(flow->accepted), err);
	return r < 0 ? r : table_add(table, STYLE_NONE, flow->protocol, err);
}

static const char *name_of(const struct flow_party *party)
{
	return party->name[0] ? party->name : party->id;
}

static int add_peer(struct table *table, const struct flow_party *other, const char *address,
		    struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (other)
		buf_addf(&text, "%s (%s)", name_of(other), address);
	else
		buf_adds(&text, address);
	return buf_status(&text) < 0 ? err_oom(err) : table_add(table, STYLE_NONE, text.data, err);
}

static int add_row(struct table *table, const struct flow_list *list,
		   const struct listed_flow *flow, struct err *err)
{
	const struct flow_party *own = &list->containers[flow->container].party;
	int r;

	r = table_add(table, STYLE_NONE, name_of(own), err);
	if (r == 0)
		r = add_kind(table, &flow->flow, err);
	if (r == 0)
		r = add_peer(table, flow_list_other(list, flow), flow->flow.address, err);
	return r < 0 ? r : add_seen(table, &flow->flow, err);
}

static int print_table(const struct flow_list *list, struct err *err)
{
	_cleanup_table_ struct table table = { .columns = columns,
					       .n_columns = ARRAY_SIZE(columns) };
	const struct term term = term_of(stdout);
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n_flows; i++)
		r = add_row(&table, list, &list->flows[i], err);
	if (r == 0)
		table_print(&table, &term, false);
	return r;
}

/* ---- by a label ---- */

/* Flows of all containers whose label is the same, to all others whose label is. */
struct group {
	const char *from, *to; /* borrowed; NULL: nobody that has the label */
	struct flow flow;      /* whose address is of no account */
	size_t n;
};

struct groups {
	struct group *v;
	size_t n;
};

static void groups_done(struct groups *groups)
{
	free(groups->v);
}

/* A word of the taxonomy, or a label's key. */
static const char *value_of(const struct host *host, const struct flow_party *party, const char *by)
{
	const struct label *label =
		party ? taxonomy_label(&host->taxonomy, &party->labels, by) : NULL;

	if (party && !label)
		label = labels_get(&party->labels, by);
	return label ? label->value : NULL;
}

static int compare_texts(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	int r = compare_texts(a->from, b->from);

	if (r == 0)
		r = compare_texts(a->to, b->to);
	return r != 0 ? r : flow_compare(&a->flow, &b->flow);
}

static void join(struct group *into, const struct group *from)
{
	into->n++;
	into->flow.packets += from->flow.packets;
	if (from->flow.first < into->flow.first)
		into->flow.first = from->flow.first;
	if (from->flow.last > into->flow.last)
		into->flow.last = from->flow.last;
}

static int make_groups(const struct host *host, const struct flow_list *list, const char *by,
		       struct groups *ret, struct err *err)
{
	size_t n = 0;

	ret->v = calloc(list->n_flows + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	for (size_t i = 0; i < list->n_flows; i++) {
		const struct listed_flow *flow = &list->flows[i];
		const char *own = value_of(host, &list->containers[flow->container].party, by);
		const char *other = value_of(host, flow_list_other(list, flow), by);

		ret->v[i] = (struct group){
			.from = flow->flow.ingress ? other : own,
			.to = flow->flow.ingress ? own : other,
			.flow = flow->flow,
			.n = 1,
		};
		ret->v[i].flow.address[0] = '\0';
	}
	qsort(ret->v, list->n_flows, sizeof(*ret->v), compare_groups);
	for (size_t i = 0; i < list->n_flows; i++) {
		if (n > 0 && compare_groups(&ret->v[n - 1], &ret->v[i]) == 0)
			join(&ret->v[n - 1], &ret->v[i]);
		else
			ret->v[n++] = ret->v[i];
	}
	ret->n = n;
	return 0;
}

static const struct table_column group_columns[] = {
	{ "FROM", 12 }, { "TO", 12 },   { "SEEN", 0 },  { "VERDICT", 0 }, { "PROTOCOL", 0 },
	{ "PORT", 0 },  { "COUNT", 0 }, { "FIRST", 0 }, { "LAST", 0 },
};

static int print_groups(const struct groups *groups, struct err *err)
{
	_cleanup_table_ struct table table = { .columns = group_columns,
					       .n_columns = ARRAY_SIZE(group_columns) };
	const struct term term = term_of(stdout);
	int r = 0;

	for (size_t i = 0; r == 0 && i < groups->n; i++) {
		const struct group *group = &groups->v[i];

		r = table_add(&table, STYLE_NONE, group->from ? group->from : "-", err);
		if (r == 0)
			r = table_add(&table, STYLE_NONE, group->to ? group->to : "-", err);
		if (r == 0)
			r = add_kind(&table, &group->flow, err);
		if (r == 0)
			r = add_seen(&table, &group->flow, err);
	}
	if (r == 0)
		table_print(&table, &term, false);
	return r;
}

/* ---- for programs ---- */

static void emit_kind(struct emit *e, const struct flow *flow)
{
	emit_text(e, "direction", direction(flow->ingress));
	emit_text(e, "verdict", verdict(flow->accepted));
	emit_text(e, "protocol", flow->protocol);
	emit_number(e, "port", flow->port);
	emit_number(e, "packets", flow->packets);
}

static void emit_times(struct emit *e, const struct flow *flow)
{
	char time[FLOW_TIME_SIZE];

	emit_text(e, "first", flow_time(time, flow->first));
	emit_text(e, "last", flow_time(time, flow->last));
}

static void emit_party(struct emit *e, const struct flow_party *party)
{
	emit_text(e, "id", party->id);
	emit_text(e, "name", party->name[0] ? party->name : NULL);
	emit_text(e, "function", party->function);
	emit_key(e, "labels");
	emit_object(e);
	for (size_t i = 0; i < party->labels.n; i++)
		emit_text(e, party->labels.v[i].key, party->labels.v[i].value);
	emit_object_end(e);
}

static void emit_container(struct emit *e, const struct flow_container *container)
{
	emit_key(e, "container");
	emit_object(e);
	emit_party(e, &container->party);
	emit_text(e, "admitted", container->admitted);
	emit_key(e, "running");
	emit_bool(e, container->runs);
	emit_object_end(e);
}

static void emit_flow(struct emit *e, const struct flow_list *list, const struct listed_flow *flow)
{
	const struct flow_party *other = flow_list_other(list, flow);

	emit_object(e);
	emit_container(e, &list->containers[flow->container]);
	emit_key(e, "peer");
	emit_object(e);
	emit_text(e, "address", flow->flow.address);
	if (other)
		emit_party(e, other);
	emit_object_end(e);
	emit_kind(e, &flow->flow);
	emit_times(e, &flow->flow);
	emit_object_end(e);
}

static void emit_group(struct emit *e, const struct group *group)
{
	emit_object(e);
	emit_text(e, "from", group->from);
	emit_text(e, "to", group->to);
	emit_kind(e, &group->flow);
	emit_number(e, "flows", group->n);
	emit_times(e, &group->flow);
	emit_object_end(e);
}

static bool overflow_is_asked(const struct asked *asked, const struct flow_container *container,
			      const struct flow_overflow *overflow)
{
	return is_it(asked, &container->party) && (!asked->refused || !overflow->accepted);
}

static void emit_overflows(struct emit *e, const struct flow_container *container,
			   const struct asked *asked)
{
	for (size_t i = 0; i < container->n_overflows; i++) {
		const struct flow_overflow *overflow = &container->overflows[i];

		if (!overflow_is_asked(asked, container, overflow))
			continue;
		emit_object(e);
		emit_container(e, container);
		emit_text(e, "direction", direction(overflow->ingress));
		emit_text(e, "verdict", verdict(overflow->accepted));
		emit_number(e, "packets", overflow->packets);
		emit_object_end(e);
	}
}

static int print_json(const struct flow_list *list, const struct groups *groups,
		      const struct asked *asked, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_text(&e, "schema", SCHEMA);
	if (asked->by) {
		emit_text(&e, "by", asked->by);
		emit_key(&e, "groups");
		emit_array(&e);
		for (size_t i = 0; i < groups->n; i++)
			emit_group(&e, &groups->v[i]);
		emit_array_end(&e);
	} else {
		emit_key(&e, "flows");
		emit_array(&e);
		for (size_t i = 0; i < list->n_flows; i++)
			emit_flow(&e, list, &list->flows[i]);
		emit_array_end(&e);
	}
	emit_key(&e, "overflows");
	emit_array(&e);
	for (size_t i = 0; i < list->n_containers; i++)
		emit_overflows(&e, &list->containers[i], asked);
	emit_array_end(&e);
	emit_object_end(&e);
	return out_print_line(&out, err);
}

/* ---- what must not be missed ---- */

static void warn_of_overflows(const struct flow_list *list, const struct asked *asked)
{
	for (size_t i = 0; i < list->n_containers; i++) {
		const struct flow_container *container = &list->containers[i];

		for (size_t k = 0; k < container->n_overflows; k++) {
			const struct flow_overflow *overflow = &container->overflows[k];

			if (!overflow_is_asked(asked, container, overflow))
				continue;
			(void)fprintf(stderr,
				      "coaming: flows: container %s: %llu packets (%s, %s) of "
				      "further connections are only counted\n",
				      Q(container->party.name),
				      (unsigned long long)overflow->packets,
				      direction(overflow->ingress), verdict(overflow->accepted));
		}
	}
}

static void warn(const struct flow_list *list, const struct asked *asked)
{
	warn_of_overflows(list, asked);
	if (list->not_believed > 0)
		(void)fprintf(stderr,
			      "coaming: flows: %zu records of the journal were left out: the "
			      "ledger does not have them\n",
			      list->not_believed);
	if (list->not_read > 0)
		(void)fprintf(stderr, "coaming: flows: %zu fields could not be understood\n",
			      list->not_read);
	if (list->not_asked.class != ERR_NONE)
		(void)fprintf(stderr, "coaming: flows: left out: %s\n", list->not_asked.text);
	if (list->journal.class != ERR_NONE)
		(void)fprintf(stderr, "coaming: flows: %s; the ledger alone is shown\n",
			      list->journal.text);
}

static int show(const struct host *host, const struct asked *asked, uint64_t since_usec,
		struct err *err)
{
	_cleanup_flow_list_ struct flow_list list = { 0 };
	_cleanup_(groups_done) struct groups groups = { 0 };
	int r;

	r = flow_list_read(host, since_usec, &list, err);
	if (r < 0)
		return r;
	if (choose(asked, &list) == 0 && asked->container)
		return err_input(err, ENOENT,
				 "no connections are known of a container %s (see coaming ps, "
				 "coaming log)",
				 Q(asked->container));
	if (asked->by)
		r = make_groups(host, &list, asked->by, &groups, err);
	if (r == 0)
		r = asked->json ? print_json(&list, &groups, asked, err)
		    : asked->by ? print_groups(&groups, err)
				: print_table(&list, err);
	if (r == 0)
		warn(&list, asked);
	return r;
}

static int record_all(const struct host *host, struct err *err)
{
	size_t n = 0;
	int r = flows_keep_all(host, &n, err);

	if (n > 0)
		printf("%zu record%s of connections\n", n, n == 1 ? "" : "s");
	return r;
}

static int check_use(const struct asked *asked, const char *since, bool record, struct err *err)
{
	if (record && (asked->container || asked->by || asked->refused || asked->json || since))
		return err_input(err, EINVAL, "--record stands alone");
	return 0;
}

int cmd_flows(int argc, char **argv, struct err *err)
{
	const char *config = NULL, *since = NULL;
	struct asked asked = { 0 };
	bool record = false;
	const struct option options[] = {
		{ .name = "refused", .help = "what was refused alone", .flag = &asked.refused },
		{ .name = "since",
		  .value = "WHEN",
		  .help = "last seen then or later",
		  .text = &since },
		{ .name = "by",
		  .value = "LABEL",
		  .help = "sums, of containers with equal labels",
		  .text = &asked.by },
		{ .name = "json", .help = "for programs", .flag = &asked.json },
		{ .name = "record",
		  .help = "record what is new of those that run, and say no more",
		  .flag = &record },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.args = "[ID|NAME]",
		.about =
			"Show the connections of the containers that run, from the kernel, and of\n"
			"those that ran, from the records: what was let through, and what was "
			"refused.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	_cleanup_words_ struct words args = { 0 };
	_cleanup_host_ struct host *host = NULL;
	uint64_t since_usec = 0;
	int r;

	r = options_parse(argc, argv, &usage, &args, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (args.n > 1)
		return err_input(err, EINVAL, "expected one container, not %zu", args.n);
	asked.container = args.n > 0 ? args.v[0] : NULL;
	r = check_use(&asked, since, record, err);
	if (r == 0 && since)
		r = when_parse(since, stamp_now(), &since_usec, err);
	if (r == 0)
		r = host_load(config, &host, err);
	if (r < 0)
		return r;
	return record ? record_all(host, err) : show(host, &asked, since_usec, err);
}
