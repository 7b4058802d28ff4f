/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming setup crio: a drop-in with a runtime handler.
 *
 * CRI-O reads /etc/crio/crio.conf, then the files of crio.conf.d in the order of their names; a
 * later one adds runtimes to those of the earlier ones, and replaces single keys.
 *
 * Source: crio.conf(5), "CRIO.RUNTIME.RUNTIMES TABLE"; crio.conf.d(5)
 */
#include <errno.h>

#include "cli/setup.h"
#include "cli/setup_confs.h"

#define DIR "/etc/crio/crio.conf.d"

static const char *const files[] = { "/etc/crio/crio.conf", NULL };
static const char *const default_keys[] = { "crio", "runtime", "default_runtime", NULL };
static const char *const own_keys[] = { "crio", "runtime", "runtimes", SETUP_RUNTIME_NAME, NULL };

static const struct toml_node *runtime_table(const struct toml *toml)
{
	return toml_path(toml_root(toml), "crio", "runtime", NULL);
}

static void look_at(const struct toml *toml, struct setup_way *ret)
{
	const struct toml_node *table = runtime_table(toml);
	const char *name = toml_string(toml_get(table, "default_runtime"));

	toml_foreach(runtime, toml_get(table, "runtimes")) setup_see_runtime(
		ret, runtime->key, toml_string(toml_get(runtime, "runtime_path")), name);
	if (name && streq(name, SETUP_RUNTIME_NAME))
		ret->state = SETUP_DEFAULT;
}

static const struct confs_way drop_ins = {
	.name = "crio",
	.files = files,
	.dir = DIR,
	.suffix = "",
	.own_keys = own_keys,
	.default_keys = default_keys,
	.look_at = look_at,
};

static int look(const struct setup *setup, const struct setup_text *text, struct setup_way *ret,
		struct err *err)
{
	return confs_look(&drop_ins, text, ret, err);
}

/*
 * How CRI-O's own default is run (its monitor, above all, which CRI-O's packages keep outside of
 * the system's directories) holds for coaming too: the members that are not about the program.
 */
static int copy_model(const struct confs *confs, const char *old, struct buf *out, bool *ret_root,
		      struct err *err)
{
	static const char *const left[] = { "runtime_path", "runtime_type",
					    "platform_runtime_paths", "runtime_config_path" };
	const char *const keys[] = { "crio", "runtime", "runtimes", old ? old : "crun", NULL };
	const struct toml *toml = NULL;
	const struct toml_node *model = confs_get(confs, keys, &toml);
	const char *type = toml_string(toml_get(model, "runtime_type"));

	*ret_root = false;
	if (type && *type && !streq(type, "oci"))
		return 0;
	toml_foreach(member, model)
	{
		bool skip = member->origin != TOML_VALUE;

		for (size_t i = 0; i < ARRAY_SIZE(left); i++)
			skip |= streq(member->key, left[i]);
		if (skip)
			continue;
		if (strspn(member->key, "abcdefghijklmnopqrstuvwxyz_") != strlen(member->key))
			return err_input(err, EINVAL, "%s: %s is no key of CRI-O",
					 TOML_WHERE(toml, member->start), Q(member->key));
		*ret_root |= streq(member->key, "runtime_root");
		buf_addf(out, "%s = ", member->key);
		buf_add(out, toml_text(toml, NULL) + member->start, member->end - member->start);
		buf_addc(out, '\n');
	}
	return 0;
}

static int write_file(const struct setup *setup, const struct confs *confs, const char *old,
		      const struct setup_way *way, struct buf *out, struct err *err)
{
	_cleanup_free_ char *path = setup_quoted(way->runtime);
	bool has_root;
	int r;

	if (!path)
		return err_oom(err);
	confs_put_mark(out, drop_ins.name);
	if (way->state == SETUP_DEFAULT)
		buf_adds(out, "\n[crio.runtime]\ndefault_runtime = \"" SETUP_RUNTIME_NAME "\"\n");
	buf_addf(out,
		 "\n[crio.runtime.runtimes." SETUP_RUNTIME_NAME "]\n"
		 "runtime_path = %s\n"
		 "runtime_type = \"oci\"\n",
		 path);
	r = copy_model(confs, old, out, &has_root, err);
	if (r == 0 && !has_root)
		buf_addf(out, "runtime_root = \"/run/%s\"\n", setup->real);
	return r < 0 ? r : buf_status(out) < 0 ? err_oom(err) : 0;
}

static int add(struct setup *setup, const struct setup_text *text, const struct setup_way *way,
	       struct buf *out, struct err *err)
{
	_cleanup_confs_ struct confs confs = { 0 };
	_cleanup_toml_ struct toml *again = NULL;
	const char *old;
	int r;

	r = confs_begin(setup, &drop_ins, text, way, &confs, err);
	if (r < 0)
		return r;
	if (confs_get(&confs, own_keys, NULL))
		return err_input(err, EEXIST,
				 "another file of CRI-O has a runtime \"" SETUP_RUNTIME_NAME
				 "\" already: take it out there, coaming setup makes %s",
				 Q(text->path));
	old = toml_string(confs_get(&confs, default_keys, NULL));
	setup_note_default(setup, way, old);
	r = write_file(setup, &confs, old, way, out, err);
	return r < 0 ? r : toml_parse(&again, text->path, out->data, out->len, err);
}

static int check(struct setup *setup, const char *program, const char *path,
		 const struct setup_way *way, struct err *err)
{
	buf_adds(&setup->notes, "not checked by crio, which has no command for one drop-in: the "
				"file was read again as TOML\n");
	return 0;
}

static int find_elsewhere(struct setup *setup, const char *own, size_t *ret, struct err *err)
{
	return confs_find_elsewhere(setup, &drop_ins, own, ret, err);
}

const struct engine engine_crio = {
	.name = "crio",
	.title = "CRI-O",
	.program = "crio",
	.file = DIR "/coaming.conf",
	.choose = "a RuntimeClass with the handler \"" SETUP_RUNTIME_NAME "\"",
	.activate = "systemctl restart crio",
	.deactivate = "systemctl restart crio",
	.whole_file = true,
	.look = look,
	.add = add,
	.check = check,
	.find_elsewhere = find_elsewhere,
};
