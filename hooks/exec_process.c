/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that an `exec` asks for, as a process.json.
 */
#include "hooks/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/edit.h"
#include "lib/emit.h"
#include "lib/file.h"
#include "profiles/exec.h"

/* Beyond what anybody preserves, and below what a table of descriptors costs. */
#define FD_HIGH 512

/* ---- the file ---- */

static int read_process(const char *path, struct doc **ret, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return err_input(err, errno, "cannot open --process %s: %s", Q(path),
				 strerror(errno));
	r = fd_read_all(fd, path, FILE_MAX_BYTES, &text, &len, err);
	return r < 0 ? r : doc_parse(ret, path, text, len, err);
}

unsigned exec_process_inherits(enum runtime_kind kind)
{
	return kind == RUNTIME_CRUN ? INHERITS_CAPABILITIES
				    : INHERITS_CAPABILITIES | INHERITS_RLIMITS;
}

bool exec_process_is_repeatable(const struct exec_args *args)
{
	const struct exec_given *given = exec_args_last(args, EXEC_PROCESS);
	struct stat st;

	return !given || (stat(given->value, &st) == 0 && S_ISREG(st.st_mode));
}

/* ---- options ---- */

static const char *value_of(const struct exec_args *args, enum exec_option option)
{
	const struct exec_given *given = exec_args_last(args, option);

	return given && given->value[0] != '\0' ? given->value : NULL;
}

/* Digits alone, at most what fits; *end is behind them. */
static int read_id(const char *text, const char **end, uint32_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long v;

	if (digits == 0 || digits > 10)
		return -EINVAL;
	v = strtoull(text, NULL, 10);
	if (v >= UINT32_MAX) /* which setuid(2) takes for "unchanged" */
		return -ERANGE;
	*end = text + digits;
	*ret = (uint32_t)v;
	return 0;
}

struct user {
	bool present, has_gid;
	uint32_t uid, gid;
};

static int read_user(const struct exec_args *args, struct user *ret, struct err *err)
{
	const char *text = value_of(args, EXEC_USER), *at = text;
	int r;

	if (!text)
		return 0;
	ret->present = true;
	r = read_id(text, &at, &ret->uid);
	ret->has_gid = r == 0 && *at == ':';
	if (ret->has_gid)
		r = read_id(at + 1, &at, &ret->gid);
	if (r < 0 || *at != '\0')
		return err_input(err, EINVAL, "--user %s: expected UID or UID:GID, numbers",
				 Q(text));
	return 0;
}

/* The values of all options of a kind, as they follow one another. */
static void emit_values(struct emit *e, const struct exec_args *args, enum exec_option option)
{
	for (size_t i = 0; i < args->n; i++) {
		if (args->given[i].option == option)
			emit_string(e, args->given[i].value);
	}
}

static void emit_list(struct emit *e, const char *key, const struct exec_args *args,
		      enum exec_option option)
{
	emit_key(e, key);
	emit_array(e);
	emit_values(e, args, option);
	emit_array_end(e);
}

static void emit_args(struct emit *e, const struct exec_args *args)
{
	emit_array(e);
	for (size_t i = 0; i < args->n_args; i++)
		emit_string(e, args->args[i]);
	emit_array_end(e);
}

static const char *const cap_sets[] = { "bounding", "effective", "permitted" };

static void emit_caps(struct emit *e, const struct exec_args *args)
{
	emit_object(e);
	for (size_t i = 0; i < ARRAY_SIZE(cap_sets); i++)
		emit_list(e, cap_sets[i], args, EXEC_CAP);
	emit_object_end(e);
}

/* ---- crun ---- */

static void emit_crun_user(struct emit *e, const struct user *user)
{
	emit_key(e, "user");
	emit_object(e);
	emit_key(e, "uid");
	emit_u64(e, user->uid);
	emit_key(e, "gid");
	emit_u64(e, user->gid);
	emit_object_end(e);
}

static void write_crun(const struct exec_args *args, const struct user *user, struct buf *out)
{
	const struct exec_given *tty = exec_args_last(args, EXEC_TTY);
	const struct exec_given *no_new = exec_args_last(args, EXEC_NO_NEW_PRIVS);
	const char *cwd = value_of(args, EXEC_CWD);
	struct emit e = EMIT(out);

	emit_object(&e);
	emit_key(&e, "terminal");
	emit_bool(&e, tty && !tty->off);
	if (user->present)
		emit_crun_user(&e, user);
	emit_key(&e, "args");
	emit_args(&e, args);
	if (exec_args_last(args, EXEC_ENV))
		emit_list(&e, "env", args, EXEC_ENV);
	emit_text_if(&e, "cwd", cwd ? cwd : "/");
	if (exec_args_last(args, EXEC_CAP)) {
		emit_key(&e, "capabilities");
		emit_caps(&e, args);
	}
	emit_key(&e, "noNewPrivileges");
	emit_bool(&e, no_new && !no_new->off);
	emit_text_if(&e, "apparmorProfile", value_of(args, EXEC_APPARMOR));
	emit_text_if(&e, "selinuxLabel", value_of(args, EXEC_PROCESS_LABEL));
	emit_object_end(&e);
}

/* ---- runc ---- */

/* What runc lays over the container's process, which is a document of its own here. */
struct over {
	const struct exec_args *args;
	const struct doc *doc;
	struct edit *edit;
	struct err *err;
};

static int put(const struct over *o, const struct node *object, const char *key,
	       const struct buf *json)
{
	return buf_status(json) < 0 ? err_oom(o->err)
				    : edit_member(o->edit, object, key, json->data, o->err);
}

static int put_text(const struct over *o, const char *key, const char *text)
{
	_cleanup_buf_ struct buf json = { 0 };
	struct emit e = EMIT(&json);

	if (!text)
		return 0;
	emit_string(&e, text);
	return put(o, doc_root(o->doc), key, &json);
}

static int put_flag(const struct over *o, const char *key, enum exec_option option)
{
	const struct exec_given *given = exec_args_last(o->args, option);

	return given ? edit_member(o->edit, doc_root(o->doc), key, given->off ? "false" : "true",
				   o->err)
		     : 0;
}

/* Behind those that are there. */
static int append_value(const struct over *o, const struct node *list, const char *value)
{
	_cleanup_buf_ struct buf json = { 0 };
	struct emit e = EMIT(&json);

	emit_string(&e, value);
	return buf_status(&json) < 0 ? err_oom(o->err)
				     : edit_add_element(o->edit, list, json.data, o->err);
}

static int append_values(const struct over *o, const struct node *object, const char *key,
			 enum exec_option option)
{
	const struct node *list = node_get(object, key);
	_cleanup_buf_ struct buf json = { 0 };
	struct emit e = EMIT(&json);
	int r = 0;

	for (size_t i = 0; r == 0 && node_is(list, NODE_ARRAY) && i < o->args->n; i++) {
		if (o->args->given[i].option == option)
			r = append_value(o, list, o->args->given[i].value);
	}
	if (r < 0 || node_is(list, NODE_ARRAY))
		return r;
	emit_array(&e);
	emit_values(&e, o->args, option);
	emit_array_end(&e);
	return put(o, object, key, &json);
}

static int put_caps(const struct over *o)
{
	const struct node *caps = node_get(doc_root(o->doc), "capabilities");
	_cleanup_buf_ struct buf json = { 0 };
	struct emit e = EMIT(&json);
	int r = 0;

	if (!exec_args_last(o->args, EXEC_CAP))
		return 0;
	for (size_t i = 0; r == 0 && node_is(caps, NODE_OBJECT) && i < ARRAY_SIZE(cap_sets); i++)
		r = append_values(o, caps, cap_sets[i], EXEC_CAP);
	if (r < 0 || node_is(caps, NODE_OBJECT))
		return r;
	emit_caps(&e, o->args);
	return put(o, doc_root(o->doc), "capabilities", &json);
}

/* Those of the container, and behind them those that are given. */
static int put_gids(const struct over *o, const struct node *user)
{
	_cleanup_buf_ struct buf json = { 0 };
	struct emit e = EMIT(&json);

	if (!exec_args_last(o->args, EXEC_ADDITIONAL_GIDS))
		return 0;
	emit_array(&e);
	node_foreach (gid, node_get(user, "additionalGids"))
		emit_raw(&e, gid->type == NODE_NUMBER ? gid->string : "null");
	for (size_t i = 0; i < o->args->n; i++) {
		const struct exec_given *given = &o->args->given[i];
		const char *end = given->value;
		uint32_t gid = 0;

		if (given->option != EXEC_ADDITIONAL_GIDS)
			continue;
		if (read_id(given->value, &end, &gid) < 0 || *end != '\0')
			return err_input(o->err, EINVAL, "--additional-gids %s: expected a number",
					 Q(given->value));
		emit_u64(&e, gid);
	}
	emit_array_end(&e);
	return put(o, user, "additionalGids", &json);
}

static int put_id(const struct over *o, const struct node *user, const char *key, uint32_t id)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", id);
	return edit_member(o->edit, user, key, text, o->err);
}

static int put_user(const struct over *o)
{
	const struct node *user = node_get(doc_root(o->doc), "user");
	struct user given = { 0 };
	int r;

	r = read_user(o->args, &given, o->err);
	if (r < 0 || (!given.present && !exec_args_last(o->args, EXEC_ADDITIONAL_GIDS)))
		return r;
	if (!node_is(user, NODE_OBJECT))
		return err_input(o->err, EBADMSG,
				 "%s: there is no \"user\" to which options could be added",
				 doc_name(o->doc));
	if (given.present)
		r = put_id(o, user, "uid", given.uid);
	if (r == 0 && given.has_gid)
		r = put_id(o, user, "gid", given.gid);
	return r < 0 ? r : put_gids(o, user);
}

static int put_args(const struct over *o)
{
	_cleanup_buf_ struct buf json = { 0 };
	struct emit e = EMIT(&json);

	emit_args(&e, o->args);
	return put(o, doc_root(o->doc), "args", &json);
}

static int put_all(const struct over *o)
{
	int r;

	r = put_args(o);
	if (r == 0)
		r = put_text(o, "cwd", value_of(o->args, EXEC_CWD));
	if (r == 0)
		r = put_text(o, "apparmorProfile", value_of(o->args, EXEC_APPARMOR));
	if (r == 0)
		r = put_text(o, "selinuxLabel", value_of(o->args, EXEC_PROCESS_LABEL));
	if (r == 0)
		r = put_flag(o, "terminal", EXEC_TTY);
	if (r == 0)
		r = put_flag(o, "noNewPrivileges", EXEC_NO_NEW_PRIVS);
	if (r == 0 && exec_args_last(o->args, EXEC_ENV))
		r = append_values(o, doc_root(o->doc), "env", EXEC_ENV);
	if (r == 0)
		r = put_caps(o);
	return r < 0 ? r : put_user(o);
}

static int write_runc(const struct exec_args *args, const struct doc *config, struct buf *out,
		      struct err *err)
{
	const struct node *process = node_get(doc_root(config), "process");
	_cleanup_doc_ struct doc *own = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	int r;

	r = node_expect(config, process, NODE_OBJECT, err);
	if (r == 0)
		r = doc_parse(&own, doc_name(config), doc_text(config, NULL) + process->start,
			      process->end - process->start, err);
	if (r == 0)
		r = edit_new(&edit, own, err);
	if (r == 0)
		r = put_all(&(struct over){ args, own, edit, err });
	return r < 0 ? r : edit_apply(edit, out, err);
}

/* ---- what is asked for ---- */

int exec_process(const struct exec_args *args, enum runtime_kind kind, const struct doc *config,
		 struct doc **ret, struct err *err)
{
	const struct exec_given *file = exec_args_last(args, EXEC_PROCESS);
	_cleanup_buf_ struct buf text = { 0 };
	struct user user = { 0 };
	int r;

	if (file)
		return read_process(file->value, ret, err);
	r = read_user(args, &user, err);
	if (r == 0 && args->n_args == 0)
		r = err_input(err, EINVAL, "exec: no program given");
	if (r < 0)
		return r;
	if (kind == RUNTIME_CRUN)
		write_crun(args, &user, &text);
	else
		r = write_runc(args, config, &text, err);
	if (r == 0 && buf_status(&text) < 0)
		r = err_oom(err);
	return r < 0 ? r : doc_parse(ret, "options of exec", text.data, text.len, err);
}

/* ---- what is given to the runtime ---- */

static int high_number(int fd)
{
	struct rlimit limit = { 0 };
	int least = FD_HIGH;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= FD_HIGH)
		least = (int)limit.rlim_cur / 2;
	return fcntl(fd, F_DUPFD, least);
}

int exec_process_file(const char *text, size_t len, int *ret_fd, struct err *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	_cleanup_close_ int fd = memfd_create("process.json", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return err_errno(err, errno, "cannot make an anonymous file");
	r = fd_write_all(fd, "process.json", text, len, err);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return err_errno(err, errno, "cannot seal an anonymous file");
	*ret_fd = high_number(fd);
	return *ret_fd >= 0 ? 0 : err_errno(err, errno, "cannot duplicate a descriptor");
}
