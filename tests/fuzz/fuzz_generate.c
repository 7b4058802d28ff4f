/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming generate: whatever a compose file, an image's config or a container's says, it is refused
 * with a sentence, or what is made of it are profiles; and a rule that lets one service reach
 * another stands in both profiles.
 *
 * The first byte of an input says which it is: "i", "c", or a compose file.
 */
#include "cli/generate.h"
#include "lib/yaml.h"
#include "tests/fuzz/fuzz.h"

static const struct models *shipped(void)
{
	static struct models models;
	static const char *const dirs[] = { "profiles/models" };
	struct err err = { 0 };

	if (models.n == 0)
		must_succeed(models_load(dirs, 1, &models, &err), &err);
	must(models.n > 40);
	return &models;
}

static int read_input(const uint8_t *data, size_t size, struct subjects *subjects, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const char *text = (const char *)data;
	int r;

	if (size > 0 && (text[0] == 'i' || text[0] == 'c') && size > 1 && text[1] == '{') {
		r = doc_parse(&doc, "input", text + 1, size - 1, err);
		if (r < 0)
			return r;
		return text[0] == 'i' ? generate_read_image(doc, NULL, subjects, err)
				      : generate_read_config(doc, "image", subjects, err);
	}
	r = doc_parse_yaml(&doc, "input", text, size, err);
	return r < 0 ? r : generate_read_compose(doc, "project", subjects, err);
}

/* Names as the command gives them, but always different. */
static void name_all(struct subjects *subjects)
{
	struct err err = { 0 };

	for (size_t i = 0; i < subjects->n; i++) {
		struct subject *s = &subjects->v[i];

		free(s->name);
		must(asprintf(&s->name, "s%zu", i) > 0);
		if (s->n_keys == 0)
			must_succeed(subject_add_key(s, LABEL_PROFILE, s->name, &err), &err);
	}
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_subjects_ struct subjects subjects = { 0 };
	_cleanup_(taxonomy_done) struct taxonomy taxonomy = { 0 };
	struct err err = { 0 };
	size_t out = 0, in = 0;
	int r = read_input(data, size, &subjects, &err);

	if (r < 0) {
		must_tell(r, &err);
		return 0;
	}
	must_succeed(taxonomy_init(&taxonomy, &err), &err);
	must_succeed(generate_find_ports(&subjects, &err), &err);
	must_succeed(generate_recognise(shipped(), NULL, &subjects, &err), &err);
	name_all(&subjects);
	must_succeed(generate_find_needs(&(struct host){ .taxonomy = taxonomy }, &subjects, &err),
		     &err);
	for (size_t i = 0; i < subjects.n; i++) {
		_cleanup_draft_ struct draft draft = { 0 };
		const char *egress;

		r = generate_draft(&subjects, i, shipped(), &taxonomy, &draft, &err);
		must_succeed(r, &err);
		must(draft.n > 0);
		egress = strstr(draft.json.data, "\"egress\"");
		out += egress ? count(egress, "\"labelSelector\"") : 0;
		in += egress ? count(draft.json.data, "\"labelSelector\"") : 0;
	}
	/* Each also has one in its match, if it has any label that is not its profile's. */
	if (subjects.is_set)
		must(in >= 2 * out);
	return 0;
}
