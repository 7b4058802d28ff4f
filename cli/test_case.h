/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of policy tests, see coaming-test(1): parsed, complete and checked.
 */
#ifndef COAMING_CLI_TEST_CASE_H
#define COAMING_CLI_TEST_CASE_H

#include "cli/test_request.h"
#include "profiles/connection.h"
#include "profiles/filter.h"
#include "profiles/host.h"

/* What a call shall come to. */
struct expected_call {
	const char *name;
	uint64_t args[6];
	bool allowed;  /* "allow": runs, be it logged */
	bool denied;   /* "deny": does not run, however */
	bool has_kind; /* a certain action */
	enum filter_action kind;
	bool has_errno;
	uint32_t number;
	const char *action; /* as it is written */
	const struct node *node;
};

struct expected_connection {
	struct connection connection;
	struct labels other_labels; /* of the other end, where that is a container */
	bool passes;
	const struct node *node;
};

/* Texts and nodes are the document's. What is absent is not looked at. */
struct expect {
	const struct node *profiles; /* array of names; NULL: absent */
	const char *outcome;         /* "accept"...; or NULL */
	const char *reason;          /* or NULL */
	const struct node *changes;  /* array of texts; or NULL */
	struct expected_call *calls;
	size_t n_calls;
	const struct node *caps_allowed, *caps_refused;
	uint64_t allowed_mask, refused_mask;
	const struct node *writable, *read_only; /* arrays of paths; or NULL */
	bool has_no_new_privileges, no_new_privileges;
	uint64_t pids, memory_bytes, nofile; /* 0: absent */
	struct expected_connection *connections;
	size_t n_connections;
};

struct test {
	const char *name;
	struct labels labels;
	const char *image;   /* or NULL */
	struct doc *request; /* whole config */
	struct test_exec exec;
	struct expect expect;
};

struct test_file {
	struct doc *doc;
	struct host *host;
	bool installed; /* the host's own profiles: under the rule of trust */
	struct test *tests;
	size_t n;
};

/*
 * Read a file of tests.
 *
 * config   the host configuration for files that name no profiles; NULL: the installed one
 * Errors   as of reading a file; -EBADMSG with the place, the word and the nearest known one
 */
int test_file_load(const char *path, const char *config, struct test_file *ret, struct err *err);
void test_file_done(struct test_file *file);
#define _cleanup_test_file_ _cleanup_(test_file_done)

#endif
