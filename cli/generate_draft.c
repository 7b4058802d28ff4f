/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile of one subject, with the reason of every line. One function a section.
 *
 * It is written twice: the first time for the reasons, the second time with those that are guesses
 * named in its description, where they stay with the profile.
 */
#include "cli/generate_draft.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/image.h"

#define INDENT 2
#define MIB    ((uint64_t)1 << 20)
/* Of a tmpfs of which no size is said. */
#define TMPFS_SIZE_DEFAULT (64 * MIB)

/* Those that the profile "baseline" leaves: no other can be had below it. */
static const char *const baseline_caps[] = {
	"AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",       "MKNOD",
	"NET_BIND_SERVICE", "SETFCAP", "SETGID",       "SETPCAP", "SETUID", "SYS_CHROOT",
};
/* What an image that starts as root and drops to a user needs. */
static const char *const usual_caps[] = {
	"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID",
};

/* ---- reasons ---- */

void draft_done(struct draft *draft)
{
	for (size_t i = 0; i < draft->n; i++) {
		free(draft->v[i].where);
		free(draft->v[i].what);
		free(draft->v[i].why);
	}
	free(draft->v);
	buf_done(&draft->json);
	*draft = (struct draft){ 0 };
}

int draft_say(struct drafting *d, bool guessed, const char *where, const char *what,
	      const char *why)
{
	struct draft *draft = d->draft;
	struct reason *grown;

	if (!d->records)
		return 0;
	grown = reallocarray(draft->v, draft->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(d->err);
	draft->v = grown;
	grown[draft->n] = (struct reason){ strdup(where), strdup(what), strdup(why), guessed };
	draft->n++;
	return grown[draft->n - 1].where && grown[draft->n - 1].what && grown[draft->n - 1].why
		       ? 0
		       : err_oom(d->err);
}

bool draft_is_guess(const struct drafting *d)
{
	return !d->m || d->s->recognition.points < RECOGNISED_CERTAIN;
}

const char *draft_model_why(char out[128], const struct drafting *d)
{
	if (!d->m)
		(void)snprintf(out, 128, "no model knows it");
	else if (draft_is_guess(d))
		(void)snprintf(out, 128, "model %s, with %u points", d->m->name,
			       d->s->recognition.points);
	else
		(void)snprintf(out, 128, "model %s", d->m->name);
	return out;
}

/* ---- whom it is for ---- */

static int write_image(struct drafting *d)
{
	char repository[IMAGE_NAME_MAX * 2];

	if (!d->s->matches_image || !d->s->image)
		return 0;
	(void)image_repository(repository, d->s->image);
	if (!image_pattern_is_valid(repository))
		return 0;
	emit_key(&d->e, "match");
	emit_object(&d->e);
	emit_key(&d->e, "image");
	emit_array(&d->e);
	d->e.indent = 0;
	emit_string(&d->e, repository);
	emit_array_end(&d->e);
	d->e.indent = INDENT;
	emit_object_end(&d->e);
	return draft_say(d, false, "match.image", repository, "the image's name, any version");
}

static int write_match(struct drafting *d)
{
	_cleanup_buf_ struct buf what = { 0 };
	const struct subject *s = d->s;

	if (s->n_keys == 0)
		return write_image(d);
	if (streq(s->keys[0], LABEL_PROFILE))
		return 0; /* that label names it */
	emit_key(&d->e, "match");
	emit_object(&d->e);
	emit_key(&d->e, "labelSelector");
	emit_object(&d->e);
	emit_key(&d->e, "matchLabels");
	emit_object(&d->e);
	for (size_t i = 0; i < s->n_keys; i++) {
		emit_key(&d->e, s->keys[i]);
		emit_string(&d->e, s->values[i]);
		buf_addf(&what, "%s%s=%s", i ? ", " : "", s->keys[i], s->values[i]);
	}
	emit_object_end(&d->e);
	emit_object_end(&d->e);
	emit_object_end(&d->e);
	if (buf_status(&what) < 0)
		return err_oom(d->err);
	return draft_say(d, false, "match", what.data, "labels that its containers have");
}

static int write_extends(struct drafting *d)
{
	enum call_class calls = d->m ? d->m->calls : CALLS_PROGRAM;
	char why[128];

	emit_key(&d->e, "extends");
	emit_array(&d->e);
	d->e.indent = 0;
	emit_string(&d->e, call_class_profile(calls));
	emit_array_end(&d->e);
	d->e.indent = INDENT;
	return draft_say(d, draft_is_guess(d), "extends", call_class_profile(calls),
			 draft_model_why(why, d));
}

/* ---- capabilities ---- */

static uint64_t mask_of(const char *const names[], size_t n)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < n; i++)
		mask |= CAP_MASK(cap_number(names[i]));
	return mask;
}

/* "", "0", "root", "0:0"; or nobody knows: "${USER}" */
static bool is_root(const char *user)
{
	size_t len;

	if (!user || strchr(user, '$'))
		return true;
	len = strcspn(user, ":");
	return len == 0 || (len == 1 && user[0] == '0') ||
	       (len == 4 && memcmp(user, "root", 4) == 0);
}

static bool has_low_port(const struct drafting *d)
{
	for (size_t i = 0; i < d->s->n_ports; i++) {
		if (d->s->ports[i].port.first < 1024)
			return true;
	}
	for (size_t i = 0; d->m && d->s->n_ports == 0 && i < d->m->n_listens; i++) {
		if (d->m->listens[i].first < 1024)
			return true;
	}
	return false;
}

static uint64_t needed_caps(const struct drafting *d, char why[256], bool *ret_guessed)
{
	uint64_t bind = CAP_MASK(cap_number("NET_BIND_SERVICE"));
	uint64_t baseline = mask_of(baseline_caps, ARRAY_SIZE(baseline_caps));
	uint64_t mask = d->m ? d->m->capabilities : mask_of(usual_caps, ARRAY_SIZE(usual_caps));
	uint64_t dropped = d->s->caps_dropped & ~d->s->caps_added;
	char model[128];

	*ret_guessed = draft_is_guess(d);
	(void)snprintf(why, 256, "%s", draft_model_why(model, d));
	if (!is_root(d->s->user)) {
		mask = has_low_port(d) ? bind : 0;
		*ret_guessed = false;
		(void)snprintf(why, 256, "it is started as user %s", Q(d->s->user));
	}
	if (d->s->caps_added & baseline & ~mask)
		(void)strncat(why, "; some are added to it", 255 - strlen(why));
	if (mask & dropped)
		(void)strncat(why, "; some it is not given", 255 - strlen(why));
	return (mask | (d->s->caps_added & baseline)) & ~dropped;
}

static int write_capabilities(struct drafting *d)
{
	_cleanup_buf_ struct buf what = { 0 };
	char why[256];
	bool guessed;
	uint64_t mask = needed_caps(d, why, &guessed);

	emit_key(&d->e, "capabilities");
	emit_object(&d->e);
	emit_key(&d->e, "allow");
	emit_array(&d->e);
	d->e.indent = 0;
	for (int i = 0; cap_name(i); i++) {
		const char *name = cap_name(i) + strlen("CAP_");

		if (!(mask & CAP_MASK(i)))
			continue;
		emit_string(&d->e, name);
		buf_addf(&what, "%s%s", what.len ? ", " : "", name);
	}
	emit_array_end(&d->e);
	d->e.indent = INDENT;
	emit_object_end(&d->e);
	if (what.len == 0)
		buf_adds(&what, "none");
	if (buf_status(&what) < 0)
		return err_oom(d->err);
	return draft_say(d, guessed, "capabilities.allow", what.data, why);
}

/* ---- the root file system ---- */

static void emit_size(struct emit *e, uint64_t bytes)
{
	char text[32];

	if (bytes % MIB == 0)
		(void)snprintf(text, sizeof(text), "%lluM", (unsigned long long)(bytes / MIB));
	if (bytes % MIB == 0)
		emit_string(e, text);
	else
		emit_u64(e, bytes);
}

static int write_place(struct drafting *d, size_t i, const char *path, uint64_t size, bool guessed,
		       const char *why)
{
	char where[64];

	emit_object(&d->e);
	d->e.indent = 0; /* on one line, as people write it */
	emit_key(&d->e, "path");
	emit_string(&d->e, path);
	emit_key(&d->e, "size");
	emit_size(&d->e, size ? size : TMPFS_SIZE_DEFAULT);
	emit_object_end(&d->e);
	d->e.indent = INDENT;
	(void)snprintf(where, sizeof(where), "rootfs.writable[%zu]", i);
	return draft_say(d, guessed, where, path, why);
}

/* A path of the model's that is below, or is, a tmpfs that it has anyway. */
static bool is_tmpfs(const struct subject *s, const char *path)
{
	for (size_t i = 0; i < s->n_tmpfs; i++) {
		if (subject_path_is_below(path, s->tmpfs[i].path))
			return true;
	}
	return false;
}

static int write_places(struct drafting *d)
{
	const struct subject *s = d->s;
	size_t n = 0;
	char why[128];
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_tmpfs; i++) {
		if (!subject_is_mounted(s, s->tmpfs[i].path))
			r = write_place(d, n++, s->tmpfs[i].path, s->tmpfs[i].size_bytes,
					s->tmpfs[i].size_bytes == 0,
					s->tmpfs[i].size_bytes
						? "it has a tmpfs there"
						: "it has a tmpfs there, of which no "
						  "size is said");
	}
	for (size_t i = 0; r == 0 && d->m && i < d->m->n_writable; i++) {
		const struct writable *w = &d->m->writable[i];

		if (!is_tmpfs(s, w->path) && !subject_is_mounted(s, w->path))
			r = write_place(d, n++, w->path, w->size_bytes, draft_is_guess(d),
					draft_model_why(why, d));
	}
	return r;
}

static int write_rootfs(struct drafting *d)
{
	bool by_model = d->m && d->m->read_only;
	char why[128];
	int r;

	if (!by_model && !d->s->read_only)
		return 0;
	emit_key(&d->e, "rootfs");
	emit_object(&d->e);
	emit_key(&d->e, "readOnly");
	emit_bool(&d->e, true);
	r = draft_say(d, !d->s->read_only && draft_is_guess(d), "rootfs.readOnly", "true",
		      d->s->read_only ? "it is read-only as it is" : draft_model_why(why, d));
	emit_key(&d->e, "writable");
	emit_array(&d->e);
	if (r == 0)
		r = write_places(d);
	emit_array_end(&d->e);
	emit_object_end(&d->e);
	return r;
}

/* ---- the rest ---- */

static int write_admission(struct drafting *d)
{
	bool user = !is_root(d->s->user);
	int r = 0;

	if (!user && d->s->has_devices)
		return 0;
	emit_key(&d->e, "admission");
	emit_object(&d->e);
	emit_key(&d->e, "deny");
	emit_array(&d->e);
	d->e.indent = 0;
	if (!d->s->has_devices) {
		emit_string(&d->e, "devices");
		r = draft_say(d, false, "admission.deny", "devices", "it is given none");
	}
	if (user) {
		emit_string(&d->e, "rootUser");
		if (r == 0)
			r = draft_say(d, false, "admission.deny", "rootUser",
				      "it is started as a user");
	}
	emit_array_end(&d->e);
	d->e.indent = INDENT;
	emit_object_end(&d->e);
	return r;
}

static int write_limits(struct drafting *d)
{
	const struct {
		const char *key;
		uint64_t said, model;
	} limits[] = {
		{ "pids", d->s->pids, d->m ? d->m->pids : 0 },
		{ "memory", d->s->memory_bytes, 0 },
		{ "nofile", 0, d->m ? d->m->nofile : 0 },
	};
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(limits); i++) {
		uint64_t limit = limits[i].said ? limits[i].said : limits[i].model;
		char where[32], what[32], why[128];

		if (limit == 0)
			continue;
		if (!any) {
			emit_key(&d->e, "limits");
			emit_object(&d->e);
		}
		any = true;
		emit_key(&d->e, limits[i].key);
		emit_u64(&d->e, limit);
		(void)snprintf(where, sizeof(where), "limits.%s", limits[i].key);
		(void)snprintf(what, sizeof(what), "%llu", (unsigned long long)limit);
		r = draft_say(d, !limits[i].said && draft_is_guess(d), where, what,
			      limits[i].said ? "it has this limit" : draft_model_why(why, d));
	}
	if (any)
		emit_object_end(&d->e);
	return r;
}

/* ---- the whole ---- */

/* "network.ingress[0]" is of the section "network": each once. */
static void list_guesses(const struct draft *draft, struct buf *out)
{
	const char *last = "";

	for (size_t i = 0; i < draft->n; i++) {
		const char *where = draft->v[i].where;
		size_t len = strcspn(where, "[");

		if (!draft->v[i].guessed || (strncmp(last, where, len) == 0 && last[0]))
			continue;
		buf_addf(out, "%s%.*s", out->len ? ", " : " Guessed: ", (int)len, where);
		last = where;
	}
	if (out->len > 0)
		buf_addc(out, '.');
}

static int write_head(struct drafting *d, const char *guesses)
{
	_cleanup_buf_ struct buf text = { 0 };

	emit_key(&d->e, "$schema");
	emit_string(&d->e, "/usr/share/coaming/profile.schema.json");
	emit_key(&d->e, "name");
	emit_string(&d->e, d->s->name);
	buf_addf(&text, "%s: %s Made by coaming generate.%s", d->s->called,
		 d->m ? d->m->description : "what no model knows.", guesses);
	if (buf_status(&text) < 0)
		return err_oom(d->err);
	emit_key(&d->e, "description");
	emit_string(&d->e, text.data);
	return 0;
}

static int write_profile(struct drafting *d, const char *guesses)
{
	int (*const sections[])(struct drafting *) = {
		write_match,   write_extends,   write_capabilities, write_rootfs,
		draft_network, write_admission, write_limits,
	};
	int r;

	d->e = EMIT(&d->draft->json);
	d->e.indent = INDENT;
	emit_object(&d->e);
	r = write_head(d, guesses);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sections); i++)
		r = sections[i](d);
	emit_object_end(&d->e);
	buf_addc(&d->draft->json, '\n');
	return r;
}

static int fetch_nothing(void *arg, const char *path, struct doc **ret, struct err *err)
{
	return err_input(err, ENOENT, "no file is named in what is generated");
}

/* What is written is a profile: nothing else may be given out. */
static int check(const struct drafting *d)
{
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	char file[PROFILE_NAME_MAX + 8];
	int r;

	if (buf_status(&d->draft->json) < 0)
		return err_oom(d->err);
	(void)snprintf(file, sizeof(file), "%s.json", d->s->name);
	r = doc_parse(&doc, file, d->draft->json.data, d->draft->json.len, d->err);
	if (r == 0)
		r = profile_parse(doc, fetch_nothing, NULL, &profile, d->err);
	if (r < 0)
		err_context(d->err, "what was made of %s is no profile", Q(d->s->called));
	return r;
}

int generate_draft(const struct subjects *subjects, size_t i, const struct models *models,
		   const struct taxonomy *taxonomy, struct draft *ret, struct err *err)
{
	_cleanup_draft_ struct draft draft = { 0 };
	_cleanup_buf_ struct buf guesses = { 0 };
	struct drafting d = {
		.all = subjects,
		.s = &subjects->v[i],
		.m = subjects->v[i].recognition.model,
		.models = models,
		.taxonomy = taxonomy,
		.draft = &draft,
		.records = true,
		.err = err,
	};
	int r = write_profile(&d, "");

	if (r < 0)
		return r;
	list_guesses(&draft, &guesses);
	buf_done(&draft.json);
	d.records = false;
	if (buf_status(&guesses) < 0)
		return err_oom(err);
	r = write_profile(&d, guesses.len ? guesses.data : "");
	if (r == 0)
		r = check(&d);
	if (r < 0)
		return r;
	*ret = draft;
	draft = (struct draft){ 0 };
	return 0;
}
