/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real runtime: which one it is, and what it says of itself.
 *
 * It is executed as coaming-runtime would: found and trusted in the same way, with nothing in its
 * environment.
 *
 * Source: runtime-spec 1.2, features.md. runc has had the command since 1.1; crun 1.8 does not know
 * it, and lists beside its version what it was built with.
 */
#include "cli/doctor.h"

#include <errno.h>

#include "cli/ask.h"
#include "hooks/runtime_find.h"
#include "lib/doc.h"

/* It answers in some milliseconds. */
#define ANSWER_SECONDS     10
#define VERSION_MAX_BYTES  ((size_t)64 << 10)
#define FEATURES_MAX_BYTES ((size_t)1 << 20)

static const struct advice missing = {
	.why = "coaming-runtime has nothing to hand containers to: none starts",
	.remedy = "install crun or runc, or name one in \"runtimes\" of coaming.json",
};
static const struct advice mute = {
	.why = "a runtime that does not answer starts no container",
	.remedy = "run it with --version, as root; install it again, or name another one in "
		  "\"runtimes\" of coaming.json",
};
static const struct advice lacking = {
	.why = "what it lacks it leaves out or fails at: containers whose profiles need it are "
	       "refused or killed, and a runtime that leaves out filters in silence is found out "
	       "only by the attestation",
	.remedy = "install a runtime that was built with it (the distributions' are)",
};
static const struct advice untold = {
	.why = "what it lacks shows only when a container fails",
	.remedy = "a newer release of it may tell (runc features, crun features)",
};
static const struct advice unreadable = {
	.why = "what cannot be read is not known to be right",
	.remedy = "see what the command features of the runtime prints",
};

/* What confinement asks of a runtime. */
static const struct need {
	const char *section, *list; /* the list is features.section.list, or features.list */
	const char *value;
} needs[] = {
	{ NULL, "hooks", "createRuntime" },
	{ NULL, "hooks", "poststop" },
	{ "seccomp", "actions", "SCMP_ACT_ALLOW" },
	{ "seccomp", "actions", "SCMP_ACT_ERRNO" },
	{ "seccomp", "actions", "SCMP_ACT_KILL_PROCESS" },
	{ "seccomp", "operators", "SCMP_CMP_EQ" },
	{ "seccomp", "operators", "SCMP_CMP_MASKED_EQ" },
};

/* As crun lists it. */
static const char *const built_with[] = { "+SECCOMP", "+CAP" };

static bool lists(const struct node *list, const char *value)
{
	node_foreach (item, list) {
		if (node_is(item, NODE_STRING) && streq(item->string, value))
			return true;
	}
	return false;
}

static bool has(const struct node *features, const struct need *need)
{
	const struct node *in =
		need->section ? node_path(features, "linux", need->section, NULL) : features;

	return lists(node_get(in, need->list), need->value);
}

/* What it lacks, or NULL. */
static const char *find_lack(const struct node *features)
{
	if (!node_is(node_path(features, "linux", "seccomp", "enabled", NULL), NODE_TRUE))
		return "seccomp filters";
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (!has(features, &needs[i]))
			return needs[i].value;
	}
	return NULL;
}

static int judge_features(struct doctor *d, const char *path, const char *text, size_t len,
			  struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err cause = { 0 };
	const char *lack;
	int r = doc_parse(&doc, "features", text, len, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_WARNING, "runtime-features", &unreadable, err,
				  "%s: %s", Q(path), cause.text);
	lack = find_lack(doc_root(doc));
	if (lack)
		return doctor_add(d, FINDING_ERROR, "runtime-features", &lacking, err,
				  "%s says that it does not have %s", Q(path), lack);
	return doctor_add(d, FINDING_OK, "runtime-features", NULL, err,
			  "it has the seccomp actions and the hooks that coaming needs");
}

/* "+SYSTEMD +SELINUX ... +YAJL": is the word among them? */
static bool names_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len) {
		if ((at == text || at[-1] == ' ' || at[-1] == '\n') && strchr(" \n", at[len]))
			return true;
	}
	return false;
}

static int judge_build(struct doctor *d, const char *path, const char *version, struct err *err)
{
	if (!strstr(version, "\n+"))
		return doctor_add(d, FINDING_NOTE, "runtime-features", &untold, err,
				  "%s does not say what it can do", Q(path));
	for (size_t i = 0; i < ARRAY_SIZE(built_with); i++) {
		if (!names_word(version, built_with[i]))
			return doctor_add(d, FINDING_ERROR, "runtime-features", &lacking, err,
					  "%s was built without %s", Q(path), built_with[i] + 1);
	}
	return doctor_add(
		d, FINDING_OK, "runtime-features", NULL, err,
		"it has no command features, and was built with seccomp and capabilities");
}

static int check_features(struct doctor *d, const char *path, const char *version, struct err *err)
{
	const struct ask ask = { .program = path,
				 .args = { "features" },
				 .wait_seconds = ANSWER_SECONDS,
				 .out_max_bytes = FEATURES_MAX_BYTES };
	_cleanup_free_ char *text = NULL;
	struct err ignored = { 0 };
	size_t len = 0;
	int r = ask_run(&ask, &text, &len, &ignored);

	if (r == -ENOMEM)
		return err_oom(err);
	return r < 0 ? judge_build(d, path, version, err) : judge_features(d, path, text, len, err);
}

static int check_version(struct doctor *d, const char *path, struct err *err)
{
	const struct ask ask = { .program = path,
				 .args = { "--version" },
				 .wait_seconds = ANSWER_SECONDS,
				 .out_max_bytes = VERSION_MAX_BYTES };
	_cleanup_free_ char *text = NULL, *line = NULL;
	struct err cause = { 0 };
	size_t len = 0;
	int r = ask_run(&ask, &text, &len, &cause);

	if (r == 0)
		line = strndup(text, strcspn(text, "\n"));
	if (r == -ENOMEM || (r == 0 && !line))
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_ERROR, "runtime", &mute, err,
				  "the runtime behind coaming-runtime, %s, does not run: %s",
				  Q(path), cause.text);
	r = doctor_add(d, FINDING_OK, "runtime", NULL, err,
		       "the runtime behind coaming-runtime is %s: %s", Q(path), Q(line));
	return r < 0 ? r : check_features(d, path, text, err);
}

int doctor_runtime(struct doctor *d, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	struct err cause = { 0 };
	int r = runtime_find(d->host->runtimes, d->host->n_runtimes, &path, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_ERROR, "runtime", &missing, err, "%s", cause.text);
	return check_version(d, path, err);
}
