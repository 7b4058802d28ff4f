/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an engine reads beside the drop-in of coaming.
 */
#include "cli/setup_confs.h"

#include <errno.h>

#include "cli/below.h"
#include "lib/strv.h"

#define MARK_START "# Made by coaming setup "

void confs_done(struct confs *confs)
{
	for (size_t i = 0; i < confs->n; i++) {
		free(confs->v[i].path);
		toml_free(&confs->v[i].toml);
	}
	free(confs->v);
	*confs = (struct confs){ 0 };
}

/* *path is taken over. */
static int add(struct confs *confs, char **path, struct toml **toml, bool after, struct err *err)
{
	struct conf *grown = reallocarray(confs->v, confs->n + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	confs->v = grown;
	grown[confs->n++] = (struct conf){ take_ptr(*path), take_ptr(*toml), after };
	return 0;
}

static int read_one(const struct setup *setup, int root_fd, const char *path, const char *own,
		    bool naming_us, struct confs *confs, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *full = NULL;
	_cleanup_toml_ struct toml *toml = NULL;
	const char *dir_end = strrchr(own, '/');
	size_t len = 0, dir = (size_t)(dir_end - own) + 1;
	int r;

	if (asprintf(&full, "%s%s", setup->root, path) < 0) {
		full = NULL;
		return err_oom(err);
	}
	if (streq(full, own))
		return 0;
	r = below_read(root_fd, path, &text, &len, err);
	if (r > 0 && (!naming_us || memmem(text, len, "coaming", strlen("coaming"))))
		r = toml_parse(&toml, full, text, len, err);
	if (r < 0 || !toml)
		return r;
	return add(confs, &full, &toml, strncmp(full, own, dir) == 0 && strcmp(full, own) > 0, err);
}

int confs_read(const struct setup *setup, const struct confs_way *engine, const char *own,
	       bool naming_us, struct confs *ret, struct err *err)
{
	_cleanup_close_ int root_fd = -1;
	_cleanup_confs_ struct confs confs = { 0 };
	char path[SETUP_PATH_MAX];
	char **names = NULL;
	size_t n = 0;
	int r = below_root(*setup->root ? setup->root : "/", &root_fd, err);

	for (size_t i = 0; r == 0 && engine->files[i]; i++)
		r = read_one(setup, root_fd, engine->files[i], own, naming_us, &confs, err);
	if (r == 0)
		r = below_list(root_fd, engine->dir, engine->suffix, &names, &n, err);
	if (r == 0)
		strv_sort_unique(names, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", engine->dir, names[i]);
		r = read_one(setup, root_fd, path, own, naming_us, &confs, err);
	}
	strv_free(&names, &n);
	if (r < 0)
		return r;
	*ret = confs;
	confs = (struct confs){ 0 };
	return 0;
}

static const struct toml_node *walk(const struct conf *conf, const char *const keys[])
{
	const struct toml_node *node = toml_root(conf->toml);

	for (size_t i = 0; node && keys[i]; i++)
		node = toml_get(node, keys[i]);
	return node;
}

const struct toml_node *confs_get(const struct confs *confs, const char *const keys[],
				  const struct toml **ret_toml)
{
	const struct toml_node *last = NULL;

	for (size_t i = 0; i < confs->n; i++) {
		const struct toml_node *node = confs->v[i].after ? NULL : walk(&confs->v[i], keys);

		if (node && ret_toml)
			*ret_toml = confs->v[i].toml;
		last = node ? node : last;
	}
	return last;
}

bool confs_appends(const struct toml_node *array)
{
	toml_foreach(element, array)
	{
		const struct toml_node *append = toml_get(element, "append");

		if (append && append->type == TOML_BOOL && streq(append->string, "true"))
			return true;
	}
	return false;
}

int confs_check_after(const struct confs *confs, const char *const keys[], struct err *err)
{
	for (size_t i = 0; i < confs->n; i++) {
		const struct toml_node *node = confs->v[i].after ? walk(&confs->v[i], keys) : NULL;
		size_t last = 0;

		if (!node)
			continue;
		while (keys[last + 1])
			last++;
		return err_input(err, EEXIST,
				 "%s: \"%s\" is read after coaming's own file and goes before it: "
				 "take it out there, or give that file an earlier name",
				 TOML_WHERE(confs->v[i].toml, node->start), keys[last]);
	}
	return 0;
}

void confs_put_mark(struct buf *out, const char *name)
{
	buf_addf(out,
		 MARK_START "%s, see coaming-setup(1): changes are lost when it is run again.\n",
		 name);
}

/* -EEXIST where there is a file that does not begin with it. */
static int check_mark(const struct setup_text *text, const char *name, struct err *err)
{
	if (!text->data || starts_with(text->data, MARK_START))
		return 0;
	return err_input(err, EEXIST,
			 "%s was not made by coaming setup: move it away, and run coaming setup %s "
			 "again",
			 Q(text->path), name);
}

int confs_look(const struct confs_way *engine, const struct setup_text *text, struct setup_way *ret,
	       struct err *err)
{
	_cleanup_toml_ struct toml *toml = NULL;
	int r = toml_parse(&toml, text->path, text->data, text->len, err);

	if (r < 0)
		return r;
	*ret = (struct setup_way){ 0 };
	engine->look_at(toml, ret);
	return 0;
}

int confs_begin(const struct setup *setup, const struct confs_way *engine,
		const struct setup_text *text, const struct setup_way *way, struct confs *ret,
		struct err *err)
{
	int r;

	r = check_mark(text, engine->name, err);
	if (r == 0)
		r = confs_read(setup, engine, text->path, false, ret, err);
	if (r == 0)
		r = confs_check_after(ret, engine->own_keys, err);
	if (r == 0 && way->state == SETUP_DEFAULT)
		r = confs_check_after(ret, engine->default_keys, err);
	return r;
}

int confs_find_elsewhere(struct setup *setup, const struct confs_way *engine, const char *own,
			 size_t *ret, struct err *err)
{
	_cleanup_confs_ struct confs confs = { 0 };
	int r = confs_read(setup, engine, own, true, &confs, err);

	for (size_t i = 0; r == 0 && i < confs.n; i++) {
		const char *path = confs.v[i].path;
		struct setup_way way = { 0 };

		engine->look_at(confs.v[i].toml, &way);
		if (way.state == SETUP_NONE && !way.hooks)
			continue;
		(*ret)++;
		buf_addf(&setup->notes, "%s names coaming too%s\n", Q(path),
			 engine->packaged && strstr(path, engine->packaged) ? engine->packaged_note
									    : "");
	}
	return r;
}
