/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of networks under a name.
 */
#include "profiles/zone.h"

#include <errno.h>

static int compare_cidrs(const void *left, const void *right)
{
	const struct cidr *a = left, *b = right;
	int order;

	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	order = memcmp(a->address, b->address, sizeof(a->address));
	return order ? order : (a->prefix_len > b->prefix_len) - (a->prefix_len < b->prefix_len);
}

/* Two blocks either lie apart or one in the other, which then stands behind it. */
static void drop_nested(struct zone *zone)
{
	size_t kept = 0;

	qsort(zone->cidrs, zone->n_cidrs, sizeof(*zone->cidrs), compare_cidrs);
	for (size_t i = 0; i < zone->n_cidrs; i++) {
		if (kept == 0 || !cidr_contains(&zone->cidrs[kept - 1], &zone->cidrs[i]))
			zone->cidrs[kept++] = zone->cidrs[i];
	}
	zone->n_cidrs = kept;
}

static int parse_zone(const struct doc *doc, const struct node *list, struct zone *zone,
		      struct err *err)
{
	int r;

	if (!profile_name_is_valid(list->key))
		return err_input(err, EBADMSG,
				 "%s: %s is no name of a zone: small letters, digits and \"-\"",
				 WHERE_KEY(doc, list), Q(list->key));
	r = node_expect_list(doc, list, ZONE_CIDRS_MAX, err);
	if (r < 0)
		return r;
	if (list->count == 0)
		return err_input(err, EBADMSG, "%s: a zone of no networks would fit nobody",
				 WHERE_KEY(doc, list));
	zone->name = strdup(list->key);
	zone->cidrs = calloc(list->count, sizeof(*zone->cidrs));
	if (!zone->name || !zone->cidrs)
		return err_oom(err);
	node_foreach (node, list) {
		r = cidr_read(doc, node, &zone->cidrs[zone->n_cidrs], err);
		if (r < 0)
			return r;
		zone->n_cidrs++;
	}
	drop_nested(zone);
	return 0;
}

static int compare_zones(const void *left, const void *right)
{
	const struct zone *a = left, *b = right;

	return strcmp(a->name, b->name);
}

int zones_parse(const struct doc *doc, const struct node *node, struct zones *zones,
		struct err *err)
{
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r < 0)
		return r;
	if (node->count > ZONES_MAX)
		return err_input(err, E2BIG, "%s: more than %d zones", WHERE_KEY(doc, node),
				 ZONES_MAX);
	zones->v = calloc(node->count + 1, sizeof(*zones->v));
	if (!zones->v)
		return err_oom(err);
	node_foreach (list, node) {
		r = parse_zone(doc, list, &zones->v[zones->n++], err);
		if (r < 0)
			return r;
	}
	qsort(zones->v, zones->n, sizeof(*zones->v), compare_zones);
	return 0;
}

void zones_done(struct zones *zones)
{
	for (size_t i = 0; i < zones->n; i++) {
		free(zones->v[i].name);
		free(zones->v[i].cidrs);
	}
	free(zones->v);
	*zones = (struct zones){ 0 };
}

int zones_get(const struct zones *zones, const char *name, const struct zone **ret, struct err *err)
{
	const char *names[ZONES_MAX] = { NULL };

	for (size_t i = 0; i < zones->n; i++) {
		names[i] = zones->v[i].name;
		if (streq(names[i], name)) {
			*ret = &zones->v[i];
			return 0;
		}
	}
	return err_input(err, EBADMSG,
			 "zone %s is not among the \"zones\" of the host configuration%s", Q(name),
			 SUGGESTION(name, names, zones->n));
}
