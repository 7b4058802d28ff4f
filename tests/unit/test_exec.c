/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that are executed in a container: what options make of them (hooks/exec_process.c), and
 * what a policy takes from them (profiles/exec.c, profiles/policy.c).
 */
#include "hooks/exec_process.h"
#include "hooks/runtime_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "profiles/exec.h"
#include "profiles/policy.h"
#include "profiles/request.h"

static const char container[] =
	"{\"process\":{\"terminal\":false,\"args\":[\"init\"],\"cwd\":\"/c\",\"env\":[\"A=b\"],"
	"\"user\":{\"uid\":7,\"gid\":8,\"additionalGids\":[9]},\"noNewPrivileges\":true,"
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":10,\"soft\":5}]}}";

static struct doc *parse(const char *text)
{
	struct doc *doc = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "config.json", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

/* ---- options ---- */

static const struct {
	const char *argv[16];
	const char *runc, *crun; /* the whole text; "!" what the error says */
} options[] = {
	{ { "r", "exec", "c", "sh" },
	  "{\"terminal\":false,\"args\":[\"sh\"],\"cwd\":\"/c\",\"env\":[\"A=b\"],"
	  "\"user\":{\"uid\":7,\"gid\":8,\"additionalGids\":[9]},\"noNewPrivileges\":true,"
	  "\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},"
	  "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":10,\"soft\":5}]}",
	  "{\"terminal\":false,\"args\":[\"sh\"],\"cwd\":\"/\",\"noNewPrivileges\":false}" },
	{ { "r", "exec", "-t", "-u", "0", "-e", "C=\"d", "--cwd=/x", "-c", "CAP_CHOWN", "c", "sh",
	    "\n" },
	  "{\"terminal\":true,\"args\":[\"sh\",\"\\n\"],\"cwd\":\"/x\","
	  "\"env\":[\"A=b\",\"C=\\\"d\"],"
	  "\"user\":{\"uid\":0,\"gid\":8,\"additionalGids\":[9]},\"noNewPrivileges\":true,"
	  "\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"ambient\":[\"CAP_KILL\"],"
	  "\"effective\":[\"CAP_CHOWN\"],\"permitted\":[\"CAP_CHOWN\"]},"
	  "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":10,\"soft\":5}]}",
	  "{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\",\"\\n\"],"
	  "\"env\":[\"C=\\\"d\"],\"cwd\":\"/x\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],"
	  "\"effective\":[\"CAP_CHOWN\"],\"permitted\":[\"CAP_CHOWN\"]},"
	  "\"noNewPrivileges\":false}" },
	{ { "r", "exec", "--no-new-privs", "-u", "1:2", "-g", "3", "--apparmor", "p",
	    "--process-label", "l", "c", "sh" },
	  "{\"terminal\":false,\"args\":[\"sh\"],\"cwd\":\"/c\",\"env\":[\"A=b\"],"
	  "\"user\":{\"uid\":1,\"gid\":2,\"additionalGids\":[9,3]},\"noNewPrivileges\":true,"
	  "\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},"
	  "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":10,\"soft\":5}],"
	  "\"apparmorProfile\":\"p\",\"selinuxLabel\":\"l\"}",
	  "{\"terminal\":false,\"user\":{\"uid\":1,\"gid\":2},\"args\":[\"sh\"],\"cwd\":\"/\","
	  "\"noNewPrivileges\":true,\"apparmorProfile\":\"p\",\"selinuxLabel\":\"l\"}" },
	{ { "r", "exec", "-u", "-1", "c", "sh" }, "!--user \"-1\": expected", "!--user \"-1\"" },
	{ { "r", "exec", "-u", "4294967295", "c", "sh" }, "!--user", "!--user" },
	{ { "r", "exec", "-u", "1:", "c", "sh" }, "!--user", "!--user" },
	{ { "r", "exec", "-u", "1:2:3", "c", "sh" }, "!--user", "!--user" },
	{ { "r", "exec", "c" }, "!no program given", "!no program given" },
	{ { "r", "exec", "-p", "/nowhere", "c" },
	  "!cannot open --process",
	  "!cannot open --process" },
};

static void check_options(size_t i, enum runtime_kind kind, const char *expected)
{
	_cleanup_doc_ struct doc *config = parse(container), *process = NULL;
	const char *argv[16];
	struct runtime_args args;
	struct err err = { 0 };
	int argc = 0, r;

	memcpy(argv, options[i].argv, sizeof(argv));
	while (argv[argc])
		argc++;
	assert_int_equal(runtime_args_parse(&argc, (char **)(uintptr_t)argv, &args, &err), 0);
	r = exec_process(&args.exec, kind, config, &process, &err);
	runtime_args_done(&args);
	if (expected[0] != '!') {
		if (r < 0)
			fail_msg("case %zu: %s", i, err.text);
		assert_string_equal(doc_text(process, NULL), expected);
		return;
	}
	assert_true(r < 0);
	if (!strstr(err.text, expected + 1))
		fail_msg("case %zu: %s", i, err.text);
}

static void test_options(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		check_options(i, RUNTIME_RUNC, options[i].runc);
		check_options(i, RUNTIME_UNKNOWN, options[i].runc);
		check_options(i, RUNTIME_CRUN, options[i].crun);
	}
}

/* ---- what is taken ---- */

static struct host *plain_host(void)
{
	_cleanup_doc_ struct doc *doc = parse("{\"defaultProfile\": null}");
	struct host *host = NULL;
	struct err err = { 0 };

	assert_int_equal(host_parse(doc, &host, &err), 0);
	return host;
}

static struct profile *profile_of(const char *sections)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_free_ char *text = NULL;
	struct profile *profile = NULL;
	struct err err = { 0 };

	assert_true(asprintf(&text, "{\"name\": \"p\", %s}", sections) > 0);
	if (doc_parse(&doc, "p.json", text, strlen(text), &err) < 0 ||
	    profile_parse(doc, NULL, NULL, &profile, &err) < 0)
		fail_msg("%s", err.text);
	return profile;
}

static const struct {
	const char *profile, *process;
	bool admitted;
	const char *result; /* of the process; NULL: unchanged; "!" the refusal */
} met[] = {
	/* what the process does not say it takes from its container, and that is met too */
	{ "\"capabilities\": {\"allow\": []}", "{\"args\":[\"sh\"]}", true,
	  "{\"args\":[\"sh\"],\"capabilities\":{\"bounding\":[],\"ambient\":[]},"
	  "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":10,\"soft\":5}],"
	  "\"noNewPrivileges\":true}" },
	{ "\"capabilities\": {\"allow\": [\"KILL\"]}",
	  "{\"capabilities\":{\"inheritable\":[\"CAP_SYS_ADMIN\",\"CAP_KILL\"]},"
	  "\"noNewPrivileges\":true,"
	  "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":1,\"soft\":1}]}",
	  true,
	  "{\"capabilities\":{\"inheritable\":[\"CAP_KILL\"]},\"noNewPrivileges\":true,"
	  "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":1,\"soft\":1}]}" },
	{ "\"capabilities\": {\"allow\": [\"KILL\"]}", "{\"noNewPrivileges\":true}", true, NULL },
	{ "\"limits\": {\"nofile\": 4, \"pids\": 3, \"memory\": \"1G\"}", "{}", true,
	  "{\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},"
	  "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":4,\"soft\":4}]}" },
	/* what exec cannot give it had from the start, or not at all */
	{ "\"seccomp\": {\"deny\": [\"mkdir\"]}", "{\"noNewPrivileges\":true}", true, NULL },
	{ "\"seccomp\": {\"deny\": [\"mkdir\"]}", "{\"noNewPrivileges\":true}", false,
	  "!the container was started without it" },
	{ "\"rootfs\": {\"readOnly\": true}", "{\"noNewPrivileges\":true}", false,
	  "!started without" },
	{ "\"network\": {\"egress\": []}", "{\"noNewPrivileges\":true}", false,
	  "!started without" },
	{ "\"capabilities\": {\"allow\": [\"KILL\"]}", "{\"noNewPrivileges\":true}", false, NULL },
	/* admission */
	{ "\"admission\": {\"deny\": [\"exec\"]}", "{}", true, "!exec is denied" },
	{ "\"admission\": {\"deny\": [\"exec-tty\"]}", "{\"terminal\":true}", true,
	  "!exec-tty is denied" },
	{ "\"admission\": {\"deny\": [\"exec-tty\"]}", "{\"terminal\":false}", true, NULL },
	{ "\"admission\": {\"deny\": [\"exec-privileged\"]}",
	  "{\"capabilities\":{\"ambient\":[\"CAP_SYS_MODULE\"]}}", true,
	  "!exec-privileged is denied" },
	{ "\"admission\": {\"deny\": [\"exec-privileged\"]}", "{}", true, NULL },
	{ "\"admission\": {\"deny\": [\"rootUser\"]}", "{}", true, "!rootUser is denied" },
	{ "\"admission\": {\"deny\": [\"rootUser\"]}", "{\"user\":{\"uid\":1}}", true, NULL },
	/* of the container, and not asked of a process */
	{ "\"admission\": {\"deny\": [\"hostNetwork\", \"hostPID\", \"devices\", \"privileged\", "
	  "\"hostPath:/\"]}",
	  "{}", true, NULL },
	{ "\"capabilities\": {\"allow\": []}",
	  "{\"noNewPrivileges\":true,\"cwd\":\"/proc/self/fd/7\"}", true,
	  "!its working directory" },
};

static const char *refusal_of(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->changes.n; i++) {
		if (verdict->changes.v[i].refusal)
			return verdict->changes.v[i].what;
	}
	return "";
}

static void check_met(size_t i)
{
	_cleanup_doc_ struct doc *config = parse(container), *process = parse(met[i].process),
				 *request = NULL;
	_cleanup_profile_ struct profile *profile = profile_of(met[i].profile);
	_cleanup_host_ struct host *host = plain_host();
	struct selected selected = { profile, WHY_NAMED, NULL, MODE_ENFORCE };
	const struct selection selection = { &selected, 1, NULL };
	char *names[] = { profile->name };
	struct exec_facts exec = { .admitted = names, .n_admitted = met[i].admitted };
	const struct facts facts = { .exec = &exec };
	_cleanup_verdict_ struct verdict verdict = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };

	assert_int_equal(exec_request(config, process, INHERITS_CAPABILITIES | INHERITS_RLIMITS,
				      &request, &err),
			 0);
	assert_int_equal(exec_own_caps(config, &exec.own_caps, &err), 0);
	if (policy_decide(host, &selection, request, &facts, &verdict, &err) < 0)
		fail_msg("case %zu: %s", i, err.text);
	if (met[i].result && met[i].result[0] == '!') {
		assert_int_equal(verdict.outcome, OUTCOME_REFUSE);
		if (!strstr(refusal_of(&verdict), met[i].result + 1))
			fail_msg("case %zu: %s", i, refusal_of(&verdict));
		return;
	}
	if (verdict.outcome != OUTCOME_ACCEPT)
		fail_msg("case %zu: %s", i, refusal_of(&verdict));
	assert_int_equal(verdict.changed, met[i].result != NULL);
	if (!met[i].result)
		return;
	assert_int_equal(exec_process_text(verdict.config.data, verdict.config.len, &text, &err),
			 0);
	assert_string_equal(text.data, met[i].result);
}

static void test_met(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(met); i++)
		check_met(i);
}

#define CAPS_TEXT   "{\"bounding\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]}"
#define LIMITS_TEXT "[{\"type\":\"RLIMIT_NOFILE\",\"hard\":10,\"soft\":5}]"

/* What a process takes from its container is what the runtime gives it, where it has none itself.
 */
static const struct {
	const char *process;
	unsigned inherits;
	const char *request;
} inherited[] = {
	{ "{\"cwd\":\"/\"}", 0, "{\"process\":{\"cwd\":\"/\"}}" },
	{ "{\"cwd\":\"/\"}", INHERITS_CAPABILITIES,
	  "{\"process\":{\"cwd\":\"/\",\"capabilities\":" CAPS_TEXT "}}" },
	{ "{\"cwd\":\"/\"}", INHERITS_RLIMITS,
	  "{\"process\":{\"cwd\":\"/\",\"rlimits\":" LIMITS_TEXT "}}" },
	{ "{\"capabilities\":null,\"rlimits\":[]}", INHERITS_CAPABILITIES | INHERITS_RLIMITS,
	  "{\"process\":{\"capabilities\":" CAPS_TEXT ",\"rlimits\":" LIMITS_TEXT "}}" },
	{ "{\"capabilities\":{},\"rlimits\":[1]}", INHERITS_CAPABILITIES | INHERITS_RLIMITS,
	  "{\"process\":{\"capabilities\":{},\"rlimits\":[1]}}" },
};

static void check_request(const char *container_text, const char *process_text, unsigned inherits,
			  const char *wanted)
{
	_cleanup_doc_ struct doc *config = parse(container_text), *process = parse(process_text),
				 *request = NULL;
	struct err err = { 0 };

	if (exec_request(config, process, inherits, &request, &err) < 0)
		fail_msg("%s: %s", process_text, err.text);
	assert_string_equal(doc_text(request, NULL), wanted);
}

static void test_inherited(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++)
		check_request(container, inherited[i].process, inherited[i].inherits,
			      inherited[i].request);
	/* And which user is root in it. */
	check_request("{\"process\":{},\"linux\":{\"uidMappings\":[{\"containerID\":7}],\"x\":1}}",
		      "{\"cwd\":\"/\"}", INHERITS_CAPABILITIES,
		      "{\"process\":{\"cwd\":\"/\"},"
		      "\"linux\":{\"uidMappings\":[{\"containerID\":7}]}}");
}

static void test_own_caps(void **state)
{
	_cleanup_doc_ struct doc *config = parse(container);
	struct err err = { 0 };
	uint64_t own = 0;

	assert_int_equal(exec_own_caps(config, &own, &err), 0);
	assert_true(own == 1ULL << 5);
}

/* What is there already is not asked for by executing a process. */
static void test_privileged(void **state)
{
	const uint64_t admin = 1ULL << 21, module = 1ULL << 16, kill = 1ULL << 5;

	assert_true(exec_asks_privileged(admin | kill, kill));
	assert_true(exec_asks_privileged(module, admin));
	assert_false(exec_asks_privileged(admin | kill, admin));
	assert_false(exec_asks_privileged(kill, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),    cmocka_unit_test(test_met),
		cmocka_unit_test(test_inherited),  cmocka_unit_test(test_own_caps),
		cmocka_unit_test(test_privileged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
