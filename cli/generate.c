/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming generate: profiles from metadata and models, see coaming-generate(1).
 *
 * Nothing is enforced and nothing recorded: what is written is for people to read, to change and
 * to install.
 */
#include "cli/generate.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>

#include "cli/generate_print.h"
#include "cli/options.h"
#include "cli/out.h"
#include "lib/file.h"
#include "lib/strv.h"
#include "lib/yaml.h"

static const char *const default_dirs[] = {
	SYSCONFDIR "/coaming/models",
	DATADIR "/coaming/models",
};

/* What the command line says. */
struct wishes {
	const char *image_config, *config_json, *compose;
	struct words containers, models;
	const char *image, *model, *name, *output, *host_config;
	bool json, quiet, list, replace;
};

static void wishes_done(struct wishes *wishes)
{
	words_done(&wishes->containers);
	words_done(&wishes->models);
}

/* ---- reading ---- */

typedef int parse_fn(struct doc **ret, const char *name, const char *text, size_t len,
		     struct err *err);

/* "-" is standard input. */
static int read_doc(const char *path, parse_fn *parse, struct doc **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	size_t len = 0;
	int r;

	if (streq(path, "-")) {
		path = "standard input";
		r = fd_read_all(STDIN_FILENO, path, FILE_MAX_BYTES, &text, &len, err);
	} else {
		r = file_open(AT_FDCWD, path, &fd, &st, err);
		if (r == 0)
			r = fd_read_all(fd, path, FILE_MAX_BYTES, &text, &len, err);
	}
	return r < 0 ? r : parse(ret, path, text, len, err);
}

static int read_containers(const struct wishes *wishes, const struct host *host,
			   struct subjects *subjects, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < wishes->containers.n; i++)
		r = generate_read_container(host, wishes->containers.v[i], subjects, err);
	subjects->is_set = subjects->n > 1;
	return r;
}

static int read_subjects(const struct wishes *wishes, const struct host *host,
			 struct subjects *subjects, struct err *err)
{
	const char *path = wishes->compose        ? wishes->compose
			   : wishes->image_config ? wishes->image_config
						  : wishes->config_json;
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	if (!path)
		return read_containers(wishes, host, subjects, err);
	r = read_doc(path, wishes->compose ? doc_parse_yaml : doc_parse, &doc, err);
	if (r < 0)
		return r;
	if (wishes->compose)
		return generate_read_compose(doc, wishes->name, subjects, err);
	if (wishes->image_config)
		return generate_read_image(doc, wishes->image, subjects, err);
	return generate_read_config(doc, wishes->image, subjects, err);
}

/* ---- names ---- */

/* The last part of an image's path: "nginx" of "registry:5000/team/nginx:1.27". */
static void image_name(const char *image, char out[PROFILE_NAME_MAX + 1])
{
	char text[256];
	const char *slash = strrchr(image, '/');

	(void)snprintf(text, sizeof(text), "%s", slash ? slash + 1 : image);
	text[strcspn(text, ":@")] = '\0';
	subject_name(out, text);
}

/* What stands in for a name that nobody gave: its labels, its model, its image. */
static void choose_name(const struct subject *s, const struct taxonomy *taxonomy, const char *given,
			char out[PROFILE_NAME_MAX + 1])
{
	const struct label *app = taxonomy_label(taxonomy, &s->labels, "app");

	out[0] = '\0';
	if (given || s->name)
		subject_name(out, given ? given : s->name);
	else if (s->names)
		subject_name(out, s->names[0]);
	else if (app && app->source != LABEL_FROM_IMAGE)
		subject_name(out, app->value);
	else if (s->image)
		image_name(s->image, out);
	if (!out[0] && s->recognition.model)
		subject_name(out, s->recognition.model->name);
	if (!out[0])
		subject_name(out, "generated");
}

static int name_subjects(const struct wishes *wishes, const struct taxonomy *taxonomy,
			 struct subjects *subjects, struct err *err)
{
	for (size_t i = 0; i < subjects->n; i++) {
		struct subject *s = &subjects->v[i];
		char name[PROFILE_NAME_MAX + 1];

		choose_name(s, taxonomy, subjects->is_set ? NULL : wishes->name, name);
		free(s->name);
		s->name = strdup(name);
		if (!s->name)
			return err_oom(err);
		for (size_t k = 0; k < i; k++) {
			if (streq(subjects->v[k].name, name))
				return err_input(err, EEXIST,
						 "%s and %s would both become the profile %s",
						 Q(subjects->v[k].called), Q(s->called), name);
		}
	}
	return 0;
}

/* Who has no label to be known by is named by its profile's: others find it by that label too. */
static int give_keys(struct subjects *subjects, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < subjects->n; i++) {
		struct subject *s = &subjects->v[i];

		if (s->n_keys > 0 || (!subjects->is_set && s->matches_image && s->image))
			continue;
		r = subject_add_key(s, LABEL_PROFILE, s->name, err);
		if (r == 0)
			r = subject_note(s, err,
					 "no label of it is known by which to choose the profile: "
					 "start it with the label " LABEL_PROFILE "=%s",
					 s->name);
	}
	return r;
}

/* ---- what a person has to know ---- */

static int note_volumes(struct subject *s, const struct subjects *subjects, struct err *err)
{
	const struct model *m = s->recognition.model;
	int r = 0;

	for (size_t i = 0; m && (m->read_only || s->read_only) && r == 0 && i < m->n_volumes; i++) {
		if (!subject_is_mounted(s, m->volumes[i]))
			r = subject_note(
				s, err,
				"data of %s are in %s, where %s: the root is read-only, so "
				"mount one",
				m->name, m->volumes[i],
				subjects->is_given ? "the file has no volume (the image "
						     "may have one)"
						   : "no volume is");
	}
	return r;
}

/* Profiles override each other by the names of their files. */
static int note_installed(struct subject *s, const struct host *host, struct err *err)
{
	for (size_t i = 0; i < host->n_profile_dirs; i++) {
		_cleanup_free_ char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s.json", host->profile_dirs[i], s->name) < 0)
			return err_oom(err);
		if (lstat(path, &st) == 0)
			return subject_note(
				s, err,
				"a profile of this name is installed, %s: this one may take "
				"its place (--name gives another)",
				path);
	}
	return 0;
}

static int note_all(struct subjects *subjects, const struct host *host, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < subjects->n; i++) {
		struct subject *s = &subjects->v[i];

		r = note_volumes(s, subjects, err);
		if (r == 0)
			r = note_installed(s, host, err);
		if (r == 0 && s->is_privileged)
			r = subject_note(s, err,
					 "it is privileged, which baseline refuses: it does not "
					 "start under this profile");
		if (r == 0 && s->net == SUBJECT_NET_HOST)
			r = subject_note(s, err,
					 "it is in the host's network, which baseline refuses, and "
					 "which no network section is for: give it one of its own");
		if (r == 0 && s->net == SUBJECT_NET_OTHERS)
			r = subject_note(s, err,
					 "it lives in the network of %s, whose profile says what "
					 "passes",
					 subjects->v[s->net_of].called);
		if (r == 0 && !s->recognition.model && !s->read_only)
			r = subject_note(s, err,
					 "nothing is known of what it writes: its root is not made "
					 "read-only");
	}
	return r;
}

/* ---- writing ---- */

static int write_files(const struct wishes *wishes, const struct subjects *subjects,
		       const struct draft *drafts, struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	struct stat st;
	int r = 0;

	if (mkdir(wishes->output, 0755) < 0 && errno != EEXIST)
		return err_errno(err, errno, "cannot make %s", Q(wishes->output));
	dirfd = open(wishes->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_errno(err, errno, "cannot open %s", Q(wishes->output));
	for (size_t i = 0; r == 0 && i < 2 * subjects->n; i++) {
		const struct draft *draft = &drafts[i % subjects->n];
		char file[PROFILE_NAME_MAX + sizeof(".json")];

		(void)snprintf(file, sizeof(file), "%s.json", subjects->v[i % subjects->n].name);
		/* All are looked for before the first is written: a set is whole or not there. */
		if (i >= subjects->n)
			r = file_write_atomic(dirfd, file, draft->json.data, draft->json.len, 0644,
					      (uid_t)-1, (gid_t)-1, true, err);
		else if (!wishes->replace && fstatat(dirfd, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
			r = err_input(err, EEXIST,
				      "%s is there already in %s (--replace writes over it)", file,
				      Q(wishes->output));
	}
	return r;
}

static int print(const struct wishes *wishes, const struct subjects *subjects,
		 const struct draft *drafts, struct err *err)
{
	int r = 0;

	if (wishes->output)
		r = write_files(wishes, subjects, drafts, err);
	if (r == 0 && wishes->json)
		return generate_print_json(subjects, drafts, err);
	if (r == 0 && !wishes->quiet)
		r = generate_explain(subjects, drafts, err);
	if (r == 0 && !wishes->output)
		r = out_print(&drafts[0].json, err);
	return r;
}

/* ---- all of it ---- */

static int draft_all(const struct wishes *wishes, const struct subjects *subjects,
		     const struct models *models, const struct host *host, struct err *err)
{
	struct draft *drafts = calloc(subjects->n + 1, sizeof(*drafts));
	int r = drafts ? 0 : err_oom(err);

	for (size_t i = 0; r == 0 && i < subjects->n; i++)
		r = generate_draft(subjects, i, models, &host->taxonomy, &drafts[i], err);
	if (r == 0)
		r = print(wishes, subjects, drafts, err);
	for (size_t i = 0; drafts && i < subjects->n; i++)
		draft_done(&drafts[i]);
	free(drafts);
	return r;
}

static int load_models(const struct wishes *wishes, struct models *models, struct err *err)
{
	int r = wishes->models.n > 0
			? models_load(wishes->models.v, wishes->models.n, models, err)
			: models_load(default_dirs, ARRAY_SIZE(default_dirs), models, err);

	if (r == 0 && models->n == 0)
		return err_input(err, ENOENT, "no model is in %s",
				 wishes->models.n > 0 ? Q(wishes->models.v[0])
						      : DATADIR "/coaming/models");
	return r;
}

static int find_model(const struct models *models, const char *name, const struct model **ret,
		      struct err *err)
{
	_cleanup_free_ const char **names = calloc(models->n + 1, sizeof(*names));

	*ret = name ? models_get(models, name) : NULL;
	if (!name || *ret)
		return 0;
	if (!names)
		return err_oom(err);
	for (size_t i = 0; i < models->n; i++)
		names[i] = models->v[i]->name;
	return err_input(err, ENOENT, "there is no model %s%s", Q(name),
			 SUGGESTION(name, names, models->n));
}

static int check_wishes(const struct wishes *wishes, struct err *err)
{
	int sources = !!wishes->image_config + !!wishes->config_json + !!wishes->compose +
		      (wishes->containers.n > 0);

	if (sources != 1)
		return err_input(err, EINVAL,
				 "give one of --image-config, --config-json, --container and "
				 "--compose");
	if (wishes->image && (wishes->compose || wishes->containers.n > 0))
		return err_input(
			err, EINVAL,
			"--image is for --image-config and --config-json: here it is known");
	if (wishes->model && wishes->compose)
		return err_input(err, EINVAL, "--model is for one container");
	if (wishes->name && wishes->containers.n > 1)
		return err_input(err, EINVAL, "--name is for one container, or for a project");
	if (wishes->name && !wishes->compose && !profile_name_is_valid(wishes->name))
		return err_input(err, EINVAL, "--name %s is no profile's name", Q(wishes->name));
	return 0;
}

static int generate(const struct wishes *wishes, struct err *err)
{
	_cleanup_models_ struct models models = { 0 };
	_cleanup_subjects_ struct subjects subjects = { 0 };
	_cleanup_host_ struct host *host = NULL;
	const struct model *model = NULL;
	int r;

	r = load_models(wishes, &models, err);
	if (r == 0 && wishes->list)
		return generate_list_models(&models, err);
	if (r == 0)
		r = check_wishes(wishes, err);
	if (r == 0)
		r = find_model(&models, wishes->model, &model, err);
	if (r == 0)
		r = host_load(wishes->host_config, &host, err);
	if (r == 0)
		r = read_subjects(wishes, host, &subjects, err);
	if (r == 0 && subjects.n > 1 && !wishes->output && !wishes->json)
		r = err_input(err, EINVAL,
			      "these are %zu profiles: say where to with --output, or --json",
			      subjects.n);
	if (r == 0)
		r = generate_find_ports(&subjects, err);
	if (r == 0)
		r = generate_recognise(&models, model, &subjects, err);
	if (r == 0)
		r = name_subjects(wishes, &host->taxonomy, &subjects, err);
	if (r == 0)
		r = give_keys(&subjects, err);
	if (r == 0 && subjects.is_set)
		r = generate_find_needs(host, &subjects, err);
	if (r == 0)
		r = note_all(&subjects, host, err);
	return r < 0 ? r : draft_all(wishes, &subjects, &models, host, err);
}

int cmd_generate(int argc, char **argv, struct err *err)
{
	_cleanup_(wishes_done) struct wishes wishes = { 0 };
	const struct option options[] = {
		{ .name = "image-config",
		  .value = "FILE",
		  .text = &wishes.image_config,
		  .help = "an image's config, or what inspect prints of it" },
		{ .name = "config-json",
		  .value = "FILE",
		  .text = &wishes.config_json,
		  .help = "a container's config.json; - for standard input" },
		{ .name = "container",
		  .value = "ID",
		  .list = &wishes.containers,
		  .help = "one that runs; of several, a set that fits together" },
		{ .name = "compose",
		  .value = "FILE",
		  .text = &wishes.compose,
		  .help = "a compose file: a profile a service" },
		{ .letter = 'i',
		  .name = "image",
		  .value = "NAME",
		  .text = &wishes.image,
		  .help = "what the image is called" },
		{ .letter = 'm',
		  .name = "model",
		  .value = "NAME",
		  .text = &wishes.model,
		  .help = "take it for this" },
		{ .letter = 'n',
		  .name = "name",
		  .value = "NAME",
		  .text = &wishes.name,
		  .help = "of the profile, or of the compose project" },
		{ .letter = 'o',
		  .name = "output",
		  .value = "DIR",
		  .text = &wishes.output,
		  .help = "write files there, instead of printing" },
		{ .name = "replace",
		  .flag = &wishes.replace,
		  .help = "also over files that are there" },
		{ .letter = 'j',
		  .name = "json",
		  .flag = &wishes.json,
		  .help = "profiles and reasons as JSON" },
		{ .letter = 'q', .name = "quiet", .flag = &wishes.quiet, .help = "no reasons" },
		{ .name = "models",
		  .value = "DIR",
		  .list = &wishes.models,
		  .help = "models from this directory, not the installed ones" },
		{ .name = "list-models", .flag = &wishes.list, .help = "which models there are" },
		OPTION_CONFIG(&wishes.host_config),
	};
	const struct usage usage = {
		.about = "Write a profile for a container from what its image or engine says of\n"
			 "it, and from models of applications. On standard error: why each line\n"
			 "is there, and what is a guess. Read it before you install it.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r = options_parse(argc, argv, &usage, NULL, err);

	return r != 0 ? (r < 0 ? r : 0) : generate(&wishes, err);
}
