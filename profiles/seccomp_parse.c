/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp section: an OCI filter in a file, a list of what may be called, a list of what may
 * not. Each becomes one filter, and all of them apply.
 */
#include "profiles/seccomp_parse.h"

#include <errno.h>
#include <seccomp.h>

#include "lib/hash.h"
#include "profiles/filter_fallback.h"
#include "profiles/filter_narrow.h"
#include "profiles/filter_words.h"

/* Linux has some 450 system calls on an architecture. */
#define NAMES_MAX 2000

/* Without these no runtime can start a program under the list. */
static const char *const needed[] = { "execve", "exit_group" };

static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

int seccomp_check_name(const struct doc *doc, const struct node *node, struct err *err)
{
	const char *near = NULL;
	char *names[600] = { NULL };
	size_t n = 0;

	if (!name_is_valid(node->string))
		return err_input(err, EBADMSG, "%s: %s is no system call's name", WHERE(doc, node),
				 Q(node->string));
	if (seccomp_syscall_resolve_name(node->string) != __NR_SCMP_ERROR)
		return 0;
	for (int number = 0; number < (int)ARRAY_SIZE(names); number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

		if (name)
			names[n++] = name;
	}
	near = nearest_word(node->string, (const char *const *)names, n);
	if (near)
		(void)err_input(err, EBADMSG, "%s: unknown system call %s (did you mean \"%s\"?)",
				WHERE(doc, node), Q(node->string), near);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	return near ? -EBADMSG : 0;
}

static int add_names(const struct doc *doc, const struct node *list, bool allow,
		     struct filter *filter, struct err *err)
{
	int r;

	node_foreach (node, list) {
		struct filter_rule rule = { .action = { .kind = ACT_ALLOW } };
		const char *name;

		r = node_read_string(doc, node, &name, err);
		if (r == 0)
			r = seccomp_check_name(doc, node, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < filter->n_rules; i++) {
			if (streq(filter->rules[i].name, name))
				return err_input(err, EBADMSG, "%s: %s stands twice in the list",
						 WHERE(doc, node), Q(name));
		}
		if (!allow)
			rule.action = (struct action){
				.kind = ACT_ERRNO,
				.ret = filter_has_fallback(name) ? ENOSYS : EPERM,
			};
		rule.name = (char *)(uintptr_t)name;
		r = filter_add_rule(filter, &rule, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_listed(const struct node *list, const char *name)
{
	node_foreach (node, list) {
		if (node->type == NODE_STRING && streq(node->string, name))
			return true;
	}
	return false;
}

/* A list under which nothing could be started is a mistake, not a policy. */
static int check_needed(const struct doc *doc, const struct node *list, bool allow, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (is_listed(list, needed[i]) == allow)
			continue;
		if (allow)
			return err_input(err, EBADMSG,
					 "%s: no container can start without %s: add it",
					 WHERE_KEY(doc, list), needed[i]);
		return err_input(err, EBADMSG,
				 "%s: no container can start where %s is denied: take it out",
				 WHERE_KEY(doc, list), needed[i]);
	}
	return 0;
}

static struct filter *new_filter(struct seccomp_section *section, struct err *err)
{
	struct filter *grown =
		reallocarray(section->filters, section->n_filters + 1, sizeof(*grown));

	if (!grown) {
		(void)err_oom(err);
		return NULL;
	}
	section->filters = grown;
	grown[section->n_filters] = (struct filter){ 0 };
	return &grown[section->n_filters++];
}

/* Without architectures it holds for the native one, and all calls of others are denied. */
static int parse_list(const struct doc *doc, const struct node *list, bool allow,
		      const struct node *architectures, struct seccomp_section *section,
		      struct err *err)
{
	struct filter *filter;
	int r;

	if (!list)
		return 0;
	r = node_expect(doc, list, NODE_ARRAY, err);
	if (r < 0)
		return r;
	if (list->count == 0 || list->count > NAMES_MAX)
		return err_input(err, EBADMSG, "%s: \"%s\" holds %zu names: give 1 to %d",
				 WHERE_KEY(doc, list), list->key, list->count, NAMES_MAX);
	filter = new_filter(section, err);
	if (!filter)
		return -ENOMEM;
	/* ENOSYS for what is not listed: libc falls back from calls it knows and we do not. */
	filter->default_action = allow ? (struct action){ .kind = ACT_ERRNO, .ret = ENOSYS }
				       : (struct action){ .kind = ACT_ALLOW };
	if (architectures)
		r = filter_read_architectures(doc, architectures, &filter->architectures,
					      &filter->n_architectures, err);
	if (r == 0)
		r = add_names(doc, list, allow, filter, err);
	if (r == 0)
		r = check_needed(doc, list, allow, err);
	return r;
}

/* Below the profile's own directory, and nowhere else. */
static bool path_is_relative(const char *path)
{
	if (path[0] == '/' || path[0] == '\0')
		return false;
	for (const char *part = path;; part++) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += len;
		if (*part == '\0')
			return true;
	}
}

static int parse_file(const struct doc *doc, const struct node *node, profile_fetch_fn *fetch,
		      void *arg, struct seccomp_section *section, struct err *err)
{
	_cleanup_doc_ struct doc *file = NULL;
	struct filter *filter;
	const char *path, *text;
	size_t len;
	int r;

	if (!node)
		return 0;
	r = node_read_string(doc, node, &path, err);
	if (r < 0)
		return r;
	if (!path_is_relative(path))
		return err_input(err, EBADMSG,
				 "%s: %s: a path below the profile's own directory is expected, "
				 "such as \"seccomp/web.json\"",
				 WHERE(doc, node), Q(path));
	r = fetch(arg, path, &file, err);
	if (r < 0) {
		err_context(err, "%s", WHERE(doc, node));
		return r;
	}
	text = doc_text(file, &len);
	sha256_hex1(section->file_digest, text, len);
	filter = new_filter(section, err);
	if (!filter)
		return -ENOMEM;
	r = filter_parse_profile(file, doc_root(file), filter, err);
	if (r == 0)
		r = filter_narrow(file, doc_root(file), filter, err);
	if (r == 0 && !filter->conditional)
		r = filter_add_fallbacks(filter, err);
	err_context(err, "%s", WHERE(doc, node));
	return r;
}

void seccomp_section_done(struct seccomp_section *section)
{
	for (size_t i = 0; i < section->n_filters; i++)
		filter_done(&section->filters[i]);
	free(section->filters);
	*section = (struct seccomp_section){ 0 };
}

int seccomp_section_parse(const struct doc *doc, const struct node *node, profile_fetch_fn *fetch,
			  void *arg, struct seccomp_section *section, struct err *err)
{
	static const char *const keys[] = { "mode", "file", "allow", "deny", "architectures" };
	const struct node *allow = node_get(node, "allow"), *deny = node_get(node, "deny");
	const struct node *architectures = node_get(node, "architectures");
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = parse_file(doc, node_get(node, "file"), fetch, arg, section, err);
	if (r == 0)
		r = parse_list(doc, allow, true, architectures, section, err);
	if (r == 0)
		r = parse_list(doc, deny, false, architectures, section, err);
	if (r < 0)
		return r;
	if (architectures && !allow && !deny)
		return err_input(err, EBADMSG,
				 "%s: \"architectures\" is said of \"allow\" and \"deny\"; a file "
				 "has its own",
				 WHERE_KEY(doc, architectures));
	if (architectures && architectures->count == 0)
		return err_input(err, EBADMSG,
				 "%s: empty: leave it out for the machine's own architecture",
				 WHERE_KEY(doc, architectures));
	if (section->n_filters == 0)
		return err_input(err, EBADMSG,
				 "%s: an empty seccomp section takes nothing away: give \"file\", "
				 "\"allow\" or \"deny\", or leave it out",
				 WHERE(doc, node));
	section->present = true;
	return 0;
}
