/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an OCI `seccomp` object to the filter that a runtime would load, without the product's
 * code: jansson reads it, libseccomp is called as runc and crun call it.
 *
 * Source: libcontainer/seccomp/seccomp_linux.go and libcontainer/specconv (runc 1.1),
 * src/libcrun/seccomp.c (crun 1.8), runtime-spec 1.2, config-linux.md, "Seccomp".
 */
#ifndef COAMING_TESTS_OCI_SECCOMP_H
#define COAMING_TESTS_OCI_SECCOMP_H

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <seccomp.h>
#include <sys/mman.h>

#include "tests/unit/bpf.h"

/* jansson's integers end at 2^63-1, so that every number is read as a string. No escapes. */
static inline json_t *oci_load(const char *text)
{
	char *out = malloc(strlen(text) * 3 + 1), *p = out;
	bool in_string = false;
	json_t *json;

	bpf_must(out != NULL);
	for (; *text; text++) {
		if (*text == '"')
			in_string = !in_string;
		if (in_string || (!isdigit((unsigned char)*text) && *text != '-')) {
			*p++ = *text;
			continue;
		}
		*p++ = '"';
		while (isdigit((unsigned char)text[1]))
			*p++ = *text++;
		*p++ = *text;
		*p++ = '"';
	}
	*p = '\0';
	json = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
	free(out);
	return json;
}

static inline uint64_t oci_number(const json_t *object, const char *key, uint64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return value ? strtoull(json_string_value(value), NULL, 10) : otherwise;
}

static inline const char *oci_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	bpf_must(text != NULL);
	return text;
}

/* Both runtimes give EPERM where no number is said. */
static inline uint32_t oci_action(const json_t *object, const char *key, const char *ret_key)
{
	static const struct {
		const char *name;
		uint32_t action;
	} actions[] = {
		{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },
		{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
		{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
		{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
		{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
		{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	};
	const char *name = oci_text(object, key);
	uint32_t number = (uint32_t)oci_number(object, ret_key, EPERM);

	if (streq(name, "SCMP_ACT_ERRNO"))
		return SCMP_ACT_ERRNO(number);
	if (streq(name, "SCMP_ACT_TRACE"))
		return SCMP_ACT_TRACE(number);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (streq(name, actions[i].name))
			return actions[i].action;
	}
	abort();
}

static inline enum scmp_compare oci_operator(const char *name)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} operators[] = {
		{ "SCMP_CMP_NE", SCMP_CMP_NE },
		{ "SCMP_CMP_LT", SCMP_CMP_LT },
		{ "SCMP_CMP_LE", SCMP_CMP_LE },
		{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
		{ "SCMP_CMP_GE", SCMP_CMP_GE },
		{ "SCMP_CMP_GT", SCMP_CMP_GT },
		{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	};

	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (streq(name, operators[i].name))
			return operators[i].op;
	}
	abort();
}

/* "SCMP_ARCH_X86_64"; 0 where this libseccomp does not know it. */
static inline uint32_t oci_architecture(const char *name)
{
	char lower[32] = "";

	bpf_must(strncmp(name, "SCMP_ARCH_", 10) == 0 && strlen(name) < 10 + sizeof(lower));
	for (size_t i = 0; name[10 + i]; i++)
		lower[i] = (char)tolower((unsigned char)name[10 + i]);
	return seccomp_arch_resolve_name(lower);
}

#define OCI_ARGS_MAX 6

/* Conditions of one rule; true where an argument stands in two of them. */
static inline bool oci_conditions(const json_t *rule, struct scmp_arg_cmp out[OCI_ARGS_MAX],
				  unsigned int *ret_n)
{
	const json_t *args = json_object_get(rule, "args"), *arg;
	unsigned int count[OCI_ARGS_MAX] = { 0 };
	bool twice = false;
	size_t i;

	*ret_n = 0;
	json_array_foreach(args, i, arg)
	{
		unsigned int index = (unsigned int)oci_number(arg, "index", 0);

		bpf_must(index < OCI_ARGS_MAX && i < OCI_ARGS_MAX);
		out[(*ret_n)++] = (struct scmp_arg_cmp){
			.arg = index,
			.op = oci_operator(oci_text(arg, "op")),
			.datum_a = oci_number(arg, "value", 0),
			.datum_b = oci_number(arg, "valueTwo", 0),
		};
		twice = twice || ++count[index] > 1;
	}
	return twice;
}

static inline int oci_add_rule(scmp_filter_ctx ctx, const json_t *rule, uint32_t action)
{
	struct scmp_arg_cmp cmp[OCI_ARGS_MAX];
	unsigned int n;
	bool twice = oci_conditions(rule, cmp, &n);
	const json_t *name;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(rule, "names"), i, name)
	{
		int nr = seccomp_syscall_resolve_name(json_string_value(name));

		if (nr == __NR_SCMP_ERROR)
			continue;
		for (unsigned int k = 0; r == 0 && twice && k < n; k++)
			r = seccomp_rule_add_array(ctx, action, nr, 1, &cmp[k]);
		if (r == 0 && !twice)
			r = seccomp_rule_add_array(ctx, action, nr, n, cmp);
	}
	return r;
}

static inline int oci_fill(scmp_filter_ctx ctx, const json_t *json)
{
	uint32_t fallback = oci_action(json, "defaultAction", "defaultErrnoRet");
	const json_t *rules = json_object_get(json, "syscalls"), *each;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(json, "architectures"), i, each)
	{
		r = seccomp_arch_add(ctx, oci_architecture(json_string_value(each)));
		if (r < 0 && r != -EEXIST)
			return r;
	}
	/* runc does so, crun does not: both trees are tried. */
	if (json_array_size(rules) > 32)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = 0;
	json_array_foreach(rules, i, each)
	{
		uint32_t action = oci_action(each, "action", "errnoRet");

		if (action != fallback && r == 0)
			r = oci_add_rule(ctx, each, action);
	}
	return r;
}

/* 0 and the filter, or what libseccomp answered. */
static inline int oci_compile(const json_t *json, struct bpf *ret)
{
	scmp_filter_ctx ctx = seccomp_init(oci_action(json, "defaultAction", "defaultErrnoRet"));
	int fd = memfd_create("bpf", MFD_CLOEXEC), r;
	off_t len;

	bpf_must(ctx && fd >= 0);
	r = oci_fill(ctx, json);
	if (r == 0)
		r = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	if (r == 0) {
		len = lseek(fd, 0, SEEK_END);
		bpf_must(len > 0);
		ret->code = malloc((size_t)len);
		ret->n = (size_t)len / sizeof(*ret->code);
		bpf_must(ret->code && pread(fd, ret->code, (size_t)len, 0) == len);
	}
	close(fd);
	return r;
}

#endif
