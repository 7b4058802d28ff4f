/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read an OCI `seccomp` object as runc and crun read it.
 *
 * Nothing that is not understood is skipped: the runtimes skip what their libseccomp does not
 * know, and a filter that was read to be stricter than the runtime makes it is no ceiling. Names
 * of system calls are the exception, as they are new with every kernel: they stay as they are.
 *
 * Source: runtime-spec 1.2, config-linux.md, "Seccomp"; libcontainer/seccomp/seccomp_linux.go
 * (runc 1.1), src/libcrun/seccomp.c (crun 1.8).
 */
#include "profiles/filter.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/filter_docker.h"
#include "profiles/filter_words.h"

#define ARGS_MAX          6   /* of a system call */
#define CONDITIONS_MAX    6   /* of one rule: crun passes over a seventh, runc does not */
#define NAMES_LEN_MAX     128 /* the longest name that Linux has is 23 characters long */
#define ARCHITECTURES_MAX 64
#define FLAGS_MAX         16
#define ERRNO_MAX         4095  /* the kernel cuts larger ones to this */
#define DATA_MAX          65535 /* SECCOMP_RET_DATA */
#define TEXT_MAX          4096

static const char *const action_words[] = {
	"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
	"SCMP_ACT_ERRNO",        "SCMP_ACT_NOTIFY",      "SCMP_ACT_TRACE",
	"SCMP_ACT_LOG",          "SCMP_ACT_ALLOW",       "SCMP_ACT_KILL",
};
static_assert(ARRAY_SIZE(action_words) == ACTIONS_ + 1, "one word an action, and the old one");

static const char *const op_words[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
};
static_assert(ARRAY_SIZE(op_words) == OPS_, "one word an operator");

static const char *const architecture_words[] = {
	"SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
	"SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
	"SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
	"SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",
};

static const char *const flag_words[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	FILTER_FLAG_LOG,
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
};

const char *filter_action_word(enum filter_action action)
{
	return action_words[action];
}

const char *filter_op_word(enum filter_op op)
{
	return op_words[op];
}

/* What all the functions of one parse need. */
struct parse {
	const struct doc *doc;
	bool docker; /* a profile's file: Docker's format too */
	struct filter *filter;
	struct err *err;
};

/* A member that is there and not null: Go writes null for what is not set. */
static const struct node *member(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_NULL) ? NULL : node;
}

/* The place of a word in its list, or -EBADMSG. */
static int read_word(struct parse *p, const struct node *node, const char *const words[], size_t n,
		     const char *what)
{
	const char *text, *near;
	int r;

	r = node_read_string(p->doc, node, &text, p->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (streq(text, words[i]))
			return (int)i;
	}
	near = nearest_word(text, words, n);
	return err_input(p->err, EBADMSG, "%s: unknown %s %s%s%s%s", WHERE(p->doc, node), what,
			 Q(text), near ? " (did you mean " : "", near ? near : "",
			 near ? "?)" : "");
}

static int read_bounded(struct parse *p, const struct node *node, uint64_t max, uint32_t *ret)
{
	uint64_t v;
	int r;

	r = node_read_u64(p->doc, node, &v, p->err);
	if (r < 0)
		return r;
	if (v > max)
		return err_input(p->err, EBADMSG, "%s: %s: %llu is too large, the most is %llu",
				 WHERE(p->doc, node), Q(node->key), (unsigned long long)v,
				 (unsigned long long)max);
	*ret = (uint32_t)v;
	return 0;
}

/* EPERM is what both runtimes give where no number is said. */
static int read_action(struct parse *p, const struct node *object, const char *key,
		       const char *ret_key, const char *name_key, struct action *ret)
{
	const struct node *word = member(object, key), *number = member(object, ret_key);
	const struct node *name = p->docker ? member(object, name_key) : NULL;
	uint32_t v = EPERM;
	int kind, r;

	if (!word)
		return err_input(p->err, EBADMSG, "%s: \"%s\" is missing", WHERE(p->doc, object),
				 key);
	kind = read_word(p, word, action_words, ARRAY_SIZE(action_words), "action");
	if (kind < 0)
		return kind;
	if (kind == ACTIONS_)
		kind = ACT_KILL_THREAD;
	if (number) {
		r = read_bounded(p, number, kind == ACT_ERRNO ? ERRNO_MAX : DATA_MAX, &v);
		if (r < 0)
			return r;
	}
	if (name) { /* it goes before the number, in containers-common */
		r = docker_read_errno(p->doc, name, &v, p->err);
		if (r < 0)
			return r;
	}
	*ret = (struct action){ .kind = (enum filter_action)kind,
				.ret = kind == ACT_ERRNO || kind == ACT_TRACE ? v : 0 };
	return 0;
}

static int read_arg(struct parse *p, const struct node *node, struct filter_arg *ret)
{
	static const char *const keys[] = { "index", "value", "valueTwo", "op" };
	const struct node *value_two, *op;
	int r;

	r = node_expect(p->doc, node, NODE_OBJECT, p->err);
	if (r == 0)
		r = node_check_keys(p->doc, node, keys, ARRAY_SIZE(keys), p->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (i != 2 && !member(node, keys[i]))
			return err_input(p->err, EBADMSG, "%s: \"%s\" is missing",
					 WHERE(p->doc, node), keys[i]);
	}
	value_two = member(node, "valueTwo");
	op = member(node, "op");
	r = read_bounded(p, member(node, "index"), ARGS_MAX - 1, &ret->index);
	if (r == 0)
		r = node_read_u64(p->doc, member(node, "value"), &ret->value, p->err);
	if (r == 0 && value_two)
		r = node_read_u64(p->doc, value_two, &ret->value_two, p->err);
	if (r < 0)
		return r;
	r = read_word(p, op, op_words, ARRAY_SIZE(op_words), "operator");
	if (r < 0)
		return r;
	ret->op = (enum filter_op)r;
	/* libseccomp cuts the datum to the mask: it does not make the condition one that never
	 * holds. */
	ret->value_two = ret->op == OP_MASKED_EQ ? ret->value_two & ret->value : 0;
	return 0;
}

static int read_args(struct parse *p, const struct node *array, struct filter_arg **ret,
		     size_t *ret_n)
{
	_cleanup_free_ struct filter_arg *args = NULL;
	size_t n = 0;
	int r;

	if (!array)
		return 0;
	r = node_expect(p->doc, array, NODE_ARRAY, p->err);
	if (r < 0)
		return r;
	if (array->count > CONDITIONS_MAX)
		return err_input(p->err, EBADMSG, "%s: more than %d conditions in one rule",
				 WHERE(p->doc, array), CONDITIONS_MAX);
	args = calloc(array->count + 1, sizeof(*args));
	if (!args)
		return err_oom(p->err);
	node_foreach (node, array) {
		r = read_arg(p, node, &args[n++]);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(args);
	*ret_n = n;
	return 0;
}

static int add_rule(struct parse *p, const struct node *at, const struct filter_rule *rule)
{
	if (p->filter->n_rules >= FILTER_RULES_MAX)
		return err_input(p->err, EBADMSG, "%s: more than %d rules", WHERE(p->doc, at),
				 FILTER_RULES_MAX);
	return filter_add_rule(p->filter, rule, p->err);
}

static bool index_twice(const struct filter_arg *args, size_t n)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (seen & (1U << args[i].index))
			return true;
		seen |= 1U << args[i].index;
	}
	return false;
}

/*
 * The spec says that all conditions must hold. libseccomp cannot compare one argument twice, and
 * runc and crun then make each condition of the rule, of whatever argument, a rule of its own.
 */
static int add_rules(struct parse *p, const struct node *name, const struct filter_rule *rule)
{
	struct filter_rule one = *rule;
	int r;

	r = node_expect(p->doc, name, NODE_STRING, p->err);
	if (r < 0)
		return r;
	if (name->string_len == 0 || name->string_len > NAMES_LEN_MAX)
		return err_input(p->err, EBADMSG, "%s: %s is no name of a system call",
				 WHERE(p->doc, name), Q(name->string));
	one.name = (char *)(uintptr_t)name->string;
	if (!index_twice(rule->args, rule->n_args))
		return add_rule(p, name, &one);
	for (size_t i = 0; i < rule->n_args; i++) {
		one.args = &rule->args[i];
		one.n_args = 1;
		r = add_rule(p, name, &one);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_names(struct parse *p, const struct node *node, const struct filter_rule *rule)
{
	const struct node *names = member(node, "names"), *name = member(node, "name");
	int r;

	if (!names == !name)
		return err_input(p->err, EBADMSG, "%s: a rule has either \"names\" or \"name\"",
				 WHERE(p->doc, node));
	if (name)
		return add_rules(p, name, rule);
	r = node_expect(p->doc, names, NODE_ARRAY, p->err);
	if (r < 0)
		return r;
	node_foreach (each, names) {
		r = add_rules(p, each, rule);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The members of a rule; the last ones are Docker's. */
static const char *const rule_keys[] = { "names",   "name",  "action",   "args",    "errnoRet",
					 "comment", "errno", "includes", "excludes" };
#define RULE_KEYS_OCI 6

static int read_rule(struct parse *p, const struct node *node)
{
	_cleanup_free_ struct filter_arg *args = NULL;
	struct filter_rule rule = { 0 };
	bool never = false;
	int r;

	r = node_expect(p->doc, node, NODE_OBJECT, p->err);
	if (r == 0)
		r = node_check_keys(p->doc, node, rule_keys,
				    p->docker ? ARRAY_SIZE(rule_keys) : RULE_KEYS_OCI, p->err);
	if (r == 0)
		r = read_action(p, node, "action", "errnoRet", "errno", &rule.action);
	if (r == 0)
		r = read_args(p, member(node, "args"), &args, &rule.n_args);
	if (r == 0 && p->docker)
		r = docker_read_when(p->doc, node, &rule.when, &never, p->err);
	if (r < 0 || never)
		return r;
	rule.args = args;
	p->filter->conditional = p->filter->conditional || rule.when.caps_in ||
				 rule.when.caps_out || rule.when.kernel_from ||
				 rule.when.kernel_until;
	return read_names(p, node, &rule);
}

static int read_rules(struct parse *p, const struct node *array)
{
	int r;

	if (!array)
		return 0;
	r = node_expect(p->doc, array, NODE_ARRAY, p->err);
	if (r < 0)
		return r;
	node_foreach (node, array) {
		r = read_rule(p, node);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A list of words of which each is known. */
static int read_list(struct parse *p, const struct node *array, const char *const words[],
		     size_t n_words, size_t max, const char *what, char ***ret, size_t *ret_n)
{
	int r;

	if (!array)
		return 0;
	r = node_expect(p->doc, array, NODE_ARRAY, p->err);
	if (r < 0)
		return r;
	if (array->count > max)
		return err_input(p->err, EBADMSG, "%s: more than %zu entries", WHERE(p->doc, array),
				 max);
	node_foreach (node, array) {
		r = read_word(p, node, words, n_words, what);
		if (r >= 0)
			r = strv_add(ret, ret_n, words[r], p->err);
		if (r < 0)
			return r;
	}
	strv_sort_unique(*ret, ret_n);
	return 0;
}

static int read_text(struct parse *p, const struct node *node, char **ret)
{
	const char *text;
	int r;

	if (!node)
		return 0;
	r = node_read_string(p->doc, node, &text, p->err);
	if (r < 0)
		return r;
	if (node->string_len > TEXT_MAX)
		return err_input(p->err, EBADMSG, "%s: longer than %d bytes", WHERE(p->doc, node),
				 TEXT_MAX);
	if (node->string_len == 0)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : err_oom(p->err);
}

static int read_architectures(struct parse *p, const struct node *node)
{
	const struct node *list = member(node, "architectures");
	const struct node *map = p->docker ? member(node, "archMap") : NULL;
	struct filter *f = p->filter;

	if (list && map && list->count > 0 && map->count > 0)
		return err_input(p->err, EBADMSG,
				 "%s: give either \"architectures\" or \"archMap\"",
				 WHERE_KEY(p->doc, map));
	if (map && map->count > 0)
		return docker_read_arch_map(p->doc, map, &f->architectures, &f->n_architectures,
					    p->err);
	return read_list(p, list, architecture_words, ARRAY_SIZE(architecture_words),
			 ARCHITECTURES_MAX, "architecture", &f->architectures, &f->n_architectures);
}

/* The members of a filter; the last ones are Docker's. */
static const char *const filter_keys[] = {
	"defaultAction",    "defaultErrnoRet", "architectures", "flags",        "listenerPath",
	"listenerMetadata", "syscalls",        "archMap",       "defaultErrno",
};
#define FILTER_KEYS_OCI 7

static int read_filter(struct parse *p, const struct node *node)
{
	struct filter *f = p->filter;
	int r;

	r = node_expect(p->doc, node, NODE_OBJECT, p->err);
	if (r == 0)
		r = node_check_keys(p->doc, node, filter_keys,
				    p->docker ? ARRAY_SIZE(filter_keys) : FILTER_KEYS_OCI, p->err);
	if (r == 0)
		r = read_action(p, node, "defaultAction", "defaultErrnoRet", "defaultErrno",
				&f->default_action);
	if (r == 0)
		r = read_architectures(p, node);
	if (r == 0)
		r = read_list(p, member(node, "flags"), flag_words, ARRAY_SIZE(flag_words),
			      FLAGS_MAX, "flag", &f->flags, &f->n_flags);
	if (r == 0)
		r = read_text(p, member(node, "listenerPath"), &f->listener_path);
	if (r == 0)
		r = read_text(p, member(node, "listenerMetadata"), &f->listener_metadata);
	if (r == 0)
		r = read_rules(p, member(node, "syscalls"));
	return r;
}

/*
 * Who a call is referred to must be there, and be asked for something. Source: runc and crun, which
 * start no container otherwise; runc writes to its child, so that write cannot be referred.
 */
static int check_listener(const struct doc *doc, const struct node *node,
			  const struct filter *filter, struct err *err)
{
	bool notifies = false;

	if (filter->default_action.kind == ACT_NOTIFY)
		return err_input(err, EBADMSG,
				 "%s: SCMP_ACT_NOTIFY cannot be the default: no runtime takes it",
				 WHERE(doc, node_get(node, "defaultAction")));
	for (size_t i = 0; i < filter->n_rules; i++) {
		if (filter->rules[i].action.kind != ACT_NOTIFY)
			continue;
		notifies = true;
		if (streq(filter->rules[i].name, "write"))
			return err_input(err, EBADMSG,
					 "%s: SCMP_ACT_NOTIFY cannot be given to write: runtimes "
					 "need it themselves",
					 WHERE(doc, node));
	}
	if (notifies && !filter->listener_path)
		return err_input(
			err, EBADMSG,
			"%s: SCMP_ACT_NOTIFY needs \"listenerPath\", which says whom to ask",
			WHERE(doc, node));
	if (!notifies && filter->listener_path)
		return err_input(err, EBADMSG,
				 "%s: \"listenerPath\" needs a rule with SCMP_ACT_NOTIFY",
				 WHERE_KEY(doc, node_get(node, "listenerPath")));
	return 0;
}

int filter_parse(const struct doc *doc, const struct node *node, struct filter *ret,
		 struct err *err)
{
	struct filter filter = { 0 };
	struct parse p = { .doc = doc, .filter = &filter, .err = err };
	int r;

	r = read_filter(&p, node);
	if (r < 0) {
		filter_done(&filter);
		return r;
	}
	*ret = filter;
	return 0;
}

int filter_parse_profile(const struct doc *doc, const struct node *node, struct filter *ret,
			 struct err *err)
{
	struct filter filter = { 0 };
	struct parse p = { .doc = doc, .docker = true, .filter = &filter, .err = err };
	int r;

	r = read_filter(&p, node);
	if (r == 0)
		r = check_listener(doc, node, &filter, err);
	if (r < 0) {
		filter_done(&filter);
		return r;
	}
	*ret = filter;
	return 0;
}

int filter_read_architecture(const struct doc *doc, const struct node *node, char ***ret,
			     size_t *ret_n, struct err *err)
{
	struct parse p = { .doc = doc, .err = err };
	int r;

	r = read_word(&p, node, architecture_words, ARRAY_SIZE(architecture_words), "architecture");
	return r < 0 ? r : strv_add(ret, ret_n, architecture_words[r], err);
}

int filter_read_architectures(const struct doc *doc, const struct node *list, char ***ret,
			      size_t *ret_n, struct err *err)
{
	struct parse p = { .doc = doc, .err = err };

	return read_list(&p, list, architecture_words, ARRAY_SIZE(architecture_words),
			 ARCHITECTURES_MAX, "architecture", ret, ret_n);
}
