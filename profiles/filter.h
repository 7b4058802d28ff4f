/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seccomp filter as runtime-spec's `linux.seccomp` says it, in the reading of runc and crun,
 * and the meet of two.
 *
 * Source: runtime-spec 1.2, config-linux.md, "Seccomp"; seccomp(2).
 */
#ifndef COAMING_PROFILES_FILTER_H
#define COAMING_PROFILES_FILTER_H

#include "lib/doc.h"
#include "lib/emit.h"

/* The kernel's precedence, strictest first. Zero is the strictest. */
enum filter_action {
	ACT_KILL_PROCESS,
	ACT_KILL_THREAD, /* also "SCMP_ACT_KILL" */
	ACT_TRAP,
	ACT_ERRNO,
	ACT_NOTIFY,
	ACT_TRACE,
	ACT_LOG,
	ACT_ALLOW,
	ACTIONS_,
};

struct action {
	enum filter_action kind;
	uint32_t ret; /* errno of ACT_ERRNO, data of ACT_TRACE; else 0 */
};

enum filter_op { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_MASKED_EQ, OPS_ };

struct filter_arg {
	uint32_t index; /* 0 to 5 */
	uint64_t value;
	uint64_t value_two; /* OP_MASKED_EQ: the datum; `value` is then the mask */
	enum filter_op op;
};

/* When a rule is there: Docker's `includes` and `excludes`. All zero: always. */
struct filter_when {
	uint64_t caps_in;      /* the container has all of these */
	uint64_t caps_out;     /* and none of these */
	uint32_t kernel_from;  /* FILTER_KERNEL(); it runs on this or a later one; 0: any */
	uint32_t kernel_until; /* and on one before this; 0: any */
};
#define FILTER_KERNEL(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

struct filter_rule {
	char *name; /* one system call */
	struct filter_when when;
	struct action action;
	struct filter_arg *args; /* all must hold; none: the call as a whole */
	size_t n_args;
	/* Said twice by filter_emit(), for both values of a bit of this argument; 0: once. */
	uint8_t apart, apart_bit;
	bool coarse; /* in place of rules with conditions, as filter_coarse_fn is told */
};

struct filter {
	struct action default_action;
	char **architectures; /* "SCMP_ARCH_X86_64"...; none: the native one */
	size_t n_architectures;
	bool any_architecture; /* a profile's list that holds for whatever the other side has */
	char **flags;
	size_t n_flags;
	char *listener_path, *listener_metadata; /* or NULL */
	struct filter_rule *rules;
	size_t n_rules;
	bool conditional; /* some rule has a `when`: filter_resolve() before anything else */
};

/* The kernel's audit gets a record of each call that the filter refuses. */
#define FILTER_FLAG_LOG "SECCOMP_FILTER_FLAG_LOG"

#define FILTER_RULES_MAX 20000

/*
 * Parse an OCI `seccomp` object. Unknown actions, operators, a seventh argument, arguments that
 * index twice are handled as the runtimes do or refused, never skipped.
 */
int filter_parse(const struct doc *doc, const struct node *node, struct filter *ret,
		 struct err *err);
/*
 * The same for a profile's file, which may also be in Docker's format (moby, containers-common,
 * Kubernetes' nodes): `archMap`, `includes` and `excludes` by `caps`, `arches` and `minKernel`,
 * `name`, errno numbers by name. What depends on the machine's architecture is decided here, the
 * rest by filter_resolve().
 */
int filter_parse_profile(const struct doc *doc, const struct node *node, struct filter *ret,
			 struct err *err);
/*
 * A filter for one container: without the rules that are not for it.
 *
 * bounding  the container's bounding set, as a mask
 * kernel    FILTER_KERNEL(); 0: not known, then of what depends on it only that counts which is
 *           stricter than the default
 */
int filter_resolve(const struct filter *filter, uint64_t bounding, uint32_t kernel,
		   struct filter *ret, struct err *err);
/* Write it back as an OCI `seccomp` object; equal filters give equal text. */
void filter_emit(struct emit *e, const struct filter *filter);
/* A copy of a rule at the end. -ENOMEM */
int filter_add_rule(struct filter *filter, const struct filter_rule *rule, struct err *err);
void filter_done(struct filter *filter);

/*
 * Everything a filter forbids, the result forbids. Where the exact meet needs rules that
 * libseccomp 2.5 is known to get wrong, something stricter is taken, and told: conditions on those
 * bits only that the kernel takes of an argument, or the stricter action for the whole call.
 *
 * coarse   called once for each such call (may be NULL)
 * Errors   -ENOTEMPTY no architecture in common; -ENOMEM
 */
typedef void filter_coarse_fn(void *arg, const char *syscall, const char *why);
int filter_meet(const struct filter *a, const struct filter *b, struct filter *ret,
		filter_coarse_fn *coarse, void *arg, struct err *err);
/* Was it the whole call that was told? */
bool filter_coarse_is_whole(const char *why);

/* The action for one call with its arguments: the model that tests hold compiled filters to. */
struct action filter_eval(const struct filter *filter, const char *syscall, const uint64_t args[6]);
/* Stricter first; equal kinds by the defined order of errno values. <0, 0, >0 */
int action_compare(struct action a, struct action b);
/* A rule that the runtimes pass over, since it says what the default says. */
bool filter_skips(const struct filter *filter, const struct filter_rule *rule);
/*
 * As filters: same meaning rule by rule (not only the same text). Numbers do not count, since they
 * confine nothing, and so neither do rules of the kind of the default.
 */
bool filter_equal(const struct filter *a, const struct filter *b);

#endif
