/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One nft table as the kernel holds it.
 *
 * Attributes are chosen by name, what is not known is left out: newer kernels add some that count
 * by themselves.
 */
#include "hooks/firewall_image.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "hooks/peer_sets.h"
#include "hooks/table_dump.h"

struct image {
	int fd;
	const char *table;
	struct buf lines;
	struct buf thing; /* the attributes of one thing, as they are hashed */
	struct buf sets;  /* names of sets whose elements are fixed, each with its NUL */
	struct buf elements;
	char chain[TABLE_NAME_MAX];
	size_t rule; /* of that chain */
	size_t n;    /* things of the kind that is dumped */
	struct err *err;
};

static void image_done(struct image *image)
{
	closep(&image->fd);
	buf_done(&image->lines);
	buf_done(&image->thing);
	buf_done(&image->sets);
	buf_done(&image->elements);
}

/* ---- attributes ---- */

static void add_attribute(struct buf *out, const struct attribute *a)
{
	buf_add(out, &a->type, sizeof(a->type));
	buf_add(out, &a->len, sizeof(a->len));
	buf_add(out, a->data, a->len);
}

static void add_chosen(struct buf *out, const char *at, const char *end, const uint16_t *types,
		       size_t n)
{
	struct attribute a;

	while (attribute_next(&at, end, &a)) {
		for (size_t i = 0; i < n; i++) {
			if (a.type == types[i])
				add_attribute(out, &a);
		}
	}
}

/* An expression: its name and what it does. A counter does nothing but count. */
static void add_expression(struct buf *out, const struct attribute *element)
{
	const char *at = element->data, *end = element->data + element->len;
	char name[TABLE_NAME_MAX];
	struct attribute a;

	attribute_text(at, end, NFTA_EXPR_NAME, name);
	buf_add(out, name, strlen(name) + 1);
	if (!streq(name, "counter") && attribute_find(at, end, NFTA_EXPR_DATA, &a))
		add_attribute(out, &a);
}

/* ---- things ---- */

static void end_thing(struct image *image, const char *name)
{
	char digest[SHA256_HEX];

	sha256_hex1(digest, image->thing.data ? image->thing.data : "", image->thing.len);
	buf_addf(&image->lines, "%s %s\n", name, digest);
	image->thing.len = 0;
	image->n++;
}

static void take_table(struct image *image, const char *at, const char *end)
{
	static const uint16_t types[] = { NFTA_TABLE_NAME, NFTA_TABLE_FLAGS };

	add_chosen(&image->thing, at, end, types, ARRAY_SIZE(types));
	end_thing(image, "table");
}

static void take_chain(struct image *image, const char *at, const char *end)
{
	static const uint16_t types[] = { NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY,
					  NFTA_CHAIN_TYPE, NFTA_CHAIN_FLAGS };
	char name[TABLE_NAME_MAX], line[IMAGE_NAME_MAX];

	attribute_text(at, end, NFTA_CHAIN_NAME, name);
	add_chosen(&image->thing, at, end, types, ARRAY_SIZE(types));
	(void)snprintf(line, sizeof(line), "chain %s", name);
	end_thing(image, line);
}

static void take_rule(struct image *image, const char *at, const char *end)
{
	char chain[TABLE_NAME_MAX], line[IMAGE_NAME_MAX];
	struct attribute list, element;

	attribute_text(at, end, NFTA_RULE_CHAIN, chain);
	if (!streq(chain, image->chain)) {
		memcpy(image->chain, chain, sizeof(chain));
		image->rule = 0;
	}
	if (attribute_find(at, end, NFTA_RULE_EXPRESSIONS, &list)) {
		const char *in = list.data;

		while (attribute_next(&in, list.data + list.len, &element))
			add_expression(&image->thing, &element);
	}
	(void)snprintf(line, sizeof(line), "rule %zu of chain %s", ++image->rule, chain);
	end_thing(image, line);
}

static void take_set(struct image *image, const char *at, const char *end)
{
	static const uint16_t types[] = { NFTA_SET_NAME,    NFTA_SET_FLAGS,     NFTA_SET_KEY_TYPE,
					  NFTA_SET_KEY_LEN, NFTA_SET_DATA_TYPE, NFTA_SET_DATA_LEN,
					  NFTA_SET_TIMEOUT, NFTA_SET_DESC,      NFTA_SET_OBJ_TYPE };
	char name[TABLE_NAME_MAX], line[IMAGE_NAME_MAX];

	attribute_text(at, end, NFTA_SET_NAME, name);
	add_chosen(&image->thing, at, end, types, ARRAY_SIZE(types));
	(void)snprintf(line, sizeof(line), "set %s", name);
	end_thing(image, line);
	/* What rules fill in is no part of them, nor are peers, which come and go. */
	if (!(attribute_u32(at, end, NFTA_SET_FLAGS) & NFT_SET_EVAL) && !peer_sets_is_one(name))
		buf_add(&image->sets, name, strlen(name) + 1);
}

static void take_object(struct image *image, const char *at, const char *end)
{
	static const uint16_t types[] = { NFTA_OBJ_NAME, NFTA_OBJ_TYPE };
	char name[TABLE_NAME_MAX], line[IMAGE_NAME_MAX];

	attribute_text(at, end, NFTA_OBJ_NAME, name);
	add_chosen(&image->thing, at, end, types, ARRAY_SIZE(types));
	(void)snprintf(line, sizeof(line), "object %s", name);
	end_thing(image, line);
}

/* A hashed set gives its elements in an order of its own: their digests are put in order. */
static void take_elements(struct image *image, const char *at, const char *end)
{
	static const uint16_t types[] = { NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_KEY_END,
					  NFTA_SET_ELEM_DATA, NFTA_SET_ELEM_FLAGS };
	struct attribute list, element;
	uint8_t digest[SHA256_BYTES];

	if (!attribute_find(at, end, NFTA_SET_ELEM_LIST_ELEMENTS, &list))
		return;
	at = list.data;
	while (attribute_next(&at, list.data + list.len, &element)) {
		image->thing.len = 0;
		add_chosen(&image->thing, element.data, element.data + element.len, types,
			   ARRAY_SIZE(types));
		sha256_raw(digest, image->thing.data ? image->thing.data : "", image->thing.len);
		buf_add(&image->elements, digest, sizeof(digest));
	}
	image->thing.len = 0;
}

/* ---- asking ---- */

/* One kind of thing, and what becomes of it. */
struct part {
	enum table_thing thing;
	void (*take)(struct image *image, const char *at, const char *end);
};

static const struct part table_part = { TABLE_ITSELF, take_table };
static const struct part element_part = { TABLE_ELEMENTS, take_elements };
static const struct part parts[] = {
	{ TABLE_CHAINS, take_chain },
	{ TABLE_RULES, take_rule },
	{ TABLE_SETS, take_set },
	{ TABLE_OBJECTS, take_object },
};

struct dump {
	struct image *image;
	const struct part *part;
};

static int take(void *arg, const char *at, const char *end, struct err *err)
{
	const struct dump *dump = arg;

	dump->part->take(dump->image, at, end);
	if (dump->image->lines.len > IMAGE_MAX_BYTES)
		return err_system(err, E2BIG, "a table of too many rules");
	return 0;
}

static int get(struct image *image, const struct part *part, const char *set)
{
	struct dump dump = { image, part };

	return table_dump(image->fd, image->table, part->thing, set, take, &dump, image->err);
}

static int compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

static int get_elements(struct image *image, const char *set)
{
	char line[IMAGE_NAME_MAX];
	int r;

	image->elements.len = 0;
	r = get(image, &element_part, set);
	if (r < 0)
		return r;
	if (image->elements.len > 0)
		qsort(image->elements.data, image->elements.len / SHA256_BYTES, SHA256_BYTES,
		      compare_digests);
	buf_add(&image->thing, image->elements.data ? image->elements.data : "",
		image->elements.len);
	(void)snprintf(line, sizeof(line), "elements of set %s", set);
	end_thing(image, line);
	return 0;
}

static int get_all(struct image *image)
{
	int r;

	r = get(image, &table_part, NULL);
	if (r == 0 && image->n == 0)
		r = -ENOENT;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = get(image, &parts[i], NULL);
	for (size_t at = 0; r == 0 && at < image->sets.len; at += strlen(image->sets.data + at) + 1)
		r = get_elements(image, image->sets.data + at);
	if (r == 0 && (buf_status(&image->lines) < 0 || buf_status(&image->thing) < 0 ||
		       buf_status(&image->elements) < 0))
		r = err_oom(image->err);
	return r;
}

static int image_once(int netns_fd, const char *table, char **ret_lines, struct err *err)
{
	_cleanup_(image_done) struct image image = { .fd = -1, .table = table, .err = err };
	int r;

	r = netlink_open(netns_fd, NETLINK_NETFILTER, &image.fd, err);
	if (r == 0)
		r = get_all(&image);
	if (r < 0)
		return r;
	*ret_lines = buf_take(&image.lines);
	return *ret_lines ? 0 : err_oom(err);
}

/* Peers that come and go change sets meanwhile: that interrupts the kernel's answer. */
int firewall_image(int netns_fd, const char *table, char **ret_lines, struct err *err)
{
	unsigned tries = 0;
	int r;

	do {
		r = image_once(netns_fd, table, ret_lines, err);
	} while (netlink_again(r, &tries, err));
	return r;
}

int firewall_digest(int netns_fd, const char *table, char ret[SHA256_HEX], struct err *err)
{
	_cleanup_free_ char *lines = NULL;
	int r;

	r = firewall_image(netns_fd, table, &lines, err);
	if (r == 0)
		sha256_hex1(ret, lines, strlen(lines));
	return r;
}

/* ---- comparing ---- */

bool firewall_image_differs(const char *a, const char *b, char ret[IMAGE_NAME_MAX])
{
	while (*a || *b) {
		size_t x = strcspn(a, "\n"), y = strcspn(b, "\n");
		const char *line = x > 0 ? a : b;
		size_t len = x > 0 ? x : y;

		if (x == y && strncmp(a, b, x) == 0) {
			a += x + (a[x] == '\n');
			b += y + (b[y] == '\n');
			continue;
		}
		/* The name ends before the blank and the digest. */
		len = len > SHA256_HEX ? len - SHA256_HEX : len;
		(void)snprintf(ret, IMAGE_NAME_MAX, "%.*s", (int)len, line);
		return true;
	}
	return false;
}
