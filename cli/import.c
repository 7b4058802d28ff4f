/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming import: profiles from Kubernetes' NetworkPolicies, see coaming-import(1).
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "cli/options.h"
#include "lib/file.h"
#include "lib/strv.h"
#include "lib/yaml.h"
#include "profiles/kube.h"

#define PREFIXES_MAX 64

/* What the command line says. */
struct wishes {
	const char *namespace, *output;
	bool partial, replace;
	struct words files, extends, nodes;
};

static void note(const char *fmt, ...) _printf_(1, 2);

static void note(const char *fmt, ...)
{
	va_list args;

	(void)fputs("coaming: import: note: ", stderr);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

/* ---- reading ---- */

static int read_text(const char *path, char **ret, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (streq(path, "-"))
		return fd_read_all(STDIN_FILENO, "standard input", FILE_MAX_BYTES, ret, ret_len,
				   err);
	r = file_open(AT_FDCWD, path, &fd, &st, err);
	return r < 0 ? r : fd_read_all(fd, path, FILE_MAX_BYTES, ret, ret_len, err);
}

/* JSON is told by its first character: YAML that begins with a brace is JSON in all but name. */
static int read_doc(const char *path, struct doc **ret, struct err *err)
{
	const char *name = streq(path, "-") ? "standard input" : path;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	r = read_text(path, &text, &len, err);
	if (r < 0)
		return r;
	if (text[strspn(text, " \t\r\n")] == '{')
		return doc_parse(ret, name, text, len, err);
	return doc_parse_yaml_all(ret, name, text, len, err);
}

struct docs {
	struct doc **v;
	size_t n;
};

static void docs_done(struct docs *docs)
{
	for (size_t i = 0; i < docs->n; i++)
		doc_free(&docs->v[i]);
	free(docs->v);
}

static int read_docs(const struct words *files, struct docs *ret, struct err *err)
{
	int r = 0;

	ret->v = calloc(files->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	for (size_t i = 0; r == 0 && i < files->n; i++) {
		r = read_doc(files->v[i], &ret->v[i], err);
		ret->n += r == 0;
	}
	return r;
}

static int read_kube(const struct wishes *wishes, struct kube *ret, struct err *err)
{
	_cleanup_(docs_done) struct docs docs = { 0 };
	int r = read_docs(&wishes->files, &docs, err);

	for (size_t i = 0; r == 0 && i < docs.n; i++)
		r = kube_read_namespaces(docs.v[i], ret, err);
	for (size_t i = 0; r == 0 && i < docs.n; i++)
		r = kube_read_policies(docs.v[i], wishes->namespace ? wishes->namespace : "default",
				       ret, err);
	return r;
}

/* ---- telling ---- */

static void tell_gaps(const struct kube *kube)
{
	for (size_t i = 0; i < kube->n_gaps; i++)
		(void)fprintf(stderr, "coaming: import: %s\n", kube->gaps[i]);
}

/* What is another way here than in a cluster, for all of them. */
static void tell_notes(const struct kube *kube, const struct wishes *wishes)
{
	_cleanup_buf_ struct buf kinds = { 0 };

	for (size_t i = 0; i < kube->n_others; i++) {
		char quoted[QUOTE_MAX];

		buf_addf(&kinds, "%s%s", i ? ", " : "",
			 quote(quoted, kube->others[i], strlen(kube->others[i])));
	}
	if (kube->n_others > 0 && buf_status(&kinds) == 0)
		note("left out, being no NetworkPolicy: %s", kinds.data);
	if (kube->n_blind > 0)
		note("%zu %s \"egress: []\" without policyTypes, which Kubernetes takes for no "
		     "word on egress at all",
		     kube->n_blind, kube->n_blind == 1 ? "policy has" : "policies have");
	if (kube->n_label_peers > 0)
		note("peers by label are the containers of each host: pods on other nodes are let "
		     "in by their addresses alone (ipBlock)");
	if (kube->n_label_peers > 0 && kube->n_namespaces > 0)
		note("labels of namespaces are those that were given: import again when they "
		     "change");
	if (wishes->nodes.n == 0)
		note("in Kubernetes a pod's node reaches it whatever policies say, as the "
		     "kubelet's probes do: here it does not without --node");
	if (wishes->extends.n == 0)
		note("who gets one of these does not get the host's default profile: --extends "
		     "names what else is to be taken away");
}

/* ---- writing ---- */

static int print_profiles(const struct kube_profiles *profiles, struct err *err)
{
	for (size_t i = 0; i < profiles->n; i++) {
		if (fputs(profiles->v[i].json, stdout) < 0)
			return err_errno(err, EIO, "cannot write");
	}
	return 0;
}

static int open_output(const char *path, int *ret, struct err *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, errno, "cannot make %s", Q(path));
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_errno(err, errno, "cannot open %s", Q(path)) : 0;
}

static bool is_written(const struct kube_profiles *profiles, const char *file)
{
	for (size_t i = 0; i < profiles->n; i++) {
		size_t len = strlen(profiles->v[i].name);

		if (strncmp(profiles->v[i].name, file, len) == 0 && streq(file + len, ".json"))
			return true;
	}
	return false;
}

/* Whether a profile was made of policies it says itself; what cannot be read was not. */
static bool is_imported(int dirfd, const char *file)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *description;
	struct err ignored = { 0 };
	size_t len;

	if (file_read(dirfd, file, PROFILE_MAX_BYTES, &text, &len, &ignored) < 0 ||
	    doc_parse(&doc, file, text, len, &ignored) < 0)
		return false;
	description = node_get(doc_root(doc), "description");
	return node_is(description, NODE_STRING) &&
	       starts_with(description->string, KUBE_DESCRIPTION);
}

static int check_not_another(const struct kube_profiles *profiles, const char *path,
			     const char *file, struct err *err)
{
	if (!is_written(profiles, file))
		return 0;
	return err_input(err, EEXIST, "%s/%s is there, and was not made by an import", path, file);
}

/* The profiles of an earlier import that are there, by their file names. */
static int list_earlier(int dirfd, const char *path, const struct kube_profiles *profiles,
			char ***ret, size_t *ret_n, struct err *err)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	const struct dirent *entry;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = err_errno(err, errno, "cannot read %s", Q(path));
		closep(&fd);
		return r;
	}
	for (errno = 0; r == 0 && (entry = readdir(dir)); errno = 0) {
		const char *end = strrchr(entry->d_name, '.');

		if (!end || !streq(end, ".json"))
			continue;
		if (is_imported(dirfd, entry->d_name))
			r = strv_add(ret, ret_n, entry->d_name, err);
		else
			r = check_not_another(profiles, path, entry->d_name, err);
	}
	return r == 0 && errno != 0 ? err_errno(err, errno, "cannot read %s", Q(path)) : r;
}

/* The new ones first: a host that starts containers meanwhile has more profiles, never fewer. */
static int write_profiles(const struct kube_profiles *profiles, const struct wishes *wishes,
			  struct err *err)
{
	const char *path = wishes->output;
	_cleanup_close_ int dirfd = -1;
	char **earlier = NULL;
	size_t n = 0;
	int r;

	r = open_output(path, &dirfd, err);
	if (r == 0)
		r = list_earlier(dirfd, path, profiles, &earlier, &n, err);
	if (r == 0 && n > 0 && !wishes->replace)
		r = err_input(err, EEXIST,
			      "%s holds profiles of an earlier import, such as %s (--replace puts "
			      "the new ones in their place)",
			      Q(path), Q(earlier[0]));
	for (size_t i = 0; r == 0 && i < profiles->n; i++) {
		const struct kube_profile *profile = &profiles->v[i];
		char file[PROFILE_NAME_MAX + sizeof(".json")];

		(void)snprintf(file, sizeof(file), "%s.json", profile->name);
		r = file_write_atomic(dirfd, file, profile->json, strlen(profile->json), 0644,
				      (uid_t)-1, (gid_t)-1, true, err);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!is_written(profiles, earlier[i]) && unlinkat(dirfd, earlier[i], 0) < 0)
			r = err_errno(err, errno, "cannot remove %s/%s", Q(path), Q(earlier[i]));
	}
	strv_free(&earlier, &n);
	return r;
}

/* ---- all of it ---- */

static int read_nodes(const struct words *words, struct cidr nodes[PREFIXES_MAX], struct err *err)
{
	if (words->n > PREFIXES_MAX)
		return err_input(err, E2BIG, "--node is given more than %d times", PREFIXES_MAX);
	for (size_t i = 0; i < words->n; i++) {
		if (cidr_parse(words->v[i], &nodes[i]) < 0)
			return err_input(err, EINVAL, "--node: %s is no address and no block",
					 Q(words->v[i]));
	}
	return 0;
}

static int import(const struct wishes *wishes, struct err *err)
{
	struct cidr nodes[PREFIXES_MAX] = { 0 };
	const struct kube_wishes besides = {
		.extends = wishes->extends.v,
		.n_extends = wishes->extends.n,
		.nodes = nodes,
		.n_nodes = wishes->nodes.n,
	};
	_cleanup_kube_profiles_ struct kube_profiles profiles = { 0 };
	_cleanup_kube_ struct kube kube = { 0 };
	int r;

	if (wishes->files.n == 0)
		return err_input(err, EINVAL, "give the files to import (- is standard input)");
	r = read_nodes(&wishes->nodes, nodes, err);
	if (r == 0)
		r = read_kube(wishes, &kube, err);
	if (r == 0 && kube.n_policies == 0)
		r = err_input(err, ENOENT, "there is no NetworkPolicy in what was given");
	if (r == 0)
		r = kube_import(&kube, &besides, &profiles, err);
	if (r < 0)
		return r;
	tell_gaps(&kube);
	if (kube.n_gaps > 0 && !wishes->partial)
		return err_refuse(err, ENOTSUP,
				  "nothing is written: %zu %s cannot be said on a host "
				  "(--partial leaves them out: less is let through)",
				  kube.n_gaps, kube.n_gaps == 1 ? "part" : "parts");
	tell_notes(&kube, wishes);
	return wishes->output ? write_profiles(&profiles, wishes, err)
			      : print_profiles(&profiles, err);
}

int cmd_import(int argc, char **argv, struct err *err)
{
	struct wishes wishes = { 0 };
	const struct option options[] = {
		{ .letter = 'n',
		  .name = "namespace",
		  .value = "NAME",
		  .text = &wishes.namespace,
		  .help = "of policies that name none, instead of default" },
		{ .letter = 'o',
		  .name = "output",
		  .value = "DIR",
		  .text = &wishes.output,
		  .help = "write a file a profile there, instead of printing" },
		{ .name = "replace",
		  .flag = &wishes.replace,
		  .help = "take away what an earlier import wrote there" },
		{ .name = "partial",
		  .flag = &wishes.partial,
		  .help = "leave out what cannot be said: less is let through" },
		{ .name = "node",
		  .value = "ADDRESS",
		  .list = &wishes.nodes,
		  .help = "a node's address, or a block of them, which reaches its pods" },
		{ .name = "extends",
		  .value = "NAME",
		  .list = &wishes.extends,
		  .help = "a profile that each of the new ones extends" },
	};
	const struct usage usage = {
		.args = "FILE...",
		.about =
			"Make profiles of Kubernetes' NetworkPolicies, which mean the same: YAML\n"
			"or JSON, - for standard input. Give all policies of a namespace at once.\n"
			"Exit status: 0, 1 where a part cannot be said on a host and nothing was\n"
			"written, 2 wrong use or bad input.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &wishes.files, err);
	if (r == 0)
		r = import(&wishes, err);
	else if (r > 0)
		r = 0;
	words_done(&wishes.files);
	words_done(&wishes.nodes);
	words_done(&wishes.extends);
	return r;
}
