/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming-nft: the nftables library, in a process of its own. Not for people: coaming-hook
 * executes it with an empty environment and a checked network namespace as descriptor 3.
 *
 *   coaming-nft apply TABLE   put the ruleset on standard input in place, then list the table,
 *                             JSON on standard output, without elements of sets
 *   coaming-nft delete TABLE  remove it, also where there is none
 *
 * MUST enter the namespace before anything else and execute nothing afterwards. The library may
 * exit() this process at any time: whoever started it takes every ending but 0 for a failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/own.h"

#define NETNS_FD 3
/* As many rules as profiles/ruleset.c writes at most are below this. */
#define RULESET_MAX_BYTES ((size_t)8 << 20)
#define TABLE_NAME_MAX    128
/*
 * Protocols as numbers: for their names the library asks glibc's name service, which loads what
 * /etc/nsswitch.conf names and looks for it in a hundred places.
 */
#define OUTPUT_FLAGS (NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_PROTO)

static const struct own_limit limits[] = { { RLIMIT_CPU, 20 },
					   { RLIMIT_CORE, 0 },
					   { RLIMIT_NOFILE, 64 } };

/* Into the namespace, and be sure of it. */
static int enter(struct err *err)
{
	struct stat wanted, now;

	if (fstat(NETNS_FD, &wanted) < 0 || setns(NETNS_FD, CLONE_NEWNET) < 0)
		return err_errno(err, errno, "cannot enter the network namespace");
	if (stat("/proc/thread-self/ns/net", &now) < 0 || now.st_dev != wanted.st_dev ||
	    now.st_ino != wanted.st_ino)
		return err_system(err, EINVAL, "this is not the network namespace that was given");
	(void)close(NETNS_FD);
	return 0;
}

/*
 * The library allocates some megabytes in pieces, and gives the larger ones back after each
 * command: without this every one of them is mapped, faulted in and unmapped again.
 */
static void keep_memory(void)
{
	(void)mallopt(M_TOP_PAD, 1 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
	(void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

/* A table of ours, which no nft grammar can misread. */
static bool table_is_valid(const char *table)
{
	size_t len = strlen(table);

	return len > 0 && len < TABLE_NAME_MAX && starts_with(table, "coaming_") &&
	       strspn(table, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static int run(struct nft_ctx *nft, const char *text, const char *what, struct err *err)
{
	const char *said;

	if (nft_run_cmd_from_buffer(nft, text) == 0)
		return 0;
	said = nft_ctx_get_error_buffer(nft);
	return err_system(err, EIO, "nftables cannot %s: %s", what,
			  said && *said ? Q(said) : "no reason given");
}

static int list(struct nft_ctx *nft, const char *table, struct err *err)
{
	char text[TABLE_NAME_MAX + 32];
	const char *said;
	int r;

	(void)snprintf(text, sizeof(text), "list table inet %s", table);
	r = run(nft, text, "list the table", err);
	if (r < 0)
		return r;
	said = nft_ctx_get_output_buffer(nft);
	return fd_write_all(STDOUT_FILENO, "standard output", said, strlen(said), err);
}

/*
 * The text begins by deleting an older table of that name. There hardly ever is one, and after a
 * deletion the kernel lets nobody close its netlink socket for a grace period of RCU, some ten
 * milliseconds: so the first attempt creates, which fails where there is one.
 */
static bool create(struct nft_ctx *nft, const char *table, const char *text)
{
	_cleanup_buf_ struct buf fresh = { 0 };
	char replaced[3 * TABLE_NAME_MAX];
	bool created;

	(void)snprintf(replaced, sizeof(replaced), "table inet %s {\n}\ndelete table inet %s\n",
		       table, table);
	if (!starts_with(text, replaced))
		return false;
	buf_addf(&fresh, "create table inet %s\n%s", table, text + strlen(replaced));
	created = buf_status(&fresh) == 0 && nft_run_cmd_from_buffer(nft, fresh.data) == 0;
	(void)nft_ctx_get_error_buffer(nft); /* what it said is forgotten by this */
	return created;
}

static int apply(struct nft_ctx *nft, const char *table, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = fd_read_all(STDIN_FILENO, "standard input", RULESET_MAX_BYTES, &text, &len, err);
	if (r == 0 && !create(nft, table, text))
		r = run(nft, text, "apply the ruleset", err);
	/* What the sets of refused flows hold by now is of no interest yet. */
	nft_ctx_output_set_flags(nft, OUTPUT_FLAGS | NFT_CTX_OUTPUT_TERSE);
	if (r == 0)
		r = list(nft, table, err);
	return r;
}

static int delete (struct nft_ctx *nft, const char *table, struct err *err)
{
	char text[3 * TABLE_NAME_MAX];

	(void)snprintf(text, sizeof(text), "table inet %s {\n}\ndelete table inet %s\n", table,
		       table);
	return run(nft, text, "delete the table", err);
}

static const struct {
	const char *name;
	int (*run)(struct nft_ctx *nft, const char *table, struct err *err);
} verbs[] = { { "apply", apply }, { "delete", delete } };

static int serve(const char *verb, const char *table, struct err *err)
{
	struct nft_ctx *nft;
	int r;

	if (!table_is_valid(table))
		return err_input(err, EINVAL, "%s is no table of coaming", Q(table));
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!streq(verb, verbs[i].name))
			continue;
		nft = nft_ctx_new(NFT_CTX_DEFAULT);
		if (!nft)
			return err_system(err, EIO, "the nftables library does not start");
		nft_ctx_output_set_flags(nft, OUTPUT_FLAGS);
		(void)nft_ctx_buffer_output(nft);
		(void)nft_ctx_buffer_error(nft);
		r = verbs[i].run(nft, table, err);
		nft_ctx_free(nft);
		return r;
	}
	return err_input(err, EINVAL, "unknown verb %s", Q(verb));
}

/* For people and `coaming doctor`, which looks for the text in the file. */
static int print_version(void)
{
	(void)fputs("coaming-nft ", stdout);
	return puts(COAMING_VERSION) < 0 || fflush(stdout) != 0 ? ERR_SYSTEM : 0;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int r = 0;

	if (argc == 2 && streq(argv[1], "--version"))
		return print_version();
	keep_memory();
	if (argc != 3)
		r = err_input(&err, EINVAL, "this program is started by coaming-hook alone");
	if (r == 0 && (clearenv() != 0 || chdir("/") < 0 || close_range(NETNS_FD + 1, ~0U, 0) < 0))
		r = err_errno(&err, errno, "cannot prepare");
	if (r == 0)
		r = enter(&err);
	/* In the namespace this is all that is needed. */
	if (r == 0)
		r = own_capabilities(1U << CAP_NET_ADMIN, &err);
	if (r == 0)
		r = own_limits(limits, ARRAY_SIZE(limits), &err);
	if (r == 0)
		r = serve(argv[1], argv[2], &err);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "%s\n", err.text);
	return err.class == ERR_NONE ? ERR_SYSTEM : (int)err.class;
}
