/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's format of a filter: what of it is there for which container, machine and kernel.
 *
 * The model is made here, from moby's and containers-common's own words: it walks through the JSON
 * with jansson and gives an OCI filter of the rules that count. What the product makes of both must
 * be the same, rule by rule and number by number.
 */
#include "profiles/filter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>

#include "profiles/caps.h"
#include "profiles/filter_fallback.h"
#include "tests/unit/default_filter.h"

/* ---- the model ---- */

struct container {
	const char *caps[64];
	int major, minor; /* 0: not known */
};

static bool array_has(const json_t *array, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

static bool has_cap(const struct container *c, const char *cap)
{
	for (size_t i = 0; c->caps[i]; i++) {
		if (strcmp(c->caps[i], cap) == 0)
			return true;
	}
	return false;
}

static bool is_at_least(const struct container *c, const char *version)
{
	int major, minor;

	assert_int_equal(sscanf(version, "%d.%d", &major, &minor), 2);
	return c->major > major || (c->major == major && c->minor >= minor);
}

static const char *machine(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
	return "s390x";
#endif
}

static bool is_included(const struct container *c, const json_t *in)
{
	const json_t *arches = json_object_get(in, "arches"), *caps = json_object_get(in, "caps");
	const json_t *kernel = json_object_get(in, "minKernel"), *cap;
	size_t i;

	if (json_array_size(arches) > 0 && !array_has(arches, machine()))
		return false;
	json_array_foreach(caps, i, cap)
	{
		if (!has_cap(c, json_string_value(cap)))
			return false;
	}
	return !kernel || is_at_least(c, json_string_value(kernel));
}

static bool is_excluded(const struct container *c, const json_t *out)
{
	const json_t *kernel = json_object_get(out, "minKernel"), *cap;
	size_t i;

	if (array_has(json_object_get(out, "arches"), machine()))
		return true;
	json_array_foreach(json_object_get(out, "caps"), i, cap)
	{
		if (has_cap(c, json_string_value(cap)))
			return true;
	}
	return kernel && is_at_least(c, json_string_value(kernel));
}

/* "EPERM" and so on, where both a name and a number stand the name goes first. */
static void take_errno(json_t *object, const char *name_key, const char *number_key)
{
	static const struct {
		const char *name;
		int number;
	} known[] = { { "EPERM", 1 }, { "ENOSYS", 38 }, { "EINVAL", 22 } };
	const char *name = json_string_value(json_object_get(object, name_key));

	for (size_t i = 0; name && i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, name) == 0)
			json_object_set_new(object, number_key, json_integer(known[i].number));
	}
	json_object_del(object, name_key);
}

static void take_rule(json_t *rule)
{
	if (json_object_get(rule, "name")) {
		json_object_set_new(rule, "names", json_pack("[O]", json_object_get(rule, "name")));
		json_object_del(rule, "name");
	}
	take_errno(rule, "errno", "errnoRet");
	json_object_del(rule, "includes");
	json_object_del(rule, "excludes");
}

static void take_architectures(json_t *filter)
{
	json_t *map = json_object_get(filter, "archMap"), *list = json_array(), *entry, *below;
	size_t i, k;

	json_array_foreach(map, i, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "architecture"));

#if defined(__x86_64__)
		if (strcmp(name, "SCMP_ARCH_X86_64") != 0)
			continue;
#elif defined(__aarch64__)
		if (strcmp(name, "SCMP_ARCH_AARCH64") != 0)
			continue;
#else
		if (strcmp(name, "SCMP_ARCH_S390X") != 0)
			continue;
#endif
		json_array_append_new(list, json_string(name));
		json_array_foreach(json_object_get(entry, "subArchitectures"), k, below)
			json_array_append(list, below);
		break;
	}
	json_object_set_new(filter, "architectures", list);
	json_object_del(filter, "archMap");
}

/* The OCI filter of one container. free() */
static char *model(const char *text, const struct container *c)
{
	json_t *filter = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *rule;
	json_t *rules = json_object_get(filter, "syscalls"), *kept = json_array();
	char *out;
	size_t i;

	assert_non_null(filter);
	json_array_foreach(rules, i, rule)
	{
		if (!is_included(c, json_object_get(rule, "includes")) ||
		    is_excluded(c, json_object_get(rule, "excludes")))
			continue;
		take_rule(rule);
		json_array_append(kept, rule);
	}
	json_object_set_new(filter, "syscalls", kept);
	take_errno(filter, "defaultErrno", "defaultErrnoRet");
	take_architectures(filter);
	out = json_dumps(filter, JSON_COMPACT);
	json_decref(filter);
	return out;
}

/* ---- the product ---- */

static uint64_t mask_of(const struct container *c)
{
	uint64_t mask = 0;

	for (size_t i = 0; c->caps[i]; i++)
		mask |= CAP_MASK(cap_number(c->caps[i]));
	return mask;
}

static char *emitted(const struct filter *filter)
{
	struct buf out = { 0 };
	struct emit e = EMIT(&out);

	filter_emit(&e, filter);
	return buf_take(&out);
}

static char *product(const char *text, const struct container *c)
{
	struct filter filter = { 0 }, resolved = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	char *out;

	if (doc_parse(&doc, "docker.json", text, strlen(text), &err) < 0 ||
	    filter_parse_profile(doc, doc_root(doc), &filter, &err) < 0 ||
	    filter_resolve(&filter, mask_of(c), FILTER_KERNEL(c->major, c->minor), &resolved,
			   &err) < 0)
		fail_msg("%s", err.text);
	out = emitted(&resolved);
	filter_done(&filter);
	filter_done(&resolved);
	return out;
}

static char *product_of_oci(const char *text)
{
	struct filter filter = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	char *out;

	if (doc_parse(&doc, "oci.json", text, strlen(text), &err) < 0 ||
	    filter_parse(doc, doc_root(doc), &filter, &err) < 0 ||
	    filter_add_fallbacks(&filter, &err) < 0)
		fail_msg("%s", err.text);
	out = emitted(&filter);
	filter_done(&filter);
	return out;
}

#define DOCKER_CAPS                                                                                \
	"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID",            \
		"CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP",     \
		"CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"

static const struct container containers[] = {
	{ { NULL }, 6, 1 },
	{ { DOCKER_CAPS }, 6, 1 },
	{ { DOCKER_CAPS }, 4, 8 },
	{ { DOCKER_CAPS }, 4, 7 },
	{ { DOCKER_CAPS }, 3, 10 },
	{ { DOCKER_CAPS }, 10, 0 },
	{ { DOCKER_CAPS, "CAP_SYS_ADMIN" }, 6, 1 },
	{ { "CAP_SYS_ADMIN" }, 4, 7 },
	{ { "CAP_SYS_PTRACE", "CAP_SYS_TIME" }, 4, 7 },
	{ { "CAP_AUDIT_WRITE" }, 6, 1 },
	{ { "CAP_SYS_PTRACE", "CAP_SYS_BOOT", "CAP_SYSLOG", "CAP_SYS_RAWIO", "CAP_SYS_MODULE" },
	  6,
	  18 },
};

static void agree(const char *what, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(containers); i++) {
		char *oci = model(text, &containers[i]), *wanted = product_of_oci(oci);
		char *got = product(text, &containers[i]);

		if (strcmp(got, wanted) != 0) {
			(void)fprintf(stderr, "%s\nnot\n%s\n", got, wanted);
			fail_msg("%s, container %zu", what, i);
		}
		free(oci);
		free(wanted);
		free(got);
	}
}

static void test_defaults(void **state)
{
	_cleanup_buf_ struct buf moby = { 0 }, containers_common = { 0 };

	moby_format_filter(&moby);
	containers_format_filter(&containers_common);
	agree("moby", moby.data);
	agree("containers-common", containers_common.data);
}

/* One rule for read under every combination of conditions. */
static void test_conditions(void **state)
{
	static const char *const parts[] = {
		"",
		"\"caps\":[]",
		"\"caps\":[\"CAP_SYS_ADMIN\"]",
		"\"caps\":[\"CAP_SYS_PTRACE\",\"CAP_SYS_TIME\"]",
		"\"arches\":[\"amd64\",\"arm64\"]",
		"\"arches\":[\"s390x\",\"ppc64le\"]",
		"\"minKernel\":\"4.8\"",
		"\"minKernel\":\"4.7\",\"caps\":[\"CAP_CHOWN\"]",
		"\"minKernel\":\"10.0\",\"arches\":[\"amd64\"],\"caps\":[\"CAP_KILL\"]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts) * ARRAY_SIZE(parts); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "{\"defaultAction\":\"SCMP_ACT_ERRNO\"," ARCH_MAP
			       "\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
			       "\"includes\":{%s},\"excludes\":{%s}}]}",
			       parts[i / ARRAY_SIZE(parts)], parts[i % ARRAY_SIZE(parts)]);
		agree(text, text);
	}
}

/* Where the kernel is not known, only what is stricter than the default counts. */
static void test_unknown_kernel(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":["
		"{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"includes\":{\"minKernel\":\"1.0\"}},"
		"{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"minKernel\":"
		"\"99.0\"}},"
		"{\"names\":[\"keyctl\"],\"action\":\"SCMP_ACT_KILL_PROCESS\","
		"\"includes\":{\"minKernel\":"
		"\"99.0\"}}]}";
	const struct container unknown = { { NULL }, 0, 0 };
	char *out = product(text, &unknown);

	assert_string_equal(out, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
				 "\"flags\":[],\"syscalls\":[{\"names\":[\"keyctl\"],\"action\":"
				 "\"SCMP_ACT_KILL_PROCESS\"}]}");
	free(out);
}

/* ---- calls with a fallback ---- */

static const struct {
	const char *filter, *wanted; /* what the text holds of clone3 */
} fallbacks[] = {
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", "\"clone3\"" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":13}", "\"clone3\"" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}", NULL },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", NULL },
	{ "{\"defaultAction\":\"SCMP_ACT_KILL\"}", NULL },
};

static void test_fallbacks(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(fallbacks); i++) {
		const struct container c = { { NULL }, 6, 1 };
		char *out = product(fallbacks[i].filter, &c);

		if (fallbacks[i].wanted)
			assert_non_null(strstr(out, fallbacks[i].wanted));
		else
			assert_null(strstr(out, "clone3"));
		if (fallbacks[i].wanted)
			assert_non_null(strstr(out, "\"SCMP_ACT_ERRNO\",\"errnoRet\":38"));
		free(out);
	}
	/* What a filter names it knows. */
	{
		const struct container c = { { NULL }, 6, 1 };
		char *out =
			product("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":"
				"[\"clone3\"],\"action\":\"SCMP_ACT_TRAP\"}]}",
				&c);

		assert_non_null(
			strstr(out, "{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_TRAP\"}"));
		free(out);
	}
}

/* ---- what is refused ---- */

#define RULE(members)                                                                              \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":"    \
	"\"SCMP_ACT_ALLOW\"," members "}]}"

static const struct {
	const char *text, *sentence;
} bad[] = {
	{ RULE("\"includes\":{\"cap\":[]}"), "unknown key \"cap\" (did you mean \"caps\"?)" },
	{ RULE("\"includes\":[]"), "expected an object" },
	{ RULE("\"includes\":{\"caps\":[\"CAP_SYS_ADMN\"]}"),
	  "unknown capability \"CAP_SYS_ADMN\" (did you mean SYS_ADMIN?)" },
	{ RULE("\"excludes\":{\"arches\":[\"amd46\"]}"),
	  "unknown architecture \"amd46\" (did you mean amd64?)" },
	{ RULE("\"includes\":{\"minKernel\":\"4\"}"), "\"4\" is no version of a kernel" },
	{ RULE("\"includes\":{\"minKernel\":\"4.8.1\"}"), "is no version of a kernel" },
	{ RULE("\"includes\":{\"minKernel\":\"-4.8\"}"), "is no version of a kernel" },
	{ RULE("\"includes\":{\"minKernel\":\"4.-8\"}"), "is no version of a kernel" },
	{ RULE("\"includes\":{\"minKernel\":\"999.1\"}"), "is no version of a kernel" },
	{ RULE("\"includes\":{\"minKernel\":4.8}"), "expected a string" },
	{ RULE("\"errno\":\"EPREM\""), "unknown errno \"EPREM\" (did you mean EPERM?)" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"NO\"}",
	  "unknown errno \"NO\"" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\"," ARCH_MAP
	  "\"architectures\":[\"SCMP_ARCH_X86\"]}",
	  "give either \"architectures\" or \"archMap\"" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":"
	  "\"SCMP_ARCH_X68\"}]}",
	  "unknown architecture \"SCMP_ARCH_X68\"" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{}]}",
	  "\"architecture\" is missing" },
	{ "{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/l\"}",
	  "SCMP_ACT_NOTIFY cannot be the default" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/l\"}",
	  "\"listenerPath\" needs a rule with SCMP_ACT_NOTIFY" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"bpf\"],\"action\":"
	  "\"SCMP_ACT_NOTIFY\"}]}",
	  "SCMP_ACT_NOTIFY needs \"listenerPath\"" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/l\",\"syscalls\":[{\"names\":["
	  "\"write\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
	  "cannot be given to write" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		struct filter filter = { 0 };
		struct err err = { 0 };

		assert_int_equal(doc_parse(&doc, "f.json", bad[i].text, strlen(bad[i].text), &err),
				 0);
		assert_int_equal(filter_parse_profile(doc, doc_root(doc), &filter, &err), -EBADMSG);
		assert_int_equal(err.class, ERR_INPUT);
		if (strncmp(err.text, "f.json:1:", 9) != 0 || !strstr(err.text, bad[i].sentence))
			fail_msg("%s\n%s", bad[i].text, err.text);
	}
}

/* A container's config is no place for it: the runtimes would pass over what they do not know. */
static void test_config(void **state)
{
	static const char *const texts[] = {
		RULE("\"includes\":{}"),
		RULE("\"excludes\":{}"),
		RULE("\"errno\":\"EPERM\""),
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"EPERM\"}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		struct filter filter = { 0 };
		struct err err = { 0 };

		assert_int_equal(doc_parse(&doc, "f.json", texts[i], strlen(texts[i]), &err), 0);
		assert_int_equal(filter_parse(doc, doc_root(doc), &filter, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "unknown key"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_unknown_kernel),
		cmocka_unit_test(test_fallbacks),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
