/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Docker's format has beyond the specification's: rules that are there for some containers,
 * architectures and kernels only.
 */
#include "profiles/filter_docker.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/errno_name.h"
#include "profiles/filter_fallback.h"
#include "profiles/filter_words.h"

#define ARCHITECTURES_MAX 64

/* ---- errno by name ---- */

int docker_read_errno(const struct doc *doc, const struct node *node, uint32_t *ret,
		      struct err *err)
{
	const char *near, *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0 || errno_number(text, ret) == 0)
		return r;
	near = errno_nearest(text);
	return err_input(err, EBADMSG, "%s: unknown errno %s%s%s%s", WHERE(doc, node), Q(text),
			 near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* ---- architectures ---- */

/* By Docker's name, which is Go's with exceptions. */
static const struct {
	const char *docker;
	const char *oci;
} machines[] = {
	{ "amd64", "SCMP_ARCH_X86_64" },
	{ "x86", "SCMP_ARCH_X86" },
	{ "386", "SCMP_ARCH_X86" },
	{ "x32", "SCMP_ARCH_X32" },
	{ "arm", "SCMP_ARCH_ARM" },
	{ "arm64", "SCMP_ARCH_AARCH64" },
	{ "loong64", "SCMP_ARCH_LOONGARCH64" },
	{ "loongarch64", "SCMP_ARCH_LOONGARCH64" },
	{ "mips", "SCMP_ARCH_MIPS" },
	{ "mips64", "SCMP_ARCH_MIPS64" },
	{ "mips64n32", "SCMP_ARCH_MIPS64N32" },
	{ "mipsel", "SCMP_ARCH_MIPSEL" },
	{ "mipsel64", "SCMP_ARCH_MIPSEL64" },
	{ "mipsel64n32", "SCMP_ARCH_MIPSEL64N32" },
	{ "ppc", "SCMP_ARCH_PPC" },
	{ "ppc64", "SCMP_ARCH_PPC64" },
	{ "ppc64le", "SCMP_ARCH_PPC64LE" },
	{ "riscv64", "SCMP_ARCH_RISCV64" },
	{ "s390", "SCMP_ARCH_S390" },
	{ "s390x", "SCMP_ARCH_S390X" },
	{ "parisc", "SCMP_ARCH_PARISC" },
	{ "parisc64", "SCMP_ARCH_PARISC64" },
};

static int read_machine(const struct doc *doc, const struct node *node, bool *ret_native,
			struct err *err)
{
	const char *names[ARRAY_SIZE(machines)];
	const char *near, *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (streq(text, machines[i].docker)) {
			*ret_native = streq(machines[i].oci, FILTER_ARCH_NATIVE);
			return 0;
		}
		names[i] = machines[i].docker;
	}
	near = nearest_word(text, names, ARRAY_SIZE(names));
	return err_input(err, EBADMSG, "%s: unknown architecture %s%s%s%s", WHERE(doc, node),
			 Q(text), near ? " (did you mean " : "", near ? near : "",
			 near ? "?)" : "");
}

/* *ret_named: the list names this machine. *ret_any: it names any. */
static int read_machines(const struct doc *doc, const struct node *list, bool *ret_any,
			 bool *ret_named, struct err *err)
{
	int r;

	*ret_any = *ret_named = false;
	if (!list || list->type == NODE_NULL)
		return 0;
	r = node_expect_list(doc, list, ARCHITECTURES_MAX, err);
	node_foreach (node, list) {
		bool native = false;

		if (r == 0)
			r = read_machine(doc, node, &native, err);
		*ret_any = true;
		*ret_named = *ret_named || native;
	}
	return r;
}

static int read_entry(const struct doc *doc, const struct node *entry, bool *ret_native,
		      char ***ret, size_t *ret_n, struct err *err)
{
	static const char *const keys[] = { "architecture", "subArchitectures" };
	const struct node *name, *below;
	char **found = NULL;
	size_t n = 0;
	int r;

	r = node_expect(doc, entry, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, entry, keys, ARRAY_SIZE(keys), err);
	if (r < 0)
		return r;
	name = node_get(entry, "architecture");
	below = node_get(entry, "subArchitectures");
	if (!name)
		return err_input(err, EBADMSG, "%s: \"architecture\" is missing",
				 WHERE(doc, entry));
	if (node_is(below, NODE_NULL))
		below = NULL;
	r = node_expect(doc, name, NODE_STRING, err);
	if (r == 0)
		r = filter_read_architecture(doc, name, &found, &n, err);
	if (r == 0 && below)
		r = filter_read_architectures(doc, below, &found, &n, err);
	*ret_native = r == 0 && streq(name->string, FILTER_ARCH_NATIVE);
	if (*ret_native) {
		*ret = take_ptr(found);
		*ret_n = n;
		return 0;
	}
	strv_free(&found, &n);
	return r;
}

int docker_read_arch_map(const struct doc *doc, const struct node *list, char ***ret, size_t *ret_n,
			 struct err *err)
{
	int r;

	if (!list)
		return 0;
	r = node_expect_list(doc, list, ARCHITECTURES_MAX, err);
	if (r < 0)
		return r;
	node_foreach (entry, list) {
		char **found = NULL;
		bool native = false;
		size_t n = 0;

		r = read_entry(doc, entry, &native, &found, &n, err);
		if (r < 0)
			return r;
		/* The first entry of this machine is the one that Docker takes. */
		if (native && *ret_n == 0) {
			*ret = take_ptr(found);
			*ret_n = n;
			n = 0;
		}
		strv_free(&found, &n);
	}
	return 0;
}

/* ---- includes, excludes ---- */

/* "4.8" */
static int read_kernel(const struct doc *doc, const struct node *node, uint32_t *ret,
		       struct err *err)
{
	const char *text;
	unsigned long major, minor;
	char *end;
	int r;

	if (!node || node->type == NODE_NULL)
		return 0;
	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	major = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && end[0] == '.' && end[1] >= '0' && end[1] <= '9') {
		minor = strtoul(end + 1, &end, 10);
		if (*end == '\0' && major < 256 && minor < 65536 && (major || minor)) {
			*ret = FILTER_KERNEL(major, minor);
			return 0;
		}
	}
	return err_input(err, EBADMSG,
			 "%s: %s is no version of a kernel: two numbers such as \"4.8\" are "
			 "expected",
			 WHERE(doc, node), Q(text));
}

static int read_caps(const struct doc *doc, const struct node *list, uint64_t *ret, struct err *err)
{
	return !list || list->type == NODE_NULL ? 0 : caps_parse(doc, list, ret, err);
}

/* One of the two members; absent, null and empty say nothing. */
static int read_filter(const struct doc *doc, const struct node *node, uint64_t *caps,
		       uint32_t *kernel, bool *any, bool *named, struct err *err)
{
	static const char *const keys[] = { "caps", "arches", "minKernel" };
	int r;

	*any = *named = false;
	if (!node || node->type == NODE_NULL)
		return 0;
	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = read_caps(doc, node_get(node, "caps"), caps, err);
	if (r == 0)
		r = read_machines(doc, node_get(node, "arches"), any, named, err);
	if (r == 0)
		r = read_kernel(doc, node_get(node, "minKernel"), kernel, err);
	return r;
}

int docker_read_when(const struct doc *doc, const struct node *rule, struct filter_when *ret,
		     bool *ret_never, struct err *err)
{
	struct filter_when when = { 0 };
	bool any_in = false, in = false, any_out = false, out = false;
	int r;

	r = read_filter(doc, node_get(rule, "includes"), &when.caps_in, &when.kernel_from, &any_in,
			&in, err);
	if (r == 0)
		r = read_filter(doc, node_get(rule, "excludes"), &when.caps_out, &when.kernel_until,
				&any_out, &out, err);
	if (r < 0)
		return r;
	*ret = when;
	*ret_never = (any_in && !in) || out;
	return 0;
}

/* ---- for one container ---- */

static bool depends_on_kernel(const struct filter_when *when)
{
	return when->kernel_from || when->kernel_until;
}

static bool is_for(const struct filter *filter, const struct filter_rule *rule, uint64_t bounding,
		   uint32_t kernel)
{
	const struct filter_when *when = &rule->when;

	if ((when->caps_in & ~bounding) || (when->caps_out & bounding))
		return false;
	if (depends_on_kernel(when) && kernel == 0)
		return action_compare(rule->action, filter->default_action) < 0;
	return kernel >= when->kernel_from && (!when->kernel_until || kernel < when->kernel_until);
}

static int copy_head(const struct filter *from, struct filter *to, struct err *err)
{
	int r = 0;

	to->default_action = from->default_action;
	to->any_architecture = from->any_architecture;
	for (size_t i = 0; r == 0 && i < from->n_architectures; i++)
		r = strv_add(&to->architectures, &to->n_architectures, from->architectures[i], err);
	for (size_t i = 0; r == 0 && i < from->n_flags; i++)
		r = strv_add(&to->flags, &to->n_flags, from->flags[i], err);
	if (r == 0 && from->listener_path && !(to->listener_path = strdup(from->listener_path)))
		r = err_oom(err);
	if (r == 0 && from->listener_metadata &&
	    !(to->listener_metadata = strdup(from->listener_metadata)))
		r = err_oom(err);
	return r;
}

int filter_resolve(const struct filter *filter, uint64_t bounding, uint32_t kernel,
		   struct filter *ret, struct err *err)
{
	struct filter out = { 0 };
	int r;

	r = copy_head(filter, &out, err);
	for (size_t i = 0; r == 0 && i < filter->n_rules; i++) {
		struct filter_rule rule = filter->rules[i];

		if (!is_for(filter, &rule, bounding, kernel))
			continue;
		rule.when = (struct filter_when){ 0 };
		r = filter_add_rule(&out, &rule, err);
	}
	/* Only now it is known which calls it names. */
	if (r == 0)
		r = filter_add_fallbacks(&out, err);
	if (r < 0) {
		filter_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}
