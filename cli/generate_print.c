/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coaming generate tells of its profiles.
 */
#include "cli/generate_print.h"

#include "cli/out.h"
#include "cli/table.h"
#include "lib/emit.h"

/* ---- for people ---- */

static const struct table_column reason_columns[] = {
	{ "", 0 },
	{ "LINE", 0 },
	{ "VALUE", 16 },
	{ "WHY", 24 },
};

static void write_title(const struct subject *s, struct buf *out)
{
	const struct recognition *r = &s->recognition;

	buf_addf(out, "%s: %s", s->name, s->called);
	if (s->image && !streq(s->image, s->called))
		buf_addf(out, " (%s)", s->image);
	if (!r->model) {
		buf_adds(out, " is like no model");
		return;
	}
	buf_addf(out, " is taken for %s (%s), with %u points", r->model->name, r->model->function,
		 r->points);
	for (size_t i = 0; i < r->n_reasons; i++)
		buf_addf(out, "%s %s", i ? "," : ":", r->reasons[i]);
}

static int add_reason(struct table *table, const struct reason *reason, struct err *err)
{
	enum style style = reason->guessed ? STYLE_WARN : STYLE_NONE;
	int r = table_add(table, style, reason->guessed ? "guess" : "", err);

	if (r == 0)
		r = table_add(table, style, reason->where, err);
	if (r == 0)
		r = table_add(table, STYLE_NONE, reason->what, err);
	return r < 0 ? r : table_add(table, STYLE_DIM, reason->why, err);
}

static int explain_one(const struct term *term, const struct subject *s, const struct draft *draft,
		       struct err *err)
{
	_cleanup_table_ struct table table = { .columns = reason_columns,
					       .n_columns = ARRAY_SIZE(reason_columns) };
	_cleanup_buf_ struct buf title = { 0 };
	int r = 0;

	write_title(s, &title);
	if (buf_status(&title) < 0)
		return err_oom(err);
	term_wrap(term, 0, 2, title.data);
	for (size_t i = 0; r == 0 && i < draft->n; i++)
		r = add_reason(&table, &draft->v[i], err);
	if (r < 0)
		return r;
	table_print(&table, term, false);
	for (size_t i = 0; i < s->n_notes; i++) {
		term_put(term, STYLE_WARN, "note: ");
		term_wrap(term, 6, 6, s->notes[i]);
	}
	(void)fputc('\n', term->out);
	return 0;
}

int generate_explain(const struct subjects *subjects, const struct draft *drafts, struct err *err)
{
	const struct term term = term_of(stderr);
	int r = 0;

	for (size_t i = 0; r == 0 && i < subjects->n; i++)
		r = explain_one(&term, &subjects->v[i], &drafts[i], err);
	return r;
}

static const struct table_column model_columns[] = {
	{ "MODEL", 0 },
	{ "FUNCTION", 0 },
	{ "IMAGES", 12 },
	{ "FILE", 0 },
};

static int add_model(struct table *table, const struct model *m, struct err *err)
{
	_cleanup_buf_ struct buf images = { 0 };
	int r;

	for (size_t i = 0; i < m->recognise.n_images; i++)
		buf_addf(&images, "%s%s", i ? " " : "", m->recognise.images[i]);
	if (buf_status(&images) < 0)
		return err_oom(err);
	r = table_add(table, STYLE_BOLD, m->name, err);
	if (r == 0)
		r = table_add(table, STYLE_NONE, m->function, err);
	if (r == 0)
		r = table_add(table, STYLE_NONE, images.len ? images.data : "-", err);
	return r < 0 ? r : table_add(table, STYLE_DIM, m->file, err);
}

int generate_list_models(const struct models *models, struct err *err)
{
	_cleanup_table_ struct table table = { .columns = model_columns,
					       .n_columns = ARRAY_SIZE(model_columns) };
	const struct term term = term_of(stdout);
	int r = 0;

	for (size_t i = 0; r == 0 && i < models->n; i++)
		r = add_model(&table, models->v[i], err);
	if (r == 0)
		table_print(&table, &term, false);
	return r;
}

/* ---- for programs ---- */

static void emit_texts(struct emit *e, const char *key, char *const *texts, size_t n)
{
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < n; i++)
		emit_string(e, texts[i]);
	emit_array_end(e);
}

static void emit_reasons(struct emit *e, const struct draft *draft)
{
	emit_key(e, "reasons");
	emit_array(e);
	for (size_t i = 0; i < draft->n; i++) {
		emit_object(e);
		emit_text(e, "line", draft->v[i].where);
		emit_text(e, "value", draft->v[i].what);
		emit_text(e, "why", draft->v[i].why);
		emit_key(e, "guessed");
		emit_bool(e, draft->v[i].guessed);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void emit_one(struct emit *e, const struct subject *s, const struct draft *draft)
{
	const struct model *m = s->recognition.model;

	emit_object(e);
	emit_text(e, "name", s->name);
	emit_text(e, "of", s->called);
	emit_text(e, "where", s->where);
	emit_text(e, "image", s->image);
	emit_text(e, "model", m ? m->name : NULL);
	emit_text(e, "function", m ? m->function : NULL);
	emit_key(e, "points");
	emit_u64(e, s->recognition.points);
	emit_texts(e, "signs", s->recognition.reasons, s->recognition.n_reasons);
	emit_reasons(e, draft);
	emit_texts(e, "notes", s->notes, s->n_notes);
	emit_key(e, "profile");
	emit_raw(e, draft->json.data);
	emit_object_end(e);
}

int generate_print_json(const struct subjects *subjects, const struct draft *drafts,
			struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_text(&e, "schema", "coaming-generate-1");
	emit_key(&e, "profiles");
	emit_array(&e);
	for (size_t i = 0; i < subjects->n; i++)
		emit_one(&e, &subjects->v[i], &drafts[i]);
	emit_array_end(&e);
	emit_object_end(&e);
	return out_print_line(&out, err);
}
