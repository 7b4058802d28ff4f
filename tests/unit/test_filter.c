/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/filter*.c: an OCI filter is read as runc and crun read it or refused with a sentence,
 * written as text that reads the same, met call by call. What the compiled filter does is
 * test_filter_truth.c's.
 */
#include "profiles/filter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "profiles/filter_narrow.h"
#include "tests/unit/says.h"

static int read_filter(const char *text, struct filter *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "f", text, strlen(text), err);

	return r < 0 ? r : filter_parse(doc, doc_root(doc), ret, err);
}

static void must_read(const char *text, struct filter *ret)
{
	struct err err = { 0 };

	if (read_filter(text, ret, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
}

/* As a profile's file. */
static void must_read_profile(const char *text, struct filter *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	must_read(text, ret);
	if (doc_parse(&doc, "f", text, strlen(text), &err) < 0 ||
	    filter_narrow(doc, doc_root(doc), ret, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
}

static char *written(const struct filter *filter)
{
	struct buf out = { 0 };
	struct emit e = EMIT(&out);
	char *text;

	filter_emit(&e, filter);
	text = buf_take(&out);
	assert_non_null(text);
	return text;
}

/* ---- reading ---- */

#define DENY        "\"defaultAction\":\"SCMP_ACT_ERRNO\""
#define RULE(inner) "{" DENY ",\"syscalls\":[{\"names\":[\"read\"]," inner "}]}"
#define ALLOW_IF(arg)                                                                              \
	RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"op\":\"SCMP_CMP_EQ\"," arg "}]")

static const struct {
	const char *text;
	const char *sentence;
} bad[] = {
	{ "[]", "f:1:1: expected an object" },
	{ "{}", "f:1:1: \"defaultAction\" is missing" },
	{ "{\"defaultAction\":null}", "f:1:1: \"defaultAction\" is missing" },
	{ "{\"defaultAction\":\"\"}", "f:1:18: unknown action \"\"" },
	{ "{\"defaultAction\":1}", "f:1:18: \"defaultAction\": expected a string, not a number" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERNO\"}",
	  "f:1:18: unknown action \"SCMP_ACT_ERNO\" (did you mean SCMP_ACT_ERRNO?)" },
	{ "{\"defaultAction\":\"scmp_act_allow\"}", "unknown action \"scmp_act_allow\"" },
	{ "{" DENY ",\"defaultErrnoRet\":4096}", "4096 is too large, the most is 4095" },
	{ "{" DENY ",\"defaultErrnoRet\":-1}", "defaultErrnoRet" },
	{ "{" DENY ",\"defaultErrnoRet\":\"EPERM\"}", "\"defaultErrnoRet\": expected" },
	{ "{" DENY ",\"defaultErrno\":1}", "unknown key \"defaultErrno\"" },
	{ "{" DENY ",\"architectures\":\"SCMP_ARCH_X86\"}", "expected an array" },
	{ "{" DENY ",\"architectures\":[\"SCMP_ARCH_X68\"]}",
	  "unknown architecture \"SCMP_ARCH_X68\" (did you mean SCMP_ARCH_X86?)" },
	{ "{" DENY ",\"architectures\":[\"x86_64\"]}", "unknown architecture \"x86_64\"" },
	{ "{" DENY ",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYN\"]}",
	  "unknown flag \"SECCOMP_FILTER_FLAG_TSYN\" (did you mean SECCOMP_FILTER_FLAG_TSYNC?)" },
	{ "{" DENY ",\"flags\":[1]}", "expected a string" },
	{ "{" DENY ",\"listenerPath\":1}", "\"listenerPath\": expected a string" },
	{ "{" DENY ",\"syscalls\":{}}", "expected an array" },
	{ "{" DENY ",\"syscalls\":[null]}", "expected an object" },
	{ "{" DENY ",\"syscalls\":[{\"names\":[\"read\"]}]}", "\"action\" is missing" },
	{ "{" DENY ",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]}",
	  "a rule has either \"names\" or \"name\"" },
	{ "{" DENY ",\"syscalls\":[{\"name\":\"a\",\"names\":[],\"action\":\"SCMP_ACT_ALLOW\"}]}",
	  "a rule has either \"names\" or \"name\"" },
	{ "{" DENY ",\"syscalls\":[{\"names\":[\"\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
	  "\"\" is no name of a system call" },
	{ RULE("\"action\":\"SCMP_ACT_DENY\""), "unknown action \"SCMP_ACT_DENY\"" },
	{ RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":70000"),
	  "\"errnoRet\": 70000 is too large" },
	{ RULE("\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":65536"), "the most is 65535" },
	{ RULE("\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{}"), "unknown key \"includes\"" },
	{ ALLOW_IF("\"index\":6,\"value\":0"), "\"index\": 6 is too large, the most is 5" },
	{ ALLOW_IF("\"index\":-1,\"value\":0"), "index" },
	{ ALLOW_IF("\"index\":0"), "\"value\" is missing" },
	{ ALLOW_IF("\"value\":0"), "\"index\" is missing" },
	{ ALLOW_IF("\"index\":0,\"value\":18446744073709551616"), "value" },
	{ ALLOW_IF("\"index\":0,\"value\":1.0"), "value" },
	{ ALLOW_IF("\"index\":0,\"value\":\"1\""), "\"value\": expected" },
	{ RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1}]"),
	  "\"op\" is missing" },
	{ RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,"
	       "\"op\":\"SCMP_CMP_MASKEDEQ\"}]"),
	  "unknown operator \"SCMP_CMP_MASKEDEQ\" (did you mean SCMP_CMP_MASKED_EQ?)" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct filter filter = { 0 };
		struct err err = { 0 };

		if (read_filter(bad[i].text, &filter, &err) == 0)
			fail_msg("taken: %s", bad[i].text);
		assert_int_equal(err.class, ERR_INPUT);
		assert_null(filter.rules);
		if (!strstr(err.text, bad[i].sentence) || strncmp(err.text, "f:1:", 4) != 0)
			fail_msg("%s\nnot: %s\n%s", err.text, bad[i].sentence, bad[i].text);
	}
}

static void test_too_many(void **state)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct filter filter = { 0 };
	struct err err = { 0 };

	buf_adds(&text, "{" DENY ",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"a\"");
	for (size_t i = 0; i < FILTER_RULES_MAX; i++)
		buf_adds(&text, ",\"a\"");
	buf_adds(&text, "]}]}");
	assert_int_equal(read_filter(text.data, &filter, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "more than 20000 rules"));
	/* crun passes over a seventh condition, runc does not. */
	buf_done(&text);
	err_clear(&err);
	buf_adds(&text, "{" DENY ",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\","
			"\"args\":[");
	for (size_t i = 0; i < 7; i++)
		buf_addf(&text, "%s{\"index\":%zu,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}",
			 i ? "," : "", i % 6);
	buf_adds(&text, "]}]}");
	assert_int_equal(read_filter(text.data, &filter, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "more than 6 conditions"));
}

static void test_actions(void **state)
{
	static const struct {
		const char *word;
		struct action action;
	} words[] = {
		{ "SCMP_ACT_KILL_PROCESS", { ACT_KILL_PROCESS, 0 } },
		{ "SCMP_ACT_KILL_THREAD", { ACT_KILL_THREAD, 0 } },
		{ "SCMP_ACT_KILL", { ACT_KILL_THREAD, 0 } },
		{ "SCMP_ACT_TRAP", { ACT_TRAP, 0 } },
		{ "SCMP_ACT_ERRNO", { ACT_ERRNO, EPERM } },
		{ "SCMP_ACT_NOTIFY", { ACT_NOTIFY, 0 } },
		{ "SCMP_ACT_TRACE", { ACT_TRACE, EPERM } },
		{ "SCMP_ACT_LOG", { ACT_LOG, 0 } },
		{ "SCMP_ACT_ALLOW", { ACT_ALLOW, 0 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const struct action *want = &words[i].action;
		struct filter filter = { 0 };
		char text[200];

		(void)snprintf(text, sizeof(text),
			       "{\"defaultAction\":\"%s\",\"syscalls\":[{\"name\":\"read\","
			       "\"action\":\"%s\",\"errnoRet\":95}]}",
			       words[i].word, words[i].word);
		must_read(text, &filter);
		assert_int_equal(action_compare(filter.default_action, *want), 0);
		/* A number counts only where the action has one. */
		assert_int_equal(filter.rules[0].action.kind, want->kind);
		assert_int_equal(filter.rules[0].action.ret, want->ret ? 95 : 0);
		filter_done(&filter);
		/* Strictest first, as the kernel decides. */
		if (i > 0 && want->kind != words[i - 1].action.kind)
			assert_true(action_compare(words[i - 1].action, *want) < 0);
	}
}

/* Of two numbers EPERM, else the smaller one: coaming-profile(5). */
static void test_numbers(void **state)
{
	static const uint32_t order[] = { EPERM, 0, ENOENT, EACCES, ENOSYS, 4095 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
			const struct action a = { ACT_ERRNO, order[i] },
					    b = { ACT_ERRNO, order[k] };

			assert_int_equal(action_compare(a, b), i < k ? -1 : i > k);
		}
	}
	assert_true(action_compare((struct action){ ACT_TRACE, 1 },
				   (struct action){ ACT_TRACE, 0 }) > 0);
	assert_true(action_compare((struct action){ ACT_ERRNO, 4095 },
				   (struct action){ ACT_TRACE, 0 }) < 0);
}

static void test_words(void **state)
{
	struct filter filter = { 0 };

	must_read("{" DENY ",\"defaultErrnoRet\":38,\"listenerPath\":\"/run/l.sock\","
		  "\"listenerMetadata\":\"m\","
		  "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X86\"],"
		  "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],"
		  "\"syscalls\":null}",
		  &filter);
	assert_int_equal(filter.default_action.ret, 38);
	assert_string_equal(filter.listener_path, "/run/l.sock");
	assert_string_equal(filter.listener_metadata, "m");
	assert_int_equal(filter.n_architectures, 2);
	assert_int_equal(filter.n_flags, 2);
	assert_int_equal(filter.n_rules, 0);
	filter_done(&filter);
}

/* Two conditions on one argument: each condition of the rule is a rule. */
static void test_one_argument_twice(void **state)
{
	struct filter filter = { 0 };

	must_read(RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
		       "{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_GE\"},"
		       "{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_EQ\"},"
		       "{\"index\":1,\"value\":9,\"op\":\"SCMP_CMP_LE\"}]"),
		  &filter);
	assert_int_equal(filter.n_rules, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(filter.rules[i].n_args, 1);
	assert_int_equal(filter_eval(&filter, "read", (uint64_t[6]){ 1, 100 }).kind, ACT_ALLOW);
	filter_done(&filter);
	must_read(RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
		       "{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_GE\"},"
		       "{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]"),
		  &filter);
	assert_int_equal(filter.n_rules, 1);
	assert_int_equal(filter_eval(&filter, "read", (uint64_t[6]){ 1, 100 }).kind, ACT_ERRNO);
	assert_int_equal(filter_eval(&filter, "read", (uint64_t[6]){ 7, 100 }).kind, ACT_ALLOW);
	filter_done(&filter);
}

static void test_values(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} values[] = {
		{ "0", 0 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", UINT64_C(1) << 63 },
		{ "18446744073709551614", UINT64_MAX - 1 },
		{ "18446744073709551615", UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct filter filter = { 0 }, again = { 0 };
		char text[300], *out;

		(void)snprintf(text, sizeof(text),
			       RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{"
				    "\"index\":5,\"value\":%s,"
				    "\"op\":\"SCMP_CMP_EQ\"}]"),
			       values[i].text);
		must_read(text, &filter);
		assert_true(filter.rules[0].args[0].value == values[i].value);
		out = written(&filter);
		assert_non_null(strstr(out, values[i].text));
		must_read(out, &again);
		assert_true(filter_equal(&filter, &again));
		free(out);
		filter_done(&filter);
		filter_done(&again);
	}
}

/* Names are the kernel's matter, and new with every release. */
static void test_unknown_names(void **state)
{
	struct filter filter = { 0 };
	char *out;

	must_read("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":"
		  "\"SCMP_ACT_ERRNO\",\"names\":[\"no_such_call_2040\"]}]}",
		  &filter);
	out = written(&filter);
	assert_non_null(strstr(out, "no_such_call_2040"));
	free(out);
	filter_done(&filter);
}

/* ---- the meet, where it must be this one and no other ---- */

struct told {
	char names[200];
};

static void note(void *arg, const char *name, const char *why)
{
	struct told *told = arg;
	size_t len = strlen(told->names);

	(void)snprintf(told->names + len, sizeof(told->names) - len, "%s ", name);
}

/* a and b with single quotes; the result as text, the names told behind it. */
static char *met(const char *first, const char *second, bool any, struct told *told)
{
	struct filter a = { 0 }, b = { 0 }, both = { 0 };
	char *text[2] = { strdup(first), strdup(second) }, *out;
	struct err err = { 0 };

	for (size_t i = 0; i < 2; i++) {
		for (char *p = text[i]; *p; p++)
			*p = *p == '\'' ? '"' : *p;
	}
	must_read(text[0], &a);
	must_read(text[1], &b);
	b.any_architecture = any;
	assert_int_equal(filter_meet(&a, &b, &both, note, told, &err), 0);
	out = written(&both);
	for (char *p = out; *p; p++)
		*p = *p == '"' ? '\'' : *p;
	filter_done(&a);
	filter_done(&b);
	filter_done(&both);
	free(text[0]);
	free(text[1]);
	return out;
}

#define ALL                    "'defaultAction':'SCMP_ACT_ALLOW'"
#define NONE                   "'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38"
#define X86                    "'architectures':['SCMP_ARCH_X86','SCMP_ARCH_X86_64']"
#define EQ(i, v)               "{'index':" #i ",'value':" #v ",'op':'SCMP_CMP_EQ'}"
#define NE(i, v)               "{'index':" #i ",'value':" #v ",'op':'SCMP_CMP_NE'}"
#define ON(name, action, args) "{'names':['" name "'],'action':'SCMP_ACT_" action "'" args "}"
#define IF(list)               ",'args':[" list "]"

static const struct {
	const char *what, *a, *b;
	bool any;
	const char *met, *told;
} meets[] = {
	{ "a denied call",
	  "{" NONE ",'syscalls':[{'names':['read','bpf'],"
	  "'action':'SCMP_ACT_ALLOW'}]}",
	  "{" ALL ",'syscalls':[" ON("bpf", "ERRNO", "") "]}", true,
	  "{" NONE ",'flags':[],'syscalls':[{'names':['bpf'],'action':'SCMP_ACT_ERRNO',"
	  "'errnoRet':1},{'names':['read'],'action':'SCMP_ACT_ALLOW'}]}",
	  "" },
	{ "conditions of two filters",
	  "{" NONE ",'syscalls':[" ON("clone", "ALLOW", IF(EQ(0, 1))) "]}",
	  "{" ALL ",'syscalls':[" ON("clone", "ERRNO", IF(NE(1, 2))) "]}", true,
	  "{" NONE ",'flags':[],'syscalls':[{'names':['clone'],'action':'SCMP_ACT_ALLOW',"
	  "'args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'},{'index':1,'value':2,"
	  "'op':'SCMP_CMP_EQ'}]}]}",
	  "" },
	{ "a rule equal to the default is none",
	  "{" ALL
	  ",'syscalls':[" ON("read", "ALLOW", "") "," ON("read", "ERRNO", IF(EQ(0, 1))) "]}",
	  "{" ALL "}", true,
	  "{" ALL ",'flags':[],'syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO',"
	  "'errnoRet':1,'args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'}]}]}",
	  "" },
	{ "a denied socket is not had through socketcall",
	  "{" NONE "," X86 ",'syscalls':[{'names':['bind','read','socket','socketcall'],"
	  "'action':'SCMP_ACT_ALLOW'}]}",
	  "{" ALL ",'syscalls':[" ON("socket", "ERRNO", "") "]}", true,
	  "{" NONE "," X86 ",'flags':[],'syscalls':[{'names':['bind','read'],"
	  "'action':'SCMP_ACT_ALLOW'},{'names':['socket','socketcall'],"
	  "'action':'SCMP_ACT_ERRNO','errnoRet':1}]}",
	  "socketcall " },
	{ "what kills at socketcall kills still",
	  "{" ALL "," X86 ",'syscalls':[" ON("socketcall", "ERRNO", "") "," ON(
		  "socketcall", "KILL_PROCESS", IF(EQ(1, 1))) "]}",
	  "{" ALL "}", true,
	  "{" ALL "," X86 ",'flags':[],'syscalls':[{'names':['socketcall'],"
	  "'action':'SCMP_ACT_KILL_PROCESS'},{'names':['lookup_dcookie'],'action':"
	  "'SCMP_ACT_ERRNO','errnoRet':1}]}",
	  "socketcall " },
	{ "nothing changes without its architecture",
	  "{" NONE ",'syscalls':[{'names':['socket','socketcall'],'action':'SCMP_ACT_ALLOW'}]}",
	  "{" ALL ",'syscalls':[" ON("socket", "ERRNO", "") "]}", true,
	  "{" NONE ",'flags':[],'syscalls':[{'names':['socket'],'action':'SCMP_ACT_ERRNO',"
	  "'errnoRet':1},{'names':['socketcall'],'action':'SCMP_ACT_ALLOW'}]}",
	  "" },
	{ "SPEC_ALLOW goes, other flags stay with the request; a listener whom nobody asks goes",
	  "{" ALL ",'flags':['SECCOMP_FILTER_FLAG_LOG','SECCOMP_FILTER_FLAG_SPEC_ALLOW'],"
	  "'listenerPath':'/l'}",
	  "{" ALL ",'flags':['SECCOMP_FILTER_FLAG_TSYNC'],'listenerPath':'/other'}", true,
	  "{" ALL ",'flags':['SECCOMP_FILTER_FLAG_LOG']}", "" },
	{ "the request's listener",
	  "{" ALL ",'listenerPath':'/l','listenerMetadata':'m',"
	  "'syscalls':[{'names':['mount'],'action':'SCMP_ACT_NOTIFY'}]}",
	  "{" ALL ",'syscalls':[{'names':['bpf'],'action':'SCMP_ACT_ERRNO'}]}", true,
	  "{" ALL ",'flags':[],'listenerPath':'/l','listenerMetadata':'m','syscalls':["
	  "{'names':['bpf'],'action':'SCMP_ACT_ERRNO','errnoRet':1},"
	  "{'names':['mount'],'action':'SCMP_ACT_NOTIFY'}]}",
	  "" },
	{ "the profile's listener, where the request has none", "{" ALL "}",
	  "{" ALL
	  ",'listenerPath':'/p','syscalls':[{'names':['mount'],'action':'SCMP_ACT_NOTIFY'}]}",
	  true,
	  "{" ALL ",'flags':[],'listenerPath':'/p','syscalls':["
	  "{'names':['mount'],'action':'SCMP_ACT_NOTIFY'}]}",
	  "" },
	{ "nothing is left to ask the listener",
	  "{" ALL
	  ",'listenerPath':'/l','syscalls':[{'names':['mount'],'action':'SCMP_ACT_NOTIFY'}]}",
	  "{" ALL ",'syscalls':[{'names':['mount'],'action':'SCMP_ACT_ERRNO'}]}", true,
	  "{" ALL
	  ",'flags':[],'syscalls':[{'names':['mount'],'action':'SCMP_ACT_ERRNO','errnoRet':1}]}",
	  "" },
	{ "two ranges: the whole call, and it is told",
	  "{" ALL ",'syscalls':[" ON("read", "ERRNO", IF(NE(0, 5))) "]}",
	  "{" NONE ",'syscalls':[" ON(
		  "read", "ALLOW",
		  IF("{'index':0,'value':9,'op':'SCMP_CMP_LE'}")) "," ON("read", "LOG",
									 IF(NE(1, 5))) "]}",
	  true,
	  "{" NONE ",'flags':[],'syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO',"
	  "'errnoRet':1}]}",
	  "read " },
	{ "of two numbers a rule's, then EPERM",
	  "{" NONE ",'syscalls':[" ON("bpf", "ERRNO", "") "]}",
	  "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':5}", true,
	  "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':5,'flags':[],'syscalls':[{'names':"
	  "['bpf'],'action':'SCMP_ACT_ERRNO','errnoRet':1}]}",
	  "" },
};

static void test_meets(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(meets); i++) {
		struct told told = { "" };
		char *out = met(meets[i].a, meets[i].b, meets[i].any, &told);

		if (!streq(out, meets[i].met) || !streq(told.names, meets[i].told))
			fail_msg("%s:\n%s\nnot\n%s\ntold: %s", meets[i].what, out, meets[i].met,
				 told.names);
		free(out);
	}
}

static void test_architectures(void **state)
{
	struct filter a = { 0 }, b = { 0 }, both = { 0 };
	struct err err = { 0 };

	must_read("{" DENY ",\"architectures\":[\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_X86\"]}", &a);
	must_read("{" DENY ",\"architectures\":[\"SCMP_ARCH_S390X\"]}", &b);
	assert_int_equal(filter_meet(&a, &b, &both, NULL, NULL, &err), -ENOTEMPTY);
	assert_int_equal(err.class, ERR_REFUSED);
	assert_string_equal(err.text, "the filters have no architecture in common");
	filter_done(&b);
	must_read("{" DENY ",\"architectures\":[\"SCMP_ARCH_S390X\",\"SCMP_ARCH_X86\"]}", &b);
	err_clear(&err);
	assert_int_equal(filter_meet(&a, &b, &both, NULL, NULL, &err), 0);
	assert_int_equal(both.n_architectures, 1);
	assert_string_equal(both.architectures[0], "SCMP_ARCH_X86");
	filter_done(&a);
	filter_done(&b);
	filter_done(&both);
}

/* ---- what is written reads the same, and meeting it again changes nothing ---- */

/* fail_msg() cuts what is long. */
static void show_and_fail(const char *const texts[])
{
	for (size_t i = 0; texts[i]; i++)
		(void)fprintf(stderr, "%s\n", texts[i]);
	fail();
}

static void test_again(void **state)
{
	static const struct filter everything = { .default_action = { .kind = ACT_ALLOW },
						  .any_architecture = true };
	uint64_t seed = random_seed();
	struct err err = { 0 };

	print_message("seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < 4000; i++) {
		struct buf text[2] = { { 0 }, { 0 } };
		struct filter a = { 0 }, b = { 0 }, both = { 0 }, twice = { 0 }, normal = { 0 };
		struct filter back = { 0 };
		char *first, *second;

		random_filter(&seed, &text[0], i % 2 ? 4 : ARRAY_SIZE(random_calls));
		random_fitting_filter(&seed, &text[1], i % 2 ? 4 : ARRAY_SIZE(random_calls));
		must_read(text[0].data, &a);
		must_read_profile(text[1].data, &b);
		b.any_architecture = true;
		assert_int_equal(filter_meet(&a, &b, &both, NULL, NULL, &err), 0);
		first = written(&both);
		must_read(first, &back);
		assert_int_equal(filter_meet(&back, &everything, &normal, NULL, NULL, &err), 0);
		assert_int_equal(filter_meet(&normal, &b, &twice, NULL, NULL, &err), 0);
		second = written(&twice);
		/* Of KILL_PROCESS nothing is stricter: what must differ from it wavers. */
		if (both.default_action.kind != ACT_KILL_PROCESS && !filter_equal(&normal, &twice))
			show_and_fail((const char *[]){ text[0].data, text[1].data, first, second,
							NULL });
		free(first);
		free(second);
		filter_done(&a);
		filter_done(&b);
		filter_done(&both);
		filter_done(&back);
		filter_done(&normal);
		filter_done(&twice);
		buf_done(&text[0]);
		buf_done(&text[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),     cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_actions), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_words),   cmocka_unit_test(test_one_argument_twice),
		cmocka_unit_test(test_values),  cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_meets),   cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
