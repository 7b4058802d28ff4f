/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models from their directories. Nothing is enforced by them, so that the files may be anybody's.
 */
#include "profiles/model.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"

/* More are no set that somebody keeps in order. */
#define MODELS_MAX 4096

static bool is_model_name(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && name[0] != '.' && streq(name + len - 5, ".json");
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct model *const *)a)->name, (*(struct model *const *)b)->name);
}

static bool is_hidden(const struct models *models, const char *file_name)
{
	size_t len = strlen(file_name) - strlen(".json");

	for (size_t i = 0; i < models->n; i++) {
		const char *name = models->v[i]->name;

		if (strncmp(name, file_name, len) == 0 && name[len] == '\0')
			return true;
	}
	return false;
}

static int load_one(int dirfd, const char *dir, const char *name, struct models *models,
		    struct err *err)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct model **grown;
	size_t len = 0;
	int r;

	if (models->n >= MODELS_MAX)
		return err_input(err, E2BIG, "more than %d models", MODELS_MAX);
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return err_oom(err);
	r = file_read(dirfd, name, MODEL_MAX_BYTES, &text, &len, err);
	if (r < 0) {
		err_context(err, "model %s", Q(path));
		return r;
	}
	grown = reallocarray(models->v, models->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	models->v = grown;
	r = doc_parse(&doc, path, text, len, err);
	if (r == 0)
		r = model_parse(doc, &models->v[models->n], err);
	models->n += r == 0;
	return r;
}

static int load_dir(const char *dir, struct models *models, struct err *err)
{
	_cleanup_(closedirp) DIR *d = opendir(dir);
	struct models before = *models;
	struct dirent *entry;
	int r = 0;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_errno(err, errno, "cannot read the directory %s", Q(dir));
	while (r == 0 && (entry = readdir(d))) {
		before.v = models->v; /* of the directories before this one, wherever it moved */
		if (is_model_name(entry->d_name) && !is_hidden(&before, entry->d_name))
			r = load_one(dirfd(d), dir, entry->d_name, models, err);
	}
	return r;
}

void models_done(struct models *models)
{
	for (size_t i = 0; i < models->n; i++)
		model_free(&models->v[i]);
	free(models->v);
	*models = (struct models){ 0 };
}

int models_load(const char *const dirs[], size_t n, struct models *ret, struct err *err)
{
	_cleanup_models_ struct models models = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = load_dir(dirs[i], &models, err);
	if (r < 0)
		return r;
	if (models.n > 0)
		qsort(models.v, models.n, sizeof(struct model *), by_name);
	*ret = models;
	models = (struct models){ 0 };
	return 0;
}

const struct model *models_get(const struct models *models, const char *name)
{
	for (size_t i = 0; i < models->n; i++) {
		if (streq(models->v[i]->name, name))
			return models->v[i];
	}
	return NULL;
}
