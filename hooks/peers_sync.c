/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's sets follow the registry.
 */
#include "hooks/peers_sync.h"

#include <errno.h>

#include "hooks/netns.h"
#include "hooks/peer_sets.h"
#include "profiles/ruleset.h"

/* As many files have been written while sets were changed: a host on which that is so, again and
 * again, has `coaming reconcile`. */
#define ROUNDS_MAX 16
/* Tables changed at a time: two descriptors each, of the 1,024 that a process has. */
#define TABLES_HELD 64

/* Changes of many tables: those of one stand together. */
struct work {
	struct set_change *v;
	const struct registered **owners; /* of each change */
	size_t n, size;
};

static void work_done(struct work *work)
{
	free(work->v);
	free(work->owners);
	*work = (struct work){ 0 };
}

static int work_add(struct work *work, const struct registered *owner, const char *set,
		    const struct cidr *address, bool add, struct err *err)
{
	if (work->n == work->size) {
		size_t size = work->size ? 2 * work->size : 64;
		struct set_change *v = reallocarray(work->v, size, sizeof(*v));
		const struct registered **owners;

		if (!v)
			return err_oom(err);
		work->v = v;
		owners = reallocarray(work->owners, size, sizeof(struct registered *));
		if (!owners)
			return err_oom(err);
		work->owners = owners;
		work->size = size;
	}
	work->v[work->n] = (struct set_change){ .set = set, .address = *address, .add = add };
	work->owners[work->n++] = owner;
	return 0;
}

/* ---- doing it ---- */

static void tell(struct err *told, const struct err *why)
{
	if (told->class == ERR_NONE)
		*told = *why;
}

/* A container whose pin is not there is not made yet, or is over. */
static int open_table(int pins, const struct registered *owner, char table[RULESET_TABLE_MAX],
		      int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	uint64_t inode = 0;
	int r;

	ruleset_table(table, owner->id);
	r = netns_pin_open_at(pins, table + strlen("coaming_"), &fd, err);
	if (r == 0)
		r = netns_inode(fd, &inode, err);
	if (r == 0 && inode != owner->netns)
		r = -ENOENT;
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* Some tables, whose namespaces are held open meanwhile. */
struct held {
	struct table_change changes[TABLES_HELD];
	char tables[TABLES_HELD][RULESET_TABLE_MAX];
	size_t n;
};

static void apply_held(struct held *held, struct err *told)
{
	struct err why = { 0 };

	if (peer_sets_change(held->changes, held->n, &why) < 0)
		tell(told, &why);
	for (size_t i = 0; i < held->n; i++)
		(void)close(held->changes[i].netns);
	held->n = 0;
}

/* How many changes from `first` on are of the same table. */
static size_t count_of_table(const struct work *work, size_t first)
{
	size_t n = 1;

	while (first + n < work->n && work->owners[first + n] == work->owners[first])
		n++;
	return n;
}

/* What fails of one table is told, and keeps no other from being changed. */
static int apply(const char *state_dir, const struct work *work, struct err *told, struct err *err)
{
	_cleanup_free_ struct held *held = NULL;
	_cleanup_close_ int pins = -1;
	int r;

	if (work->n == 0)
		return 0;
	r = netns_pins_open(state_dir, &pins, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	held = calloc(1, sizeof(*held));
	if (!held)
		return err_oom(err);
	for (size_t i = 0, n; i < work->n; i += n) {
		struct err why = { 0 };
		int fd = -1;

		n = count_of_table(work, i);
		r = open_table(pins, work->owners[i], held->tables[held->n], &fd, &why);
		if (r < 0 && r != -ENOENT)
			tell(told, &why);
		if (r < 0)
			continue;
		held->changes[held->n] = (struct table_change){
			.table = held->tables[held->n],
			.netns = fd,
			.v = &work->v[i],
			.n = n,
		};
		if (++held->n == TABLES_HELD)
			apply_held(held, told);
	}
	apply_held(held, told);
	return 0;
}

/* ---- what one container concerns ---- */

/* A container as it was and as it is; either may be NULL. */
struct subject {
	const struct registered *was, *is;
	struct addresses addresses; /* of both */
};

static void subject_done(struct subject *subject)
{
	addresses_done(&subject->addresses);
}

static int subject_addresses(struct subject *subject, const struct registered *one, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && one && i < one->addresses.n; i++)
		r = addresses_append(&subject->addresses, &one->addresses.v[i], err);
	return r;
}

/*
 * A set that neither has nor could have had the address is left alone: without this each start
 * would change the tables of all.
 */
static int gather_set(const struct members *members, const struct subject *subject,
		      const struct registered *owner, const struct peer_set *set, struct work *work,
		      struct err *err)
{
	bool fits = (subject->was && member_fits(set, subject->was)) ||
		    (subject->is && member_fits(set, subject->is));
	int r = 0;

	for (size_t i = 0; r == 0 && i < subject->addresses.n; i++) {
		const struct cidr *address = &subject->addresses.v[i];
		bool may, has = members_has(members, owner, set, address, &may);

		if (fits || may)
			r = work_add(work, owner, set->name, address, has, err);
	}
	return r;
}

static int gather(const struct peers *peers, const struct subject *subject, struct work *work,
		  struct err *err)
{
	_cleanup_members_ struct members members = { 0 };
	int r = members_index(peers, &members, err);

	for (size_t i = 0; r == 0 && i < peers->n; i++) {
		const struct registered *owner = &peers->v[i];

		for (size_t s = 0; r == 0 && owner->firewall && s < owner->n_sets; s++)
			r = gather_set(&members, subject, owner, &owner->sets[s], work, err);
	}
	return r;
}

/* The same changes of the same sets. The owners' memory may have moved, their sets' not. */
static bool same_work(const struct work *a, const struct work *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (a->v[i].set != b->v[i].set || a->v[i].add != b->v[i].add ||
		    address_compare(&a->v[i].address, &b->v[i].address) != 0)
			return false;
	}
	return true;
}

/* Change, read again, and again where that has become another matter meanwhile. */
static int follow(const char *state_dir, const struct subject *subject, struct peers *peers,
		  struct err *told, struct err *err)
{
	_cleanup_(work_done) struct work done = { 0 };
	struct err churn = { 0 };

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		struct work work = { 0 };
		const uint64_t revision = peers->revision;
		int r = gather(peers, subject, &work, err);

		/* What it leaves alone cannot be wrong by it. */
		if (r == 0 &&
		    ((round == 0 && work.n == 0) || (round > 0 && same_work(&work, &done)))) {
			work_done(&work);
			return 0;
		}
		work_done(&done);
		done = work;
		if (r == 0)
			r = apply(state_dir, &work, told, err);
		if (r == 0)
			r = peers_read(state_dir, peers, told, err);
		if (r < 0 || peers->revision == revision)
			return r;
	}
	(void)err_system(&churn, EBUSY,
			 "so many containers come and go that sets of peers may be wrong: run "
			 "coaming reconcile");
	tell(told, &churn);
	return 0;
}

/* ---- coming and going ---- */

static bool share(const struct registered *a, const struct registered *b)
{
	if (a->netns != 0 && a->netns == b->netns)
		return true;
	for (size_t i = 0; i < a->addresses.n; i++) {
		if (addresses_have(&b->addresses, &a->addresses.v[i]))
			return true;
	}
	return false;
}

/*
 * A container whose poststop never came would keep another from what it had: an address, the number
 * of its namespace.
 */
static int forget_dead(const char *state_dir, const struct registered *registered,
		       struct peers *peers, struct err *told, struct err *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < peers->n; i++) {
		const struct registered *one = &peers->v[i];

		if (streq(one->id, registered->id) || !share(registered, one) ||
		    !registered_is_gone(one))
			continue;
		any = true;
		r = peers_leave(state_dir, one->id, told, err);
	}
	return r < 0 || !any ? r : peers_read(state_dir, peers, told, err);
}

int peers_enter(const char *state_dir, const struct registered *registered, struct peers *peers,
		struct err *damaged, struct err *err)
{
	_cleanup_peers_ struct peers before = { 0 };
	_cleanup_(subject_done) struct subject subject = { .is = registered };
	struct err ignored = { 0 };
	int r;

	/* One that is damaged is written anew. */
	if (peers_read_one(state_dir, registered->id, &before, &ignored) == 0 && before.n > 0)
		subject.was = before.v;
	r = peers_write(state_dir, registered, err);
	if (r == 0)
		r = peers_read(state_dir, peers, damaged, err);
	if (r == 0)
		r = forget_dead(state_dir, registered, peers, damaged, err);
	if (r == 0)
		r = subject_addresses(&subject, subject.was, err);
	if (r == 0)
		r = subject_addresses(&subject, registered, err);
	addresses_sort(&subject.addresses);
	return r < 0 ? r : follow(state_dir, &subject, peers, damaged, err);
}

int peers_leave(const char *state_dir, const char *id, struct err *damaged, struct err *err)
{
	_cleanup_peers_ struct peers peers = { 0 }, before = { 0 };
	_cleanup_(subject_done) struct subject subject = { 0 };
	struct err ignored = { 0 };
	int r;

	/* Most that end were never entered; one that is damaged says not what is to be undone. */
	r = peers_read_one(state_dir, id, &before, &ignored);
	if (r == 0 && before.n == 0)
		return 0;
	subject.was = r == 0 ? before.v : NULL;
	r = peers_remove(state_dir, id, err);
	if (r < 0 || !subject.was)
		return r;
	r = subject_addresses(&subject, subject.was, err);
	addresses_sort(&subject.addresses);
	if (r == 0)
		r = peers_read(state_dir, &peers, damaged, err);
	return r < 0 ? r : follow(state_dir, &subject, &peers, damaged, err);
}

/* ---- a container's own sets ---- */

/* Add to the work what is in one and not in the other; both are sorted. */
static int add_difference(const struct registered *owner, const char *set,
			  const struct addresses *has, const struct addresses *wanted,
			  struct work *work, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < has->n; i++) {
		if (!addresses_have(wanted, &has->v[i]))
			r = work_add(work, owner, set, &has->v[i], false, err);
	}
	for (size_t i = 0; r == 0 && i < wanted->n; i++) {
		if (!addresses_have(has, &wanted->v[i]))
			r = work_add(work, owner, set, &wanted->v[i], true, err);
	}
	return r;
}

static void free_all(struct addresses *v, size_t n)
{
	for (size_t i = 0; v && i < n; i++)
		addresses_done(&v[i]);
	free(v);
}

/* What belongs into each of its sets. */
static int all_members(const struct peers *peers, const struct registered *one,
		       struct addresses **ret, struct err *err)
{
	_cleanup_members_ struct members members = { 0 };
	struct addresses *all = calloc(one->n_sets + 1, sizeof(*all));
	int r = all ? members_index(peers, &members, err) : err_oom(err);

	for (size_t s = 0; r == 0 && s < one->n_sets; s++)
		r = members_all(&members, one, &one->sets[s], &all[s], err);
	if (r < 0) {
		free_all(all, one->n_sets);
		return r;
	}
	*ret = all;
	return 0;
}

/* From what its sets were made to hold to what they should. */
static int settle_once(const char *state_dir, const struct registered *one,
		       const struct peers *peers, const struct addresses *has,
		       struct addresses **ret, struct err *err)
{
	_cleanup_(work_done) struct work work = { 0 };
	struct err failed = { 0 };
	struct addresses *wanted = NULL;
	int r;

	r = all_members(peers, one, &wanted, err);
	for (size_t s = 0; r == 0 && s < one->n_sets; s++)
		r = add_difference(one, one->sets[s].name, &has[s], &wanted[s], &work, err);
	if (r == 0)
		r = apply(state_dir, &work, &failed, err);
	if (r == 0 && failed.class != ERR_NONE) {
		*err = failed;
		r = -EIO;
	}
	if (r < 0)
		free_all(wanted, one->n_sets);
	else
		*ret = wanted;
	return r;
}

int peers_settle(const char *state_dir, const char *id, struct peers *peers, struct err *damaged,
		 struct err *err)
{
	const struct registered *one = peers_find(peers, id);
	struct addresses *has = NULL;
	size_t n = one ? one->n_sets : 0;
	int r;

	if (n == 0)
		return 0;
	r = all_members(peers, one, &has, err);
	for (unsigned round = 0; r == 0 && round < ROUNDS_MAX; round++) {
		const uint64_t revision = peers->revision;
		struct addresses *wanted = NULL;

		r = peers_read(state_dir, peers, damaged, err);
		one = r == 0 ? peers_find(peers, id) : NULL;
		if (!one || one->n_sets != n || peers->revision == revision)
			break;
		r = settle_once(state_dir, one, peers, has, &wanted, err);
		if (r == 0) {
			free_all(has, n);
			has = wanted;
		}
	}
	free_all(has, n);
	return r;
}

/* ---- comparing ---- */

static int compare_set(int netns, const char *table, const struct registered *one,
		       const struct peer_set *set, const struct members *members, struct work *work,
		       struct err *err)
{
	_cleanup_addresses_ struct addresses has = { 0 }, wanted = { 0 };
	int r;

	r = peer_sets_read(netns, table, set->name, &has, err);
	if (r == 0)
		r = members_all(members, one, set, &wanted, err);
	return r < 0 ? r : add_difference(one, set->name, &has, &wanted, work, err);
}

static void write_differences(const struct work *work, struct buf *out)
{
	char text[CIDR_TEXT_MAX];

	for (size_t i = 0; i < work->n; i++)
		buf_addf(out, "%s %s %s\n", work->v[i].set, work->v[i].add ? "lacks" : "has",
			 address_format(text, &work->v[i].address));
}

/* What is to be done to the sets of one; nothing where it is no more registered. */
static int differences(const char *state_dir, const struct peers *peers, const char *id,
		       struct work *ret, struct err *err)
{
	const struct registered *one = peers_find(peers, id);
	_cleanup_members_ struct members members = { 0 };
	_cleanup_close_ int pins = -1, netns = -1;
	char table[RULESET_TABLE_MAX];
	int r;

	if (!one || !one->firewall)
		return 0;
	r = members_index(peers, &members, err);
	if (r == 0)
		r = netns_pins_open(state_dir, &pins, err);
	if (r == 0)
		r = open_table(pins, one, table, &netns, err);
	for (size_t s = 0; r == 0 && s < one->n_sets; s++)
		r = compare_set(netns, table, one, &one->sets[s], &members, ret, err);
	return r;
}

static int read_again(const char *state_dir, struct peers *peers, struct err *err)
{
	struct err damaged = { 0 }; /* told when it was read first */

	return peers_read(state_dir, peers, &damaged, err);
}

/* Make them right, and again where the registry has become another meanwhile. */
static int repair_sets(const char *state_dir, struct peers *peers, const char *id,
		       const struct work *first, struct err *err)
{
	const struct work *work = first;
	_cleanup_(work_done) struct work next = { 0 };
	int r = 0;

	for (unsigned round = 0; r == 0 && work->n > 0 && round < ROUNDS_MAX; round++) {
		const uint64_t revision = peers->revision;
		struct err failed = { 0 };

		r = apply(state_dir, work, &failed, err);
		if (r == 0 && failed.class != ERR_NONE) {
			*err = failed;
			r = -EIO;
		}
		if (r == 0)
			r = read_again(state_dir, peers, err);
		if (r < 0 || peers->revision == revision)
			break;
		work_done(&next);
		r = differences(state_dir, peers, id, &next, err);
		work = &next;
	}
	return r;
}

int peers_compare(const char *state_dir, struct peers *peers, const char *id, bool repair,
		  struct buf *wrong, size_t *ret, struct err *err)
{
	_cleanup_(work_done) struct work work = { 0 };
	int r;

	*ret = 0;
	r = differences(state_dir, peers, id, &work, err);
	if (r < 0)
		return r;
	write_differences(&work, wrong);
	*ret = work.n;
	if (repair)
		r = repair_sets(state_dir, peers, id, &work, err);
	return r < 0 ? r : buf_status(wrong) < 0 ? err_oom(err) : 0;
}
