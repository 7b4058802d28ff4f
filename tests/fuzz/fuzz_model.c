/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of models: what it takes is within its bounds, and recognised by itself.
 */
#include "profiles/recognise.h"
#include "tests/fuzz/fuzz.h"

static void check_ports(const struct port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(!ports[i].any && ports[i].first >= 1 && ports[i].first <= ports[i].last);
}

static void check_model(const struct model *m)
{
	must(profile_name_is_valid(m->name) && profile_name_is_valid(m->function));
	must(m->description[0] && m->recognise.n_images <= 64);
	check_ports(m->recognise.ports, m->recognise.n_ports);
	check_ports(m->listens, m->n_listens);
	for (size_t i = 0; i < m->n_writable; i++)
		must(path_is_grantable(m->writable[i].path) && m->writable[i].size_bytes > 0);
	for (size_t i = 0; i < m->n_volumes; i++)
		must(path_is_normal(m->volumes[i]));
	must(m->calls < CALL_CLASSES_ && call_class_profile(m->calls));
}

/* Its own names, taken for what an image has. */
static void recognise_itself(struct model *m)
{
	const struct appearance appearance = {
		.labels = &(struct labels){ 0 },
		.argv = m->recognise.commands,
		.n_argv = m->recognise.n_commands,
		.environment = m->recognise.environment,
		.n_environment = m->recognise.n_environment,
		.ports = m->recognise.ports,
		.n_ports = m->recognise.n_ports,
	};
	_cleanup_recognition_ struct recognition recognition = { 0 };
	struct err err = { 0 };

	must_succeed(recognise_as(m, &appearance, &recognition, &err), &err);
	must(recognition.points <= 165);
	must(recognition.points >= (m->recognise.n_ports > 0 ? 5U : 0U));
	must((recognition.points > 0) == (recognition.n_reasons > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_model_ struct model *m = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	int r = doc_parse(&doc, "m.json", (const char *)data, size, &err);

	if (r == 0)
		r = model_parse(doc, &m, &err);
	if (r < 0) {
		must_tell(r, &err);
		must(!m);
		return 0;
	}
	check_model(m);
	recognise_itself(m);
	return 0;
}
